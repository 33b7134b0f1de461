"""A walk over all nodes of a tree, closures included."""

from __future__ import annotations

from collections.abc import Iterator
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
        for name in INNER[kind]:
            value = getattr(found, name)
            if value is not None:
                pending.append(value)


class _Fields(dict[Any, tuple[str, ...]]):
    """The fields of a kind of node that have nodes in them, by their annotations."""

    def __missing__(self, kind: Any) -> tuple[str, ...]:
        names = getattr(kind, "__annotations__", {}).items()
        found = self[kind] = tuple([name for name, what in names if what not in _LEAVES])
        return found


INNER: Final = _Fields()
