"""Aggregates: count, sum, product, max, min, sort, any, all (OPA's topdown/aggregates.go)."""

from __future__ import annotations

from functools import reduce
from typing import Final

from constraints.rego.builtins import builtin
from constraints.rego.builtins.operands import members, none_of, none_of_elements
from constraints.rego.values import bigfloat
from constraints.rego.values.bigfloat import Big, big
from constraints.rego.values.kinds import UNDEFINED, RegoObject, RegoSet, Value, is_number
from constraints.rego.values.number import Number, is_negative, whole
from constraints.rego.values.order import compare, has_own_order, in_order
from constraints.rego.values.sizes import look_through

_COLLECTIONS: Final = ("set", "array")
_SIGN: Final = 1 << 63


@builtin("count", "string|array|object|set", result="number")
def count(collection: Value) -> int:
    """Elements, pairs, members, or characters of a string."""
    if isinstance(collection, (str, list, dict, RegoSet, RegoObject)):
        return len(collection)
    raise none_of(1, collection, "array", "object", "set", "string")


@builtin("sum", "array[number]|set[number]", result="number")
def sum_(collection: Value) -> Number:
    """Of numbers; integers of 64 bits among themselves wrap around, as in OPA."""
    elements = members(collection, 1, *_COLLECTIONS)
    integers = [whole(element) for element in elements]
    if None not in integers:
        total = sum(integer for integer in integers if integer is not None)
        return (total + _SIGN) % (2 * _SIGN) - _SIGN
    return bigfloat.number(reduce(bigfloat.added, _numbers(collection, elements), (0, 0)))


@builtin("product", "array[number]|set[number]", result="number")
def product(collection: Value) -> Number:
    """Of numbers."""
    elements = members(collection, 1, *_COLLECTIONS)
    look_through(elements, 20)
    result = bigfloat.number(reduce(bigfloat.multiplied, _numbers(collection, elements), (1, 0)))
    return result or (-0.0 if sum(map(is_negative, elements)) % 2 else 0)


def _numbers(collection: Value, elements: list[Value]) -> list[Big]:
    for element in elements:
        if not is_number(element):
            raise none_of_elements(1, collection, element, "number")
    return [big(element) for element in elements]


@builtin("max", "array|set")
def max_(collection: Value) -> Value:
    """The greatest in Rego's order, of equal ones the last; undefined for nothing."""
    elements = members(collection, 1, *_COLLECTIONS)
    if not elements:
        return UNDEFINED
    return max(elements) if has_own_order(elements) and type(elements[0]) is not float else reduce(_greater, elements)


@builtin("min", "array|set")
def min_(collection: Value) -> Value:
    """The least in Rego's order, of equal ones the last; undefined for nothing. A set's null does not count in OPA."""
    elements = members(collection, 1, *_COLLECTIONS)
    if isinstance(collection, RegoSet) and len(elements) > 1 and elements[0] is None:
        elements = elements[1:]
    if not elements:
        return UNDEFINED
    return min(elements) if has_own_order(elements) and type(elements[0]) is not float else reduce(_less, elements)


def _greater(best: Value, element: Value) -> Value:
    return element if compare(best, element) <= 0 else best


def _less(best: Value, element: Value) -> Value:
    return element if compare(best, element) >= 0 else best


@builtin("sort", "array|set", result="array")
def sort(collection: Value) -> list[Value]:
    """An array in Rego's order."""
    if isinstance(collection, RegoSet):
        return list(collection.sorted_members())
    return in_order(members(collection, 1, *_COLLECTIONS))


@builtin("any", "array|set", result="boolean")
def any_(collection: Value) -> bool:
    """Whether one of them is true."""
    return any(element is True for element in members(collection, 1))


@builtin("all", "array|set", result="boolean")
def all_(collection: Value) -> bool:
    """Whether each of them is true."""
    return all(element is True for element in members(collection, 1))
