"""Google's well-known messages: `google.protobuf.Duration{seconds: 1}`, wrappers, and JSON's values as messages."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final

from constraints.cel.failures import Failure
from constraints.cel.library.texts import format_duration, format_timestamp
from constraints.cel.maps import entries
from constraints.cel.runtime import unwrap_entry
from constraints.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    MAP_DYN,
    STRING,
    TIMESTAMP,
    UINT,
    Type,
    list_of,
    map_of,
    wrapper_of,
)
from constraints.cel.values import INT_MAX, INT_MIN, NANOS, Duration, Timestamp, Uint, Value, type_name
from constraints.dataclass import dataclass

ENUMS: Final = {"google.protobuf.NullValue.NULL_VALUE": 0}
_LARGEST_IN_JSON: Final = (1 << 53) - 1  # beyond, JSON of protocol buffers has texts
Fields = dict[str, Value]


@dataclass(frozen=True, slots=True)
class MessageType:
    """A message: the type of its value, its fields, and how the value is made of them."""

    result: Type
    fields: Mapping[str, Type]
    make: Callable[[Fields], Value]
    zeros: Mapping[str, Value] = field(default_factory=dict)


def message(name: str, fields: dict[str, Value], optional: tuple[str, ...] = ()) -> Value:
    """The value of a message; `optional` are fields that may be absent. Raises Failure."""
    kind = KINDS[name]
    for one in optional:
        found = unwrap_entry(fields.pop(one))
        if found.present:
            fields[one] = found.value
    for one, value in fields.items():
        _fit(f"{name}.{one}", kind.fields[one], value)
    return kind.make({**kind.zeros, **fields})


def _fit(name: str, wanted: Type, value: Value) -> None:
    if not wanted.is_dyn and type_name(value) != wanted.name:
        what = f"unsupported type conversion from '{type_name(value)}' to {wanted.name}"
        raise Failure(f"field type conversion error for {name} value type: {what}")


def as_json(value: Value) -> Value:
    """What JSON would keep of a value: numbers are doubles, what is no JSON is a text. Raises Failure."""
    if value is None or isinstance(value, bool | str | float):
        return value
    if isinstance(value, int):
        return float(value) if abs(value) <= _LARGEST_IN_JSON else int.__str__(value)
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {_name(key): as_json(item) for key, item in entries(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Timestamp):
        return format_timestamp(Timestamp(value.nanos))
    if isinstance(value, Duration):
        return format_duration(value)
    raise Failure(f"unsupported type conversion from '{type_name(value)}' to google.protobuf.Value")


def _name(key: Value) -> str:
    if type(key) is str:
        return key
    raise Failure(f"unsupported type conversion from '{type_name(key)}' to string")


def _value(fields: Fields) -> Value:
    name = next(reversed(fields), "null_value")  # a value is one of these: the last that is set
    return None if name == "null_value" else as_json(fields[name])


def _duration(fields: Fields) -> Duration:
    return Duration(min(max(fields["seconds"] * NANOS + fields["nanos"], INT_MIN), INT_MAX))


def _timestamp(fields: Fields) -> Timestamp:
    return Timestamp.checked(fields["seconds"] * NANOS + fields["nanos"])


def _any(fields: Fields) -> Value:
    raise Failure("unsupported conversion to ref.Val: (*dynamicpb.Message)")


def _wrapper(kind: Type, zero: Value, make: Callable[[Value], Value] = lambda value: value) -> MessageType:
    return MessageType(wrapper_of(kind), {"value": kind}, lambda fields: make(fields["value"]), {"value": zero})


def _narrow(name: str, least: int, most: int) -> Callable[[Value], Value]:
    def make(value: Value) -> Value:
        if least <= value <= most:
            return value
        what = "unsigned integer overflow" if type(value) is Uint else "integer overflow"
        raise Failure(f"field type conversion error for google.protobuf.{name}.value value type: {what}")

    return make


def _single(value: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return value * float("inf")


_TIME: Final = {"seconds": INT, "nanos": INT}
_NO_TIME: Final = {"seconds": 0, "nanos": 0}
_OF_VALUE: Final = {
    "null_value": INT,
    "number_value": DOUBLE,
    "string_value": STRING,
    "bool_value": BOOL,
    "struct_value": map_of(STRING, DYN),
    "list_value": list_of(DYN),
}
KINDS: Final[Mapping[str, MessageType]] = {
    f"google.protobuf.{name}": kind
    for name, kind in {
        "Value": MessageType(DYN, _OF_VALUE, _value),
        "Struct": MessageType(
            MAP_DYN, {"fields": map_of(STRING, DYN)}, lambda given: as_json(given["fields"]), {"fields": {}}
        ),
        "ListValue": MessageType(
            list_of(DYN), {"values": list_of(DYN)}, lambda given: as_json(given["values"]), {"values": []}
        ),
        "Duration": MessageType(DURATION, _TIME, _duration, _NO_TIME),
        "Timestamp": MessageType(TIMESTAMP, _TIME, _timestamp, _NO_TIME),
        "Any": MessageType(DYN, {"type_url": STRING, "value": BYTES}, _any),
        "BoolValue": _wrapper(BOOL, False),
        "BytesValue": _wrapper(BYTES, b""),
        "StringValue": _wrapper(STRING, ""),
        "DoubleValue": _wrapper(DOUBLE, 0.0),
        "FloatValue": _wrapper(DOUBLE, 0.0, _single),
        "Int64Value": _wrapper(INT, 0),
        "Int32Value": _wrapper(INT, 0, _narrow("Int32Value", -(1 << 31), (1 << 31) - 1)),
        "UInt64Value": _wrapper(UINT, Uint(0)),
        "UInt32Value": _wrapper(UINT, Uint(0), _narrow("UInt32Value", 0, (1 << 32) - 1)),
    }.items()
}
