"""walk: every value within a value, with its path (OPA's topdown/walk.go)."""

from __future__ import annotations

from collections.abc import Iterator

from constraints.rego.builtins import builtin
from constraints.rego.values import RegoSet, Value, is_object, sorted_pairs


@builtin("walk", "any", result="array<array,any>", relation=True)
def walk(root: Value) -> Iterator[list[Value]]:
    """`[path, value]` of the root and of all below, each before what it holds, in Rego's order."""
    pending: list[tuple[list[Value], Value]] = [([], root)]
    while pending:
        path, value = pending.pop()
        yield [path, value]
        pending += [([*path, key], item) for key, item in reversed(held_by(value))]


def held_by(value: Value) -> list[tuple[Value, Value]]:
    """Keys and values of an object, indexes and elements of an array, members of a set twice; nothing of a scalar."""
    if isinstance(value, list):
        return list(enumerate(value))
    if is_object(value):
        return sorted_pairs(value)
    return [(member, member) for member in value.sorted_members()] if isinstance(value, RegoSet) else []
