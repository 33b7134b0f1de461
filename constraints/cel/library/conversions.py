"""From one kind of value to another: `int(x)`, `string(x)` and so on."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from typing import Final

from constraints.cel.failures import Failure
from constraints.cel.library.texts import format_duration, format_timestamp
from constraints.cel.overloads import function
from constraints.cel.values import INT_MAX, INT_MIN, NANOS, UINT_MAX, Duration, Timestamp, Uint, Value
from constraints.golang.floats import general

_INTEGER: Final = re.compile(r"[+-]?[0-9]+\Z")
_UNSIGNED: Final = re.compile(r"[0-9]+\Z")
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
_HEXADECIMAL: Final = re.compile(r"[+-]?0[xX]([0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+\Z")
_SEPARATOR: Final = re.compile(r"(?<=[0-9])_(?=[0-9])")
_HEXADECIMAL_SEPARATOR: Final = re.compile(r"(?<=[0-9a-fA-FxX])_(?=[0-9a-fA-F])")
_SPECIAL: Final = frozenset({"inf", "+inf", "-inf", "infinity", "+infinity", "-infinity", "nan"})
_TRUTHS: Final = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


def unconvertible(wanted: str) -> Failure:
    """A text that is no such value."""
    return Failure(f"type conversion error from 'string' to '{wanted}'")


@function(
    "bool(bool) -> bool",
    "bytes(bytes) -> bytes",
    "double(double) -> double",
    "int(int) -> int",
    "string(string) -> string",
    "uint(uint) -> uint",
    "timestamp(google.protobuf.Timestamp) -> google.protobuf.Timestamp",
    "duration(google.protobuf.Duration) -> google.protobuf.Duration",
)
def same(value: Value) -> Value:
    """What has the type already."""
    return value


@function("bool(string) -> bool")
def bool_(text: str) -> bool:
    """As Go reads truth values."""
    if text not in _TRUTHS:
        raise unconvertible("bool")
    return _TRUTHS[text]


@function("bytes(string) -> bytes")
def bytes_(text: str) -> bytes:
    """In UTF-8."""
    return text.encode("utf-8", "surrogatepass")


@function("double(int) -> double", "double(uint) -> double")
def double_of_number(value: int) -> float:
    """The nearest double."""
    return float(value)


@function("double(string) -> double")
def double_of_text(text: str) -> float:
    """Decimal or hexadecimal, within the range of doubles, or infinity or not a number by name."""
    text = (_HEXADECIMAL_SEPARATOR if text[:3].lstrip("+-")[:2] in ("0x", "0X") else _SEPARATOR).sub("", text)
    if text.lower() in _SPECIAL:
        return float(text)
    found = math.inf
    if _DECIMAL.match(text):
        found = float(text)
    elif _HEXADECIMAL.match(text):
        with suppress(OverflowError):
            found = float.fromhex(text)
    if math.isinf(found):
        raise unconvertible("double")
    return found


@function("int(double) -> int")
def int_of_double(value: float) -> int:
    """Towards zero."""
    if math.isnan(value) or not INT_MIN < value < INT_MAX:
        raise Failure("integer overflow")
    return int(value)


@function("int(uint) -> int")
def int_of_uint(value: Uint) -> int:
    """The same number."""
    if value > INT_MAX:
        raise Failure("integer overflow")
    return int(value)


@function("int(string) -> int")
def int_of_text(text: str) -> int:
    """Decimal digits with a sign."""
    if not _INTEGER.match(text) or len(text) > 400 or not INT_MIN <= int(text) <= INT_MAX:
        raise unconvertible("int")
    return int(text)


@function("int(google.protobuf.Timestamp) -> int")
def int_of_timestamp(value: Timestamp) -> int:
    """Whole seconds since 1970."""
    return value.nanos // NANOS


@function("int(google.protobuf.Duration) -> int")
def int_of_duration(value: Duration) -> int:
    """Nanoseconds."""
    return value.nanos


@function("uint(double) -> uint")
def uint_of_double(value: float) -> Uint:
    """Towards zero."""
    if math.isnan(value) or not 0 <= value < UINT_MAX:
        raise Failure("unsigned integer overflow")
    return Uint(value)


@function("uint(int) -> uint")
def uint_of_int(value: int) -> Uint:
    """The same number."""
    if value < 0:
        raise Failure("unsigned integer overflow")
    return Uint(value)


@function("uint(string) -> uint")
def uint_of_text(text: str) -> Uint:
    """Decimal digits."""
    if not _UNSIGNED.match(text) or len(text) > 400 or int(text) > UINT_MAX:
        raise unconvertible("uint")
    return Uint(text)


@function("string(bool) -> string")
def text_of_bool(value: bool) -> str:
    """`true` or `false`."""
    return "true" if value else "false"


@function("string(bytes) -> string")
def text_of_bytes(value: bytes) -> str:
    """From UTF-8."""
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise Failure("invalid UTF-8 in bytes, cannot convert to string") from error


@function("string(int) -> string", "string(uint) -> string")
def text_of_int(value: int) -> str:
    """Decimal digits."""
    return int.__str__(value)


@function("string(double) -> string")
def text_of_double(value: float) -> str:
    """The fewest digits, as Go's %g."""
    return general(value)


@function("string(google.protobuf.Timestamp) -> string")
def text_of_timestamp(value: Timestamp) -> str:
    """RFC 3339, in the zone that it was written in."""
    return format_timestamp(value)


@function("string(google.protobuf.Duration) -> string")
def text_of_duration(value: Duration) -> str:
    """Seconds: `1.5s`."""
    return format_duration(value)
