"""Arguments of builtins: each function gives the argument as what the builtin wants, or raises OPA's type error.

Positions count from 1. The texts are those of OPA's topdown/builtins package.
"""

from __future__ import annotations

from constraints.golang import utf8
from constraints.rego.builtins import BuiltinError
from constraints.rego.values.bigfloat import big, is_integral, truncated
from constraints.rego.values.kinds import RegoObject, RegoSet, Value, is_number, is_object
from constraints.rego.values.number import Number, whole
from constraints.rego.values.order import type_name
from constraints.rego.values.sizes import look_through, scan


def unfit(position: int, problem: str) -> BuiltinError:
    """`operand 2 <problem>`."""
    return BuiltinError(f"operand {position} {problem}", "eval_type_error")


def none_of(position: int, value: Value, *wanted: str) -> BuiltinError:
    """The argument is none of the wanted types."""
    return unfit(position, f"must be {_one_of(wanted)} but got {type_name(value)}")


def none_of_elements(position: int, composite: Value, element: Value, *wanted: str) -> BuiltinError:
    """The argument holds an element that is none of the wanted types."""
    name = type_name(composite)
    kinds = f"{wanted[0]}s" if len(wanted) == 1 else f"(any of) {{{', '.join(wanted)}}}"
    return unfit(position, f"must be {name} of {kinds} but got {name} containing {type_name(element)}")


def not_one_of(position: int, *allowed: str) -> BuiltinError:
    """The argument is none of the allowed values."""
    return unfit(position, f"must be {_one_of(allowed)}")


def _one_of(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"one of {{{', '.join(names)}}}"


def string(value: Value, position: int) -> str:
    """A string."""
    if isinstance(value, str):
        return value
    raise none_of(position, value, "string")


def number(value: Value, position: int) -> Number:
    """A number."""
    if is_number(value):
        return value  # type: ignore[no-any-return]  # just looked at
    raise none_of(position, value, "number")


def integer(value: Value, position: int) -> int:
    """An integer of 64 bits, written as one."""
    found = whole(number(value, position))
    if found is None:
        raise unfit(position, "must be integer number but got floating-point number")
    return found


def big_integer(value: Value, position: int) -> int:
    """An integer in any notation, rounded as OPA's arithmetic does beyond 64 bits."""
    if not is_number(value):
        raise none_of(position, value, "integer")
    read = big(value)
    if not is_integral(read):
        raise unfit(position, "must be integer number but got floating-point number")
    return truncated(read)


def array(value: Value, position: int) -> list[Value]:
    """An array."""
    if isinstance(value, list):
        return value
    raise none_of(position, value, "array")


def set_(value: Value, position: int) -> RegoSet:
    """A set."""
    if isinstance(value, RegoSet):
        return value
    raise none_of(position, value, "set")


def mapping(value: Value, position: int) -> dict[str, Value] | RegoObject:
    """An object."""
    if is_object(value):
        return value  # type: ignore[no-any-return]  # just looked at
    raise none_of(position, value, "object")


def members(value: Value, position: int, *wanted: str) -> list[Value]:
    """The elements of an array or a set, in order; `wanted` are the names of these two for the error."""
    if isinstance(value, list | RegoSet):
        look_through(value)
        return value if isinstance(value, list) else value.sorted_members()
    raise none_of(position, value, *(wanted or ("array", "set")))


def strings(value: Value, position: int, *wanted: str) -> list[str]:
    """The elements of an array or a set, all of them strings."""
    found = members(value, position, *wanted)
    for element in found:
        if not isinstance(element, str):
            raise none_of_elements(position, value, element, "string")
    return found


def as_bytes(value: str) -> bytes:
    """A string in UTF-8; half a surrogate pair, which is no character, as U+FFFD."""
    scan(value)
    return utf8.as_bytes(value)
