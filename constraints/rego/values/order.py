"""Rego's total order of its values: null < booleans < numbers < strings < arrays < objects < sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from constraints.rego.values.number import compare_numbers, exact
from constraints.rego.values.sizes import count_items, spend, walks_down

Value = Any
"""One of Rego's values; kinds.py says what they are in Python."""

NULL, BOOLEAN, NUMBER, STRING, ARRAY, OBJECT, SET = range(7)
"""The ranks of the kinds of values: all values of one kind come before all of the next."""

_RANKS: Final[Mapping[type, int]] = {
    type(None): NULL,
    bool: BOOLEAN,
    int: NUMBER,
    float: NUMBER,
    str: STRING,
    list: ARRAY,
    dict: OBJECT,
}
_NAMES: Final = ("null", "boolean", "number", "string", "array", "object", "set")


def rank(value: Value) -> int:
    """The rank of its kind. A class of collections says its own one; every other type is a kind of number."""
    kind = type(value)
    return _RANKS[kind] if kind in _RANKS else getattr(kind, "rank", NUMBER)


def type_name(value: Value) -> str:
    """As `type_name`: null, boolean, number, string, array, object, set."""
    return _NAMES[rank(value)]


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1 in Rego's total order."""
    standing, other = rank(a), rank(b)
    if standing != other:
        return -1 if standing < other else 1
    if standing == NUMBER:
        return compare_numbers(a, b)
    if standing >= ARRAY:
        a, b = order_key(a), order_key(b)
    return 0 if standing == NULL else (a > b) - (a < b)


def _ordering(value: Value) -> tuple[Any, ...]:
    """Python's order of these tuples is Rego's order; pairs of objects are compared one after the other."""
    standing = rank(value)
    if standing in (BOOLEAN, STRING):
        return (standing, value)
    if standing == NUMBER:
        return (NUMBER, exact(value))
    if standing == NULL:
        return (NULL,)
    count_items(value, 5)  # each item becomes a tuple
    if standing == ARRAY:
        return (ARRAY, *map(_ordering, value))
    if standing == OBJECT:
        return (OBJECT, *[_ordering(part) for pair in sorted_pairs(value) for part in pair])
    return (SET, *map(_ordering, value.sorted_members()))


order_key: Final = walks_down(_ordering)


def in_order(values: Iterable[Value]) -> list[Value]:
    """Sorted in Rego's order."""
    found = list(values)
    if len(found) < 2:
        return found
    if has_own_order(found):
        spend(len(found) >> 1)
        return sorted(found)
    spend(len(found))
    return sorted(found, key=order_key)


def has_own_order(values: list[Value]) -> bool:
    """Whether Python's order is Rego's for what is in a list, which is not empty."""
    kinds = set(map(type, values))
    return len(kinds) == 1 and kinds <= {str, int, float}


def sorted_pairs(value: Value) -> list[tuple[Value, Value]]:
    """The pairs of an object, of either kind, in the order of their keys."""
    if isinstance(value, dict):
        return sorted(value.items(), key=_first)
    return sorted(value.by_key.values(), key=lambda pair: order_key(pair[0]))


def _first(pair: tuple[str, Value]) -> str:
    return pair[0]
