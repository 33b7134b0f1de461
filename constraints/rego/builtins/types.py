"""What a value is: is_number, is_string and so on, type_name (OPA's topdown/type.go, type_name.go)."""

from __future__ import annotations

from constraints.rego.builtins import builtin
from constraints.rego.values import kinds, order
from constraints.rego.values.kinds import RegoSet, Value


@builtin("is_number", "any", result="boolean")
def is_number(value: Value) -> bool:
    """Whether it is a number."""
    return kinds.is_number(value)


@builtin("is_string", "any", result="boolean")
def is_string(value: Value) -> bool:
    """Whether it is a string."""
    return isinstance(value, str)


@builtin("is_boolean", "any", result="boolean")
def is_boolean(value: Value) -> bool:
    """Whether it is true or false."""
    return isinstance(value, bool)


@builtin("is_array", "any", result="boolean")
def is_array(value: Value) -> bool:
    """Whether it is an array."""
    return isinstance(value, list)


@builtin("is_set", "any", result="boolean")
def is_set(value: Value) -> bool:
    """Whether it is a set."""
    return isinstance(value, RegoSet)


@builtin("is_object", "any", result="boolean")
def is_object(value: Value) -> bool:
    """Whether it is an object."""
    return kinds.is_object(value)


@builtin("is_null", "any", result="boolean")
def is_null(value: Value) -> bool:
    """Whether it is null."""
    return value is None


@builtin("type_name", "any", result="string")
def type_name(value: Value) -> str:
    """null, boolean, number, string, array, object or set."""
    return order.type_name(value)
