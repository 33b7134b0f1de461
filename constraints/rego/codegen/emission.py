"""The state of one function while it is made, and the table of what translates each construct."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any

from constraints.dataclass import dataclass
from constraints.errors import CompileError
from constraints.lang.pycode import Identifiers, Nodes
from constraints.lang.source import Span
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.place import Place
from constraints.rego.codegen.tree import Branch
from constraints.rego.codegen.unit import Callee, Unit
from constraints.rego.syntax.tree import Body, Term

Keys = tuple[Term, ...]
"""What is known of the first keys of a partial rule that a reference asks for: see codegen/asked.py."""


@dataclass(frozen=True, slots=True)
class Table:
    """What translates each construct. Terms have bodies in them, and bodies terms: their modules meet here alone."""

    terms: Mapping[type, Callable[[Emission, Any], Operand]]  # by kind of term: its value
    statements: Mapping[type, Callable[[Emission, Any], bool]]  # by kind of statement, False when it never holds
    body: Callable[[Emission, Body], bool]  # a body, False when it never holds
    rule: Callable[[Emission, Branch, Sequence[Operand | None]], Callee]  # the function of a rule, for known arguments
    here: Callable[[Emission, Branch, Sequence[Operand]], Operand | None]  # a small function, where it is called
    search: Callable[[Emission, Branch, Keys, int], str]  # one that is asked for some keys, with as many values in them


@dataclass(slots=True)
class Emission:
    """One function while it is made: what it is given, where its next statement goes, what its callers must know."""

    unit: Unit  # what it shares with the other functions of the policy
    table: Table  # what translates each construct
    source: str  # the name of the source that the clause at hand comes from
    nodes: Nodes = field(default_factory=Nodes)  # makes nodes at the position in the source that is being translated
    names: Identifiers = field(init=False)  # gives out local names, and knows how many were given out before each
    place: Place = field(default_factory=lambda: Place([]))  # where the next statement goes, and what is known there

    # what it is given

    parameters: Sequence[Operand] = ()  # its arguments: local variables, or constants where it is made for these
    keys: Keys = ()  # those of a partial rule that are asked for; all of them where it is empty
    is_repeated: bool = field(init=False)  # it may be called any number of times in an evaluation

    # what its callers must know

    pure: bool = True  # so far it depends on its arguments alone
    alien: bool = False  # it depends on more than its arguments and the inventory
    quiet: bool = True  # it raises no error
    weight: int = 1  # how many calls one call of it makes, at most, loops not counted
    shares: bool = False  # some clauses of a set went into the conditions and loops of others

    def __post_init__(self) -> None:
        unit = self.unit
        self.names = Identifiers(unit.scope, unit.names.used, given=unit.locals)
        self.names.used.update(dict.fromkeys(("c", "found", "error"), 0))
        self.is_repeated = not unit.is_plain

    def beside(self, source: str) -> Emission:
        """The beginning of another function of the same policy."""
        return Emission(self.unit, self.table, source)

    def emit(self, statement: ast.stmt) -> None:
        """Add a statement."""
        self.place.block.append(statement)

    def uses_more(self) -> None:
        """Note that the function depends on more than its arguments and the inventory."""
        self.pure, self.alien = False, True

    def error(self, message: str) -> CompileError:
        """A CompileError at the present position."""
        return CompileError(f"rego_compile_error: {message}", span=self.nodes.span, source=self.source)

    def at(self, span: Span) -> At:
        """Nodes get this position."""
        return At(self.nodes, span)

    def context(self) -> ast.expr:
        """The Context in force."""
        return self.nodes.name(self.place.context)

    def where(self) -> ast.expr:
        """The present position, for errors."""
        return self.nodes.name(self.unit.position(self.source, self.nodes.span))

    def add(self, function: ast.FunctionDef) -> None:
        """Add a function to the module of the source at hand."""
        self.unit.functions.setdefault(self.source, []).append(function)


class At:
    """Nodes get a position inside. A class, since every term has one and a generator takes three times as long."""

    __slots__ = ("before", "nodes", "span")

    def __init__(self, nodes: Nodes, span: Span) -> None:
        self.nodes = nodes
        self.span = span
        self.before = nodes.span

    def __enter__(self) -> None:
        if self.span.line:
            self.nodes.span = self.span

    def __exit__(self, *_: object) -> None:
        self.nodes.span = self.before
