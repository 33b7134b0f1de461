"""Conversions: to_number, and the deprecated casts, which let a value of their type pass (OPA's topdown/casts.go)."""

from __future__ import annotations

import math
import re
from typing import Final

from constraints.golang.quoting import quoted
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import none_of, unfit
from constraints.rego.values.kinds import RegoObject, RegoSet, Value, is_number, is_object
from constraints.rego.values.number import (
    LiteralFloat,
    Number,
    OutOfRange,
    decimal_of,
    integer_of,
    integer_text,
    number_of,
)

_DIGITS: Final = "[0-9]+(?:_[0-9]+)*"
_DECIMAL: Final = re.compile(rf"[+-]?(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_HEXADECIMALS: Final = "[0-9a-fA-F]+(?:_[0-9a-fA-F]+)*"
_HEXADECIMAL: Final = re.compile(
    rf"[+-]?0[xX](?:_?{_HEXADECIMALS}(?:\.(?:{_HEXADECIMALS})?)?|\.{_HEXADECIMALS})[pP][+-]?{_DIGITS}"
)
_INTEGER: Final = re.compile("-?[0-9]+")
_NO_NUMBERS: Final = frozenset({"inf", "infinity", "nan"})


@builtin("to_number", "null|boolean|number|string", result="number")
def to_number(value: Value) -> Number:
    """null is 0, true is 1, a string what Go's ParseFloat reads of it."""
    if value is None or isinstance(value, bool):
        return int(bool(value))
    if is_number(value):
        return value  # type: ignore[no-any-return]  # just looked at
    if isinstance(value, str):
        return _parsed(value)
    raise none_of(1, value, "null", "boolean", "number", "string")


def _parsed(digits: str) -> Number:
    if digits.lstrip("+-").lower() in _NO_NUMBERS:
        raise unfit(1, "must be valid number string but got string")
    if not _DECIMAL.fullmatch(digits) and not _HEXADECIMAL.fullmatch(digits):
        raise _refused(digits, "invalid syntax")
    nearest = nearest_float(digits)
    if nearest is None:
        raise _refused(digits, "value out of range")
    return _written(digits, nearest)


def nearest_float(digits: str) -> float | None:
    """What Go's ParseFloat reads, infinity and the like aside; None for what is no number, or out of range."""
    try:
        if _DECIMAL.fullmatch(digits):
            nearest = float(digits)
        else:
            nearest = float.fromhex(digits.replace("_", "")) if _HEXADECIMAL.fullmatch(digits) else math.inf
    except OverflowError:
        return None
    return None if math.isinf(nearest) else nearest


def _written(digits: str, nearest: float) -> Number:
    """The number with its text, where it is not an integer or has an odd text."""
    if not _DECIMAL.fullmatch(digits):
        return LiteralFloat(digits, nearest)
    plain = digits.replace("_", "").removeprefix("+")
    if _INTEGER.fullmatch(plain):
        plain = integer_text(integer_of(plain))
    try:
        number = number_of(plain)
    except OutOfRange:  # nearer to 0 than any double
        return LiteralFloat(digits, nearest)
    is_odd = plain != digits and decimal_of(number) == decimal_of(nearest)
    return LiteralFloat(digits, nearest) if is_odd else number


def _refused(digits: str, why: str) -> BuiltinError:
    return BuiltinError(f"strconv.ParseFloat: parsing {quoted(digits)}: {why}")


@builtin("cast_array", "any", result="array")
def cast_array(value: Value) -> list[Value]:
    """An array; a set as an array of its members."""
    if isinstance(value, RegoSet):
        return list(value.sorted_members())
    if isinstance(value, list):
        return value
    raise none_of(1, value, "array", "set")


@builtin("cast_set", "any", result="set")
def cast_set(value: Value) -> RegoSet:
    """A set; an array as the set of its elements."""
    if isinstance(value, list):
        return RegoSet.of(value)
    if isinstance(value, RegoSet):
        return value
    raise none_of(1, value, "array", "set")


@builtin("cast_string", "any", result="string")
def cast_string(value: Value) -> str:
    """A string."""
    if isinstance(value, str):
        return value
    raise none_of(1, value, "string")


@builtin("cast_boolean", "any", result="boolean")
def cast_boolean(value: Value) -> bool:
    """A boolean."""
    if isinstance(value, bool):
        return value
    raise none_of(1, value, "boolean")


@builtin("cast_null", "any", result="null")
def cast_null(value: Value) -> None:
    """null."""
    if value is not None:
        raise none_of(1, value, "null")


@builtin("cast_object", "any", result="object")
def cast_object(value: Value) -> dict[str, Value] | RegoObject:
    """An object."""
    if is_object(value):
        return value  # type: ignore[no-any-return]  # just looked at
    raise none_of(1, value, "object")
