"""walk: every value within a value, with its path (OPA's topdown/walk.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from constraints.rego.builtins import builtin
from constraints.rego.values.kinds import RegoObject, RegoSet, Value, is_object
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.sizes import spend


@builtin("walk", "any", result="array<array,any>", relation=True)
def walk(root: Value) -> Iterator[list[Value]]:
    """`[path, value]` of the root and of all below, each before what it holds, in Rego's order."""
    yield [[], root]
    above: list[tuple[list[Value], Iterator[tuple[Value, Value]]]] = [([], iter(held_by(root)))]
    while above:
        path, rest = above[-1]
        for key, item in rest:
            below = [*path, key]
            yield [below, item]
            if isinstance(item, list | dict | RegoObject | RegoSet):
                spend(len(item) + len(below))
                above.append((below, iter(held_by(item))))
                break
        else:
            above.pop()


def held_by(value: Value) -> Iterable[tuple[Value, Value]]:
    """Keys and values of an object, indexes and elements of an array, members of a set twice; nothing of a scalar."""
    if isinstance(value, list):
        return enumerate(value)
    if is_object(value):
        return sorted_pairs(value)
    return ((member, member) for member in value.sorted_members()) if isinstance(value, RegoSet) else ()
