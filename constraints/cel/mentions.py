"""Where an expression names fields of the admission request.

The request is followed through what it may be called: `variables.x`, the name of a macro over a list that holds it,
either side of a choice. A number says in how many collections it is: 0 for the request itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from constraints.cel.parser import parse
from constraints.cel.scan import parts
from constraints.cel.syntax import (
    Call,
    Choice,
    Ident,
    Index,
    ListLiteral,
    Literal,
    Loop,
    MapLiteral,
    Node,
    OptionalMap,
    Select,
)
from constraints.lang.source import Span

OLD: Final = "oldObject"
REQUEST: Final = "request"
VARIABLES: Final = "variables"
Depths = frozenset[int]
Holdings = Mapping[str, Depths]  # what a name, or `variables.x`, holds of the request

_NONE: Final[Depths] = frozenset()
_SAME: Final = ("dyn", "of", "ofNonZeroValue", "orValue", "or", "value", "_+_")  # `of` is that of optional


def mentions(text: str, fields: frozenset[str], known: Holdings) -> Iterator[tuple[str, Span]]:
    """Each `oldObject` and `request.<one of the fields>` in an expression, with its position. Raises Invalid."""
    pending: list[tuple[Node, Holdings]] = [(parse(text), known)]
    while pending:
        node, names = pending.pop()
        name = _named(node, fields, names)
        if name:
            yield name, _start(node)
            continue
        if isinstance(node, Loop | OptionalMap):
            below = _inside(node, names)
            source = node.source if isinstance(node, Loop) else node.target
            pending += [(part, names if part is source else below) for part in parts(node)]
        else:
            pending += [(part, names) for part in parts(node)]


def holding(text: str, known: Holdings) -> Depths:
    """What the value of an expression holds of the request. Raises Invalid."""
    return _holds(parse(text), known)


def _named(node: Node, fields: frozenset[str], names: Holdings) -> str:
    match node:
        case Ident(name=name) if name == OLD and name not in names:
            return OLD
        case Select(operand=owner, field=field) | Index(operand=owner, key=Literal(value=field)) if field in fields:
            return f"{REQUEST}.{field}" if 0 in _holds(owner, names) else ""
    return ""


def _start(node: Node) -> Span:
    """Where the name stands with which `a.b[c]` begins."""
    while isinstance(node, Select | Index):
        node = node.operand
    return node.at


def _inside(node: Loop | OptionalMap, names: Holdings) -> Holdings:
    """The names in the body of a macro. Of two names of a loop the second one is the element."""
    if isinstance(node, OptionalMap):
        return {**names, node.name.name: _holds(node.target, names)}
    hidden = dict.fromkeys((each.name for each in node.names), _NONE)
    return {**names, **hidden, node.names[-1].name: _taken(_holds(node.source, names))}


def _holds(node: Node, names: Holdings) -> Depths:
    match node:
        case Ident(name=name):
            return names.get(name, frozenset((0,)) if name == REQUEST else _NONE)
        case Select(operand=Ident(name=owner), field=field) if owner == VARIABLES and owner not in names:
            return names.get(f"{VARIABLES}.{field}", _NONE)
        case Select(operand=owner) | Index(operand=owner):
            return _taken(_holds(owner, names))
        case Choice(then=then, other=other):
            return _holds(then, names) | _holds(other, names)
        case Call(function=function, args=args, target=target) if function in _SAME:
            return _NONE.union(*(_holds(each, names) for each in (target, *args) if each is not None))
    return _collected(node, names)


def _collected(node: Node, names: Holdings) -> Depths:
    match node:
        case ListLiteral(items=items):
            return _put(_NONE.union(*(_holds(item, names) for item in items)))
        case MapLiteral(entries=entries):
            return _put(_NONE.union(*(_holds(entry.value, names) for entry in entries)))
        case Loop(macro="filter", source=source):
            return _holds(source, names)
        case Loop(macro="map", body=body) if body is not None:
            return _put(_holds(body, _inside(node, names)))
        case OptionalMap(body=body):
            return _holds(body, _inside(node, names))
    return _NONE


def _put(depths: Depths) -> Depths:
    return frozenset(depth + 1 for depth in depths)


def _taken(depths: Depths) -> Depths:
    return frozenset(depth - 1 for depth in depths if depth)
