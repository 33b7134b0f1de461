"""Lists: order, search, and making other lists of them."""

from __future__ import annotations

from functools import cmp_to_key
from typing import Final

from constraints.cel.arithmetic import add
from constraints.cel.equality import compare, is_equal
from constraints.cel.failures import Exhausted, Failure, no_overload
from constraints.cel.overloads import function, method, unguarded
from constraints.cel.values import NONE, Duration, Optional, Uint, Value, type_name

_TIMES: Final = ("google.protobuf.Timestamp", "google.protobuf.Duration")
_ORDERED: Final = ("int", "uint", "double", "bool", *_TIMES, "string", "bytes")
_LONGEST: Final = 1_000_000
_MOST: Final = 1_000_000  # items: Kubernetes charges for those of the outer list only
_ZEROS: Final = {"int": 0, "uint": Uint(0), "double": 0.0, "google.protobuf.Duration": Duration(0)}


@method(*(f"list({kind}).isSorted() -> bool" for kind in _ORDERED))
def is_sorted(items: list[Value]) -> bool:
    """Whether no item is less than the one before; what cannot be compared with another kind is not less."""
    for place, item in enumerate(items):
        if type_name(item) not in _ORDERED:
            raise no_overload()
        if place and _less(item, items[place - 1]):
            return False
    return True


def _less(a: Value, b: Value) -> bool:
    try:
        return compare(a, b, "") < 0
    except Failure:
        return False


def _sum(zero: Value) -> None:
    @method(f"list({type_name(zero)}).sum() -> {type_name(zero)}")
    def sum_(items: list[Value]) -> Value:
        total = zero
        for place, item in enumerate(items):
            total = add(total, item) if place or type(item) is type(total) else item
        return total


for _zero in _ZEROS.values():
    _sum(_zero)


@method(*(f"list({kind}).min() -> {kind}" for kind in _ORDERED))
def min_(items: list[Value]) -> Value:
    """The least item."""
    return _best(items, "min", -1)


@method(*(f"list({kind}).max() -> {kind}" for kind in _ORDERED))
def max_(items: list[Value]) -> Value:
    """The greatest item."""
    return _best(items, "max", 1)


def _best(items: list[Value], name: str, sign: int) -> Value:
    if not items:
        raise Failure(f"{name} called on empty list")
    if any(type_name(item) not in _ORDERED for item in items):
        raise no_overload()
    best = items[0]
    for item in items[1:]:
        if _less(item, best) if sign < 0 else _less(best, item):
            best = item
    return best


@method("list(<A>).indexOf(<A>) -> int")
def index_of(items: list[Value], item: Value) -> int:
    """Where the item is first found, -1 when it is not."""
    return next((place for place, other in enumerate(items) if is_equal(other, item)), -1)


@method("list(<A>).lastIndexOf(<A>) -> int")
def last_index_of(items: list[Value], item: Value) -> int:
    """Where the item is last found, -1 when it is not."""
    return next((place for place in range(len(items) - 1, -1, -1) if is_equal(items[place], item)), -1)


@unguarded("sort", *(f"list({kind}).sort() -> list({kind})" for kind in _ORDERED))
def sort(items: Value) -> list[Value]:
    """The items in order; all must be of one type."""
    if type(items) is not list:
        raise no_overload("" if type_name(items) in ("string", *_TIMES) else "sort")
    return sort_by(items, items)


_BY_KEYS: Final = "@sortByAssociatedKeys"


@unguarded(_BY_KEYS, *(f"list(<T>).{_BY_KEYS}(list({kind})) -> list(<T>)" for kind in _ORDERED))
def sort_by(items: Value, keys: Value) -> list[Value]:
    """The items in the order of their keys."""
    if type(items) is not list or type(keys) is not list:
        raise no_overload(_BY_KEYS)
    if any(type_name(key) != type_name(keys[0]) for key in keys):
        raise Failure("list elements must have the same type")
    if keys and type_name(keys[0]) not in _ORDERED:
        raise Failure("list elements must be comparable")

    def order(a: int, b: int) -> int:
        return compare(keys[a], keys[b], "sort")

    return [items[place] for place in sorted(range(len(items)), key=cmp_to_key(order))]


@method("list(<T>).reverse() -> list(<T>)")
def reverse(items: list[Value]) -> list[Value]:
    """The items from the last to the first."""
    return items[::-1]


@method("list(<T>).slice(int, int) -> list(<T>)")
def slice_(items: list[Value], start: int, end: int) -> list[Value]:
    """The items from `start` to before `end`."""
    what = f"cannot slice({start}, {end}), "
    if start < 0 or end < 0:
        raise Failure(what + "negative indexes not supported")
    if start > end:
        raise Failure(what + "start index must be less than or equal to end index")
    if end > len(items):
        raise Failure(what + f"list is length {len(items)}")
    return items[start:end]


@method("list(<T>).distinct() -> list(<T>)")
def distinct(items: list[Value]) -> list[Value]:
    """The first of equal items each."""
    found: list[Value] = []
    texts: set[str] = set()
    for item in items:
        if type(item) is str:
            if item not in texts:
                texts.add(item)
                found.append(item)
        elif not any(is_equal(item, other) for other in found):
            found.append(item)
    return found


@unguarded("flatten", "list(list(<T>)).flatten() -> list(<T>)", "list(dyn).flatten(int) -> list(dyn)")
def flatten(items: Value, *depth: Value) -> list[Value]:
    """Lists in the list replaced by their items, as many levels deep as is said, or one."""
    if type(items) is not list or type(depth[0] if depth else 1) is not int:
        raise Failure(f"no such overload: {_shown_type(items)}.flatten({', '.join(map(_shown_type, depth))})")
    levels = depth[0] if depth else 1
    if levels < 0:
        raise Failure("level must be non-negative")
    found: list[Value] = []
    _flat(items, levels, found)
    return found


def _shown_type(value: Value) -> str:
    name = type_name(value)
    return {"list": "list(dyn)", "map": "map(dyn, dyn)", "optional_type": "optional_type(dyn)"}.get(name, name)


def _flat(items: list[Value], depth: int, found: list[Value]) -> None:
    for item in items:
        if type(item) is list and depth:
            _flat(item, depth - 1, found)
        else:
            found.append(item)
    if len(found) > _MOST:
        raise Exhausted


@function("lists.range(int) -> list(int)")
def range_(size: int) -> list[int]:
    """The numbers from 0 to before `size`."""
    if size < 0:
        raise Failure(f"lists.range: size must be non-negative, got {size}")
    if size > _LONGEST:
        raise Failure(f"lists.range: size {size} exceeds maximum allowed ({_LONGEST})")
    return list(range(size))


@method("list(<V>).first() -> optional_type(<V>)")
def first(items: list[Value]) -> Optional:
    """The first item, if there is one."""
    return Optional(items[0]) if items else NONE


@method("list(<V>).last() -> optional_type(<V>)")
def last(items: list[Value]) -> Optional:
    """The last item, if there is one."""
    return Optional(items[-1]) if items else NONE
