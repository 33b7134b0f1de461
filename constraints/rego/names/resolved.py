"""What the front half of the compiler hands to the back half: rules with absolute names, checked and in safe order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from constraints.dataclass import value
from constraints.rego.syntax.tree import Rule

Path = tuple[Any, ...]
"""A place below `data`: the package, then the ground start of a rule's head; nearly always strings."""


@value
class Resolved:
    """All modules together.

    `rules`: the definitions by their absolute ground path. A head `p.q[x].r` of package `a` is at ("a", "p", "q"), and
    its `head.path` is as it was written, with unique variables: the part behind the ground start varies.
    `sources`: beside each definition the name of its source, for the positions in errors.
    `graph`: for each path those it refers to, be it by a prefix, a deeper reference, a dynamic part or `with`;
    `order` lists all paths, each behind those it refers to.
    `functions`: the path of each function by the name that `Call.name` has (`data.lib.f`).
    `replaces`: there may be a `with` somewhere. `keeps_prints`: calls of `print` are not erased.
    `written`: the definitions as they were written but for their names, each with its source.

    What holds for every body and head of `rules`:
    - A local variable is unique in its rule, `else` and closures included.
    - A reference into `data` or `input` has the head Var("data") or Var("input"); `Ref` without a path is not made.
    - A function named as a value or a target of `with` is a FunctionName.
    - A statement is a call, a unification `=`, a reference, a variable, a composite or `every`. The arguments of a
      call, the keys of references, heads and the terms of comprehensions are variables, constants, and composites of
      these; a side of `=` may be a reference or a comprehension as well. What a call gives is an argument more than the
      function takes. Template strings are calls of TEMPLATE, whose parts are sets of one variable and comprehensions.
    - Statements stand in an order in which everything is bound before it is needed. Within one statement a variable
      that is not bound yet stands only where it is bound: as a key of a reference (iterate), in a pattern of `=`, and
      in what a call gives.
    """

    rules: Mapping[Path, tuple[Rule, ...]]
    sources: Mapping[Path, tuple[str, ...]] = field(default_factory=dict)
    graph: Mapping[Path, frozenset[Path]] = field(default_factory=dict)
    order: tuple[Path, ...] = ()
    functions: Mapping[str, Path] = field(default_factory=dict)
    packages: frozenset[Path] = frozenset()
    replaces: bool = True
    keeps_prints: bool = False
    written: Mapping[Path, Sequence[tuple[Rule, str]]] = field(default_factory=dict)

    def arity(self, name: str) -> int | None:
        """How many arguments the function of this name takes; None when no module defines it."""
        path = self.functions.get(name)
        if path is None:
            return None
        return len(self.rules[path][0].head.args or ())
