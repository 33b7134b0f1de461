"""Arrays: concat, flatten, slice, reverse (OPA's topdown/array.go)."""

from __future__ import annotations

from constraints.rego.builtins import builtin
from constraints.rego.builtins.operands import array, integer
from constraints.rego.values.kinds import Value
from constraints.rego.values.sizes import fit_items, look_through


@builtin("array.concat", "array", "array", result="array")
def concat(first: Value, second: Value) -> list[Value]:
    """The elements of one, then those of the other."""
    before, after = array(first, 1), array(second, 2)
    fit_items(len(before) + len(after))
    return before + after


@builtin("array.flatten", "array", result="array")
def flatten(nested: Value) -> list[Value]:
    """The elements of an element that is an array in its place; one level."""
    flat: list[Value] = []
    look_through(array(nested, 1))
    for element in nested:
        if isinstance(element, list):
            look_through(element)
            fit_items(len(flat) + len(element))
            flat += element
        else:
            flat.append(element)
    return flat


@builtin("array.slice", "array", "number", "number", result="array")
def slice_(elements: Value, start: Value, stop: Value) -> list[Value]:
    """The elements from `start` up to, without, `stop`, both moved into the array."""
    found, first, last = array(elements, 1), integer(start, 2), integer(stop, 3)
    return found[max(first, 0) : max(last, 0)]  # what is copied is counted where it goes


@builtin("array.reverse", "array", result="array")
def reverse(elements: Value) -> list[Value]:
    """The last one first."""
    return array(elements, 1)[::-1]
