"""Values that may be absent. `or` and `orValue` look at their argument only when they need it: see codegen.py."""

from __future__ import annotations

from constraints.cel.failures import Failure
from constraints.cel.overloads import function, method
from constraints.cel.values import NONE, Duration, Optional, Value


@function("optional.none() -> optional_type(<V>)")
def none() -> Optional:
    """Nothing."""
    return NONE


@function("optional.of(<V>) -> optional_type(<V>)")
def of(value: Value) -> Optional:
    """The value."""
    return Optional(value)


@function("optional.ofNonZeroValue(<V>) -> optional_type(<V>)")
def of_non_zero_value(value: Value) -> Optional:
    """The value, unless it is the zero of its type."""
    if type(value) is Duration:
        return Optional(value) if value.nanos else NONE
    if isinstance(value, bool | int | float | str | bytes | list | dict) or value is None:
        return Optional(value) if value else NONE
    return Optional(value)


@method("optional_type(<V>).hasValue() -> bool")
def has_value(value: Optional) -> bool:
    """Whether there is one."""
    return value.present


@method("optional_type(<V>).value() -> <V>")
def value_of(value: Optional) -> Value:
    """The value; an error when there is none."""
    if not value.present:
        raise Failure("optional.none() dereference")
    return value.value


@method("optional_type(<V>).or(optional_type(<V>)) -> optional_type(<V>)")
def either(value: Optional, other: Optional) -> Optional:
    """The first that has a value."""
    return value if value.present else other


@method("optional_type(<V>).orValue(<V>) -> <V>")
def or_value(value: Optional, other: Value) -> Value:
    """The value, or the other one."""
    return value.value if value.present else other


@function("optional.unwrap(list(optional_type(<V>))) -> list(<V>)")
@method("list(optional_type(<V>)).unwrapOpt() -> list(<V>)")
def unwrap(items: list[Optional]) -> list[Value]:
    """The values that there are."""
    if not all(isinstance(item, Optional) for item in items):
        raise Failure("value is not an optional")
    return [item.value for item in items if item.present]
