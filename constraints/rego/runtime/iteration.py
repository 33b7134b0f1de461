"""Loops over values, and what they and the values that builtins make take of the budget."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from constraints.rego.builtins.arithmetic import difference
from constraints.rego.runtime.context import Context
from constraints.rego.values.kinds import UNDEFINED, RegoObject, RegoSet, Value, has_member, is_number, lookup, same
from constraints.rego.values.number import number_text
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.sizes import ENTRY, FEW, ITEM, MEMBER, present, spend_text

_COLLECTIONS: Final = frozenset({list, dict, RegoSet, RegoObject})


def values_of(value: Value) -> Iterable[Value]:
    """What `value[_]` stands for, in no order."""
    kind = type(value)
    if kind is list:
        return value  # type: ignore[no-any-return]  # by its kind
    if kind is dict:
        return value.values()  # type: ignore[no-any-return]  # by its kind
    if kind is RegoSet:
        return value.by_key.values()  # type: ignore[no-any-return]  # by its kind
    return [pair[1] for pair in value.by_key.values()] if kind is RegoObject else ()


def sorted_values(value: Value) -> Iterable[Value]:
    """What `value[_]` stands for, in order of keys."""
    kind = type(value)
    if kind is list:
        return value  # type: ignore[no-any-return]  # by its kind
    if kind is RegoSet:
        return value.sorted_members()  # type: ignore[no-any-return]  # by its kind
    return [pair[1] for pair in sorted_pairs(value)] if kind is dict or kind is RegoObject else ()


def items_of(value: Value) -> Iterable[tuple[Value, Value]]:
    """The keys of `value[k]`, each with what is there, in no order; a member of a set is its own key."""
    kind = type(value)
    if kind is list:
        return enumerate(value)
    if kind is dict:
        return value.items()  # type: ignore[no-any-return]  # by its kind
    if kind is RegoSet:
        return [(member, member) for member in value.by_key.values()]
    return value.by_key.values() if kind is RegoObject else ()


def sorted_items(value: Value) -> Iterable[tuple[Value, Value]]:
    """The keys of `value[k]`, each with what is there, in order of keys."""
    kind = type(value)
    if kind is list:
        return enumerate(value)
    if kind is RegoSet:
        return [(member, member) for member in value.sorted_members()]
    return sorted_pairs(value) if kind is dict or kind is RegoObject else ()


def keys_of(value: Value) -> RegoSet:
    """`{key | value[key]}`."""
    if type(value) is dict:
        return RegoSet({key: key for key, item in value.items() if item is not False})
    return RegoSet.of(key for key, item in items_of(value) if item is not False)


def missing_keys(members: RegoSet, value: Value) -> RegoSet:
    """`members - {key | value[key]}`."""
    if type(value) is not dict:
        return difference(members, keys_of(value))
    size = len(members.by_key)
    if size > FEW:
        present().spend(size)
    found = {key: member for key, member in members.by_key.items() if value.get(key, False) is False}
    return RegoSet(found)


def is_collection(value: Value) -> bool:
    """Whether it can be iterated."""
    return type(value) in _COLLECTIONS


def has_members(value: Value, count: int) -> bool:
    """Whether it is an object of that many keys."""
    return (type(value) is dict or type(value) is RegoObject) and len(value) == count


def contains(value: Value, collection: Value) -> bool:
    """`value in collection`."""
    return has_member(collection, value)


def contains_pair(key: Value, value: Value, collection: Value) -> bool:
    """`key, value in collection`."""
    return same(lookup(collection, key), value)


def base_lookup(value: Value, key: Value) -> Value:
    """One step into a base document: OPA's storage knows keys and indices by their text."""
    if type(value) is dict and is_number(key):
        return value.get(number_text(key), UNDEFINED)
    if type(value) is list and type(key) is str:
        return lookup(value, int(key)) if key.isdecimal() and len(key) < 10 else UNDEFINED
    return lookup(value, key)


def set_of(members: list[Value]) -> RegoSet:
    """`{a, b}`."""
    return RegoSet.of(members)


def spend(context: Context, value: Value) -> None:
    """Count the iterations that a loop over the value makes, one at least."""
    context.budget.spend(len(value) if type(value) in _COLLECTIONS else 1)


def spend_size(context: Context, value: Value) -> None:
    """Count what a value takes that a builtin made."""
    kind = type(value)
    if kind is str:
        spend_text(value)
    elif kind is int:
        context.budget.spend(value.bit_length() >> 3)
    elif kind in _COLLECTIONS and not (kind is RegoSet and not value.is_made):
        context.budget.spend(len(value) * (ITEM if kind is list else ENTRY))


def spend_members(context: Context, found: Value) -> None:
    """Count what was collected, if there is anything."""
    if found is not UNDEFINED:
        context.budget.spend(len(found) * MEMBER)


def spend_copy(context: Context, value: Value) -> None:
    """Count what a list takes whose items were there before."""
    context.budget.spend(len(value) >> 1)
