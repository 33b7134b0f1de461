"""The state of a scope: where the next statement goes, and what is known there."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping, MutableMapping
from dataclasses import field, replace
from typing import Any, Final, TypeVar

from constraints.dataclass import dataclass, value
from constraints.lang.pycode import Block
from constraints.rego.codegen.operand import Operand
from constraints.rego.syntax.tree import Term

K = TypeVar("K")
V = TypeVar("V")

LAYER: Final = 64  # entries of a table that is copied; of a larger one each copy would cost more than all look-ups


@value
class Entered:
    """A condition or a loop that further clauses of a set may go into."""

    block: Block  # what is inside of it
    count: int  # how many names were given out before it; those are known inside
    loops: int  # how many loops are open inside of it
    names: tuple[str, ...]  # the variables of the loop
    fresh: dict[Any, Operand]  # the steps that are always taken inside of it
    open: dict[Any, Entered]  # the conditions and loops right inside of it


@dataclass(slots=True)
class Place:
    """Where statements go and what is known there; a copy of it is a place to come back to."""

    block: Block  # the next statement goes to its end

    # what is known here

    env: MutableMapping[str, Operand] = field(default_factory=dict)  # the values of the policy's local variables
    walked: MutableMapping[Any, Operand] = field(default_factory=dict)  # what steps and calls have found already
    sure: MutableMapping[str, Operand] = field(default_factory=dict)  # variables of the generated code that are defined
    kinds: MutableMapping[str, str] = field(default_factory=dict)  # variables of the generated code and their kinds
    facts: MutableMapping[Any, Any] = field(default_factory=dict)  # the tests that hold, as facts.py says them

    # what is around

    loops: int = 0  # how many loops of the function are open
    context: str = "c"  # the variable that holds the Context: `with` makes a new one
    ordered: bool = False  # somebody can see the order of iteration
    awaited: Mapping[str, Term] = field(default_factory=dict)  # what variables must fit once bound: asked.py

    # what later clauses of the same set may share

    home: Block | None = None  # the block which `fresh` speaks of
    fresh: dict[Any, Operand] = field(default_factory=dict)  # those in `walked` that hold wherever `home` is entered
    open: dict[Any, Entered] | None = None  # what stands right here, by test or values; None: nobody goes into it
    entered: Entered | None = None  # what was gone into last

    def learn(self, key: Any, found: Operand) -> None:
        """Remember what was found; where that is so wherever the block `home` is entered, it is `fresh`."""
        self.walked[key] = found
        if self.block is self.home:
            self.fresh[key] = found

    def now(self, operand: Operand) -> Operand:
        """The operand with what was learned of its variable since."""
        if not operand.defined and operand.name in self.sure:
            operand = self.sure[operand.name]
        kind = self.kinds.get(operand.name)
        return operand if not kind or operand.kind == kind else replace(operand, kind=kind)

    def variable(self, name: str) -> Operand:
        """The value of a local variable of the policy. Raises KeyError."""
        return self.now(self.env[name])

    def step(self, key: Any) -> Operand:
        """What was found before. Raises KeyError."""
        return self.now(self.walked[key])

    def copy(self) -> Place:
        """The same place; what is learned later stays out of it."""
        return Place(  # `replace` takes twice as long
            self.block,
            _layer(self.env),
            _layer(self.walked),
            _layer(self.sure),
            _layer(self.kinds),
            _layer(self.facts),
            self.loops,
            self.context,
            self.ordered,
            self.awaited,
            self.home,
            self.fresh,
            self.open,
            self.entered,
        )


def _layer(table: MutableMapping[K, V]) -> MutableMapping[K, V]:
    """A table that begins with what is in this one: a copy of a small one, else a layer above it."""
    if type(table) is dict and len(table) < LAYER:
        return dict(table)
    return ChainMap({}, *(table.maps if isinstance(table, ChainMap) else (table,)))
