"""CEL's values that JSON does not have. The others are Python's own: int is int, double is float, null is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar, Final

from constraints.cel.failures import Failure
from constraints.dataclass import dataclass

Value = Any
INT_MIN: Final = -(1 << 63)
INT_MAX: Final = (1 << 63) - 1
UINT_MAX: Final = (1 << 64) - 1
NANOS: Final = 1_000_000_000
EARLIEST: Final = -62135596800 * NANOS  # 0001-01-01T00:00:00Z
LATEST: Final = 253402300800 * NANOS - 1  # the end of the year 9999


class Uint(int):
    """An unsigned integer of 64 bits; equal to the int and the double of the same size."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time in nanoseconds."""

    nanos: int

    @classmethod
    def checked(cls, nanos: int) -> Duration:
        """Raises Failure beyond 64 bits."""
        if not INT_MIN <= nanos <= INT_MAX:
            raise Failure("integer overflow")
        return cls(nanos)


@dataclass(frozen=True, slots=True, order=True)
class Timestamp:
    """Nanoseconds since 1970 in UTC. `offset` is the zone that it was written in, in seconds; it never counts."""

    nanos: int
    offset: int = field(default=0, compare=False)

    @classmethod
    def checked(cls, nanos: int, offset: int = 0) -> Timestamp:
        """Raises Failure outside the years 1 to 9999."""
        if not EARLIEST <= nanos <= LATEST:
            raise Failure("timestamp overflow")
        return cls(nanos, offset)


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a map that Python would take for another one: neither a text nor an integer. See maps.py."""

    kind: type
    mark: Value  # what tells it from others of its kind
    value: Value = field(compare=False)


class Keyed(dict[Value, Value]):
    """A map some of whose keys are Keys."""

    __slots__ = ()


class Optional:
    """A value that may be absent."""

    __slots__ = ("present", "value")

    def __init__(self, value: Value, present: bool = True) -> None:
        self.value = value
        self.present = present

    def __repr__(self) -> str:
        return f"optional.of({self.value!r})" if self.present else "optional.none()"


NONE: Final = Optional(None, present=False)


@dataclass(frozen=True, slots=True)
class TypeValue:
    """A type as a value: what `type(x)` gives."""

    name: str


class Opaque:
    """Base of the values of Kubernetes' libraries; `type_name` is what `type(x)` calls them."""

    __slots__ = ()
    type_name: ClassVar[str]

    def compares_with(self, other: object) -> bool:
        """Whether `==` has an answer; there is none for a value of another type."""
        return type(self) is type(other)


_NAMES: Final[dict[type, str]] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    Keyed: "map",
    type(None): "null_type",
    Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    Optional: "optional_type",
    TypeValue: "type",
}
_GO_NAMES: Final = {
    "null_type": "Null",
    "google.protobuf.Timestamp": "Timestamp",
    "google.protobuf.Duration": "Duration",
}
_POINTERS: Final = {"optional_type": "Optional", "type": "Type", "list": "baseList", "map": "baseMap"}


def type_name(value: Value) -> str:
    """The CEL type of `value`."""
    found = _NAMES.get(type(value))
    if found == "int" and not INT_MIN <= value <= INT_MAX:
        return "double"  # what JSON cannot keep as an integer
    if found:
        return found
    return value.type_name if isinstance(value, Opaque) else "map" if isinstance(value, Mapping) else "dyn"


def go_name(value: Value) -> str:
    """How messages call the Go type of a value: `types.String`."""
    name = type_name(value)
    if isinstance(value, Opaque):
        return f"cel.{type(value).__name__}"
    return f"*types.{_POINTERS[name]}" if name in _POINTERS else f"types.{_GO_NAMES.get(name, name.capitalize())}"
