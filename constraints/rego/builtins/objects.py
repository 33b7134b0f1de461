"""Objects: get, keys, union, remove, filter, subset (OPA's topdown/object.go, subset.go)."""

from __future__ import annotations

from typing import Final

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import array, mapping, none_of, none_of_elements
from constraints.rego.values.kinds import (
    UNDEFINED,
    Key,
    RegoObject,
    RegoSet,
    Value,
    is_object,
    key_of,
    lookup,
    meets,
    object_of,
    pairs_of,
    same,
)
from constraints.rego.values.sizes import ENTRY, fit_items, look_through, spend, walks_down

Object = dict[str, Value] | RegoObject

_MERGED: Final = 8  # steps for an object that is made of two, besides those for what they hold


@builtin("object.get", "object", "any", "any")
def get(obj: Value, key: Value, default: Value) -> Value:
    """The value of a key, or down a path of keys; else the default."""
    found: Value = mapping(obj, 1)
    for step in key if isinstance(key, list) else (key,):
        found = lookup(found, step)
        if found is UNDEFINED:
            return default
    return found


@builtin("object.keys", "object", result="set")
def keys(obj: Value) -> RegoSet:
    """Its keys."""
    found = mapping(obj, 1)
    look_through(found, 2)
    if isinstance(found, dict):
        return RegoSet({key: key for key in found})
    return RegoSet({key: pair[0] for key, pair in found.by_key.items()})


@builtin("object.union", "object", "object")
def union(a: Value, b: Value) -> Object:
    """All keys of both; where both have an object the union of these, else the second one's."""
    return _deep_union(mapping(a, 1), mapping(b, 2))


@builtin("object.union_n", "array[object]")
def union_n(objects: Value) -> Object:
    """The union of all, the last one's values before others."""
    found = array(objects, 1)
    look_through(found, 4)
    for element in found:
        if not is_object(element):
            raise none_of_elements(1, found, element, "object")
    return _deep_union_of(found)


def _union(a: Object, b: Object) -> Object:
    fit_items(len(a) + len(b))
    look_through(a)
    look_through(b, 2)
    if isinstance(a, dict) and isinstance(b, dict):
        return {**a, **{key: _merged(a.get(key), value) for key, value in b.items()}}
    changed = ((key, _merged(lookup(a, key), value)) for key, value in pairs_of(b))
    return object_of([*pairs_of(a), *changed])


_deep_union = walks_down(_union)


def _union_of(objects: list[Object]) -> Object:
    together: dict[Key, tuple[Value, Value]] = {}
    for one in objects:
        look_through(one, ENTRY)
        for key, value in pairs_of(one):
            index = key_of(key)
            before = together.get(index)
            together[index] = (before[0], _merged(before[1], value)) if before else (key, value)
        fit_items(len(together))
    return object_of(together.values())


_deep_union_of = walks_down(_union_of)


def _merged(before: Value, after: Value) -> Value:
    if not (is_object(before) and is_object(after)):
        return after
    # however small: objects that share parts have more of them than can be counted
    spend(_MERGED + len(before) + len(after))
    return _union(before, after)


@builtin("object.remove", "object", "array|object|set")
def remove(obj: Value, names: Value) -> Object:
    """Without these keys: those in an array or a set, or the keys of an object."""
    found, unwanted = mapping(obj, 1), _keys(names)
    look_through(found, 2)
    return object_of((key, value) for key, value in pairs_of(found) if key_of(key) not in unwanted)


@builtin("object.filter", "object", "array|object|set")
def filter_(obj: Value, names: Value) -> Object:
    """With these keys only."""
    found, wanted = mapping(obj, 1), _keys(names)
    look_through(found, 2)
    return object_of((key, value) for key, value in pairs_of(found) if key_of(key) in wanted)


def _keys(names: Value) -> set[Key]:
    if isinstance(names, (list, RegoSet)) or is_object(names):
        look_through(names, 2)
    if isinstance(names, (list, RegoSet)):
        return set(map(key_of, names))
    if is_object(names):
        return {key_of(key) for key, _ in pairs_of(names)}
    raise none_of(2, names, "object", "set", "array")


@builtin("object.subset", "array|object|set", "array|object|set")
def subset(whole: Value, part: Value) -> bool:
    """Whether an object has all the other one's pairs, a set its members, an array its elements in a row.

    An array may also be asked for the members of a set, in any order.
    """
    if isinstance(whole, list) and isinstance(part, RegoSet):
        return _has_members(whole, part)
    found = _is_deep_part(whole, part)
    if found is None:
        raise BuiltinError("both arguments object.subset must be of the same type or array and set", "eval_type_error")
    return found


def _is_part(whole: Value, part: Value) -> bool | None:
    """None when they are not two objects, two sets or two arrays."""
    meets(part)
    if is_object(whole) and is_object(part):
        return all(_has(lookup(whole, key), value) for key, value in pairs_of(part))
    if isinstance(whole, RegoSet) and isinstance(part, RegoSet):
        return part.by_key.keys() <= whole.by_key.keys()
    if isinstance(whole, list) and isinstance(part, list):
        return _in_a_row([key_of(item) for item in whole], [key_of(item) for item in part])
    return None


_is_deep_part = walks_down(_is_part)


def _has(found: Value, wanted: Value) -> bool:
    return found is not UNDEFINED and (same(found, wanted) or _is_part(found, wanted) is True)


def _has_members(whole: list[Value], part: RegoSet) -> bool:
    """Whether the elements have all members, each element counted once as OPA counts them."""
    missing = len(part)
    look_through(whole, 2)
    for element in whole:
        missing -= element in part
        if not missing:
            return True
    return False


def _in_a_row(whole: list[Key], part: list[Key]) -> bool:
    size = len(part)
    look_through(whole, 1 + (size >> 3))
    return any(whole[start : start + size] == part for start in range(len(whole) - size + 1))
