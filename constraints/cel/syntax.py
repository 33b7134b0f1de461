"""The syntax tree of a CEL expression. `at` is where cel-go would point for that node."""

from __future__ import annotations

from dataclasses import field

from constraints.cel.values import Value
from constraints.dataclass import dataclass
from constraints.lang.source import Span


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Any expression; nodes are compared by identity."""

    at: Span


@dataclass(frozen=True, slots=True, eq=False)
class Literal(Node):
    """A constant: `value` is a Python value of values.py's kinds."""

    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Ident(Node):
    """A name."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Select(Node):
    """`operand.field`; `test` for `has(operand.field)`, `optional` for `operand.?field`."""

    operand: Node
    field: str
    test: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Index(Node):
    """`operand[key]`, or `operand[?key]`."""

    operand: Node
    key: Node
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Call(Node):
    """`function(args)` or `target.function(args)`; operators have names such as `_+_`."""

    function: str
    args: tuple[Node, ...]
    target: Node | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Logic(Node):
    """`a || b || c` (when `either`) or `a && b && c`."""

    either: bool
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Choice(Node):
    """`test ? then : other`."""

    test: Node
    then: Node
    other: Node


@dataclass(frozen=True, slots=True, eq=False)
class ListLiteral(Node):
    """`[a, ?b]`; `optional` holds the places of the latter."""

    items: tuple[Node, ...]
    optional: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """`key: value` of a map, or `?key: value`."""

    key: Node
    value: Node
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MapLiteral(Node):
    """`{a: b, ?c: d}`."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """`name: value` of a message, or `?name: value`; `at` is the colon."""

    at: Span
    name: str
    value: Node
    optional: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Message(Node):
    """`name{field: value}`."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Loop(Node):
    """A macro over a list or map: `source.macro(names, [test,] body)`.

    `macro` is one of all, exists, exists_one, map, filter, transformList, transformMap, transformMapEntry. The one
    expression of all, exists, exists_one and filter is `test`.
    """

    macro: str
    source: Node
    names: tuple[Ident, ...]
    test: Node | None = None
    body: Node | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OptionalMap(Node):
    """`target.optMap(name, body)`, or `optFlatMap` when `flat`."""

    target: Node
    name: Ident
    body: Node
    flat: bool = field(default=False)


def qualified(node: Node) -> str:
    """`a.b.c` when the node is nothing but names with dots between them."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test and not node.optional:
        before = qualified(node.operand)
        return f"{before}.{node.field}" if before else ""
    return ""
