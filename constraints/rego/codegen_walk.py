"""A walk over all nodes of a tree, closures included."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

_LEAVES: Final = frozenset({"Any", "Span", "bool", "str"})


def nodes_of(node: Any) -> Iterator[Any]:
    """A node and all that are below it; a tuple stands for its members."""
    pending = [node]
    while pending:
        found = pending.pop()
        kind: Any = type(found)
        if kind is tuple:
            pending += found
            continue
        yield found
        for name in inner_fields(kind):
            value = getattr(found, name)
            if value is not None:
                pending.append(value)


@cache
def inner_fields(kind: Any) -> tuple[str, ...]:
    """The fields of a kind of node that have nodes in them, by their annotations."""
    return tuple(name for name, what in getattr(kind, "__annotations__", {}).items() if what not in _LEAVES)
