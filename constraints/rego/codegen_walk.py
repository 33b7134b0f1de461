"""A walk over all nodes of a tree, closures included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from constraints.lang.source import Span
from constraints.rego.syntax import Scalar


def nodes_of(node: Any) -> Iterator[Any]:
    """A node and all that are below it; a tuple stands for its members."""
    pending = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, tuple):
            pending += found
            continue
        yield found
        if not isinstance(found, Scalar):
            for name in getattr(type(found), "__slots__", ()):
                value = getattr(found, name)
                if isinstance(value, tuple) or (hasattr(value, "__slots__") and not isinstance(value, Span)):
                    pending.append(value)
