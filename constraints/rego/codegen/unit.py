"""The state of a whole policy's translation: what all of its functions share."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from constraints.dataclass import dataclass, value
from constraints.lang.pycode import Identifiers
from constraints.lang.source import Span
from constraints.rego.builtins import Builtin
from constraints.rego.codegen.operand import NO_CONSTANT, Operand
from constraints.rego.codegen.tree import Branch
from constraints.rego.index.conflicts import Conflicts
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.reads.arguments import Argument
from constraints.rego.syntax.tree import Term


@value
class Callee:
    """What callers know of a function that was generated."""

    function: str  # its Python name
    answer: Operand  # what it always gives, as far as that is known
    parameter: int | None = None  # the number of that of its own parameters which it always gives
    pure: bool = False  # what it gives depends on its arguments alone
    quiet: bool = False  # it raises no error
    weight: int = 1  # how many calls one call makes, at most, loops not counted
    takes: tuple[Argument, ...] = ()  # what stands for each argument that it is given, in paths


@dataclass(slots=True)
class Unit:
    """What all functions of one policy share: what there is to translate, what was made of it, what was found out."""

    # what there is to translate

    resolved: Resolved  # the rules, by their paths, checked and in order
    builtins: Mapping[str, Builtin]  # those that may be called, by name
    tree: Branch  # the same rules, as a tree below `data`
    parameters: Any = NO_CONSTANT  # of the constraint, where there is one: input has these and the review alone
    mocked: frozenset[str] = frozenset()  # the functions that some `with` replaces
    targets: frozenset[tuple[Any, ...]] = frozenset()  # the paths below `data` that some `with` puts a value at
    fixed: bool = False  # there is a constraint, and no `with` changes its input
    rule_names: Mapping[str, Path] = field(init=False)  # rules by the name that a call without arguments has for them

    # what was made

    scope: dict[str, Any] = field(default_factory=dict)  # what the global names of the generated code stand for
    names: Identifiers = field(default_factory=Identifiers)  # gives out global names, each once
    locals: set[str] = field(default_factory=set)  # the local names of all functions: none of them is a global one
    objects: dict[tuple[str, int], str] = field(default_factory=dict)  # global names by the wish, and the object's id
    positions: dict[tuple[str, int, int], str] = field(default_factory=dict)  # global names of source, line and column
    functions: dict[str, list[ast.FunctionDef]] = field(default_factory=dict)  # by the source that they come from
    callees: dict[Any, Callee] = field(default_factory=dict)  # by rule and those of the arguments that are known
    variants: Counter[int] = field(default_factory=Counter)  # how many functions there are of a rule, by its number
    deep: set[int] = field(default_factory=set)  # the numbers of rules that get one function, for any arguments
    little: dict[int, bool] = field(default_factory=dict)  # whether there is little in a function, by its number
    small: dict[int, bool] = field(default_factory=dict)  # whether it is written where it is called, see inplace.py
    searches: dict[tuple[int, tuple[Term, ...]], str] = field(default_factory=dict)  # by rule and keys, see asked.py

    # what was found out

    reads: dict[Path, None] = field(default_factory=dict)  # the paths in the review whose values are used
    steps: dict[Path, None] = field(default_factory=dict)  # the paths in the review that are looked for
    given: dict[Argument, dict[Path, None]] = field(default_factory=dict)  # those that calls give for arguments
    sees_input: bool = field(init=False)  # the whole input document is used, and not only the review in it
    conflicts: Conflicts | None = None  # which rules can end in a conflict, known once somebody has asked

    def __post_init__(self) -> None:
        self.sees_input = not self.fixed
        self.rule_names = {f"data.{'.'.join(map(str, path))}": path for path in self.resolved.rules}

    @property
    def is_plain(self) -> bool:
        """Whether a constraint is all that the answers depend on, besides the review: no `with` replaces anything."""
        return self.fixed and not self.targets and not self.mocked

    def bind(self, wish: str, value: Any) -> str:
        """The global name of an object that generated code needs; the same one for the same object."""
        key = (wish, id(value))
        if key not in self.objects:
            self.objects[key] = self.new(wish)
            self.scope[self.objects[key]] = value
        return self.objects[key]

    def position(self, source: str, span: Span) -> str:
        """The global name of a position, for errors."""
        key = (source, span.line, span.column)
        if key not in self.positions:
            self.positions[key] = self.new("AT")
            self.scope[self.positions[key]] = key
        return self.positions[key]

    def new(self, wish: str) -> str:
        """A new global name; no function has a local variable of this name."""
        name = self.names.new(wish)
        while name in self.locals:
            name = self.names.new(wish)
        return name
