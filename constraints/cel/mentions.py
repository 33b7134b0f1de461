"""Where an expression names fields of the admission request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from constraints.cel.parser import parse
from constraints.cel.scan import parts
from constraints.cel.syntax import Ident, Index, Literal, Loop, Node, OptionalMap, Select
from constraints.lang.source import Span

OLD: Final = "oldObject"
REQUEST: Final = "request"


def mentions(text: str, fields: frozenset[str]) -> Iterator[tuple[str, Span]]:
    """Each `oldObject` and `request.<one of the fields>` in an expression, with its position. Raises Invalid."""
    pending: list[tuple[Node, frozenset[str]]] = [(parse(text), frozenset())]
    while pending:
        node, hidden = pending.pop()
        name, at = _named(node, fields)
        if name and name.partition(".")[0] not in hidden:
            yield name, at
            continue
        if isinstance(node, Loop):
            below = hidden | {each.name for each in node.names}
            pending += [(part, hidden if part is node.source else below) for part in parts(node)]
        elif isinstance(node, OptionalMap):
            below = hidden | {node.name.name}
            pending += [(part, hidden if part is node.target else below) for part in parts(node)]
        else:
            pending += [(part, hidden) for part in parts(node)]


def _named(node: Node, fields: frozenset[str]) -> tuple[str, Span]:
    match node:
        case Ident(name=name) if name == OLD:
            return OLD, node.at
        case Select(operand=Ident(name=name) as owner, field=field) if name == REQUEST and field in fields:
            return f"{REQUEST}.{field}", owner.at
        case Index(operand=Ident(name=name) as owner, key=Literal(value=field)) if name == REQUEST and field in fields:
            return f"{REQUEST}.{field}", owner.at
    return "", node.at
