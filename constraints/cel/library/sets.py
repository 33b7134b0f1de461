"""Lists as sets."""

from __future__ import annotations

from constraints.cel.equality import contains
from constraints.cel.overloads import function
from constraints.cel.values import Value


@function("sets.contains(list(<T>), list(<T>)) -> bool")
def contains_all(items: list[Value], wanted: list[Value]) -> bool:
    """Whether every wanted item is there."""
    return all(contains(item, items) for item in wanted)


@function("sets.equivalent(list(<T>), list(<T>)) -> bool")
def equivalent(items: list[Value], others: list[Value]) -> bool:
    """Whether both have the same items."""
    return contains_all(items, others) and contains_all(others, items)


@function("sets.intersects(list(<T>), list(<T>)) -> bool")
def intersects(items: list[Value], others: list[Value]) -> bool:
    """Whether both share an item."""
    return any(contains(item, others) for item in items)
