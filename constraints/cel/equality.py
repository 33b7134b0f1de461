"""When two values are equal, and which one is less."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from constraints.cel.failures import Failure, no_overload
from constraints.cel.maps import UNSET, find, has_key, plain
from constraints.cel.values import Duration, Keyed, Opaque, Optional, Timestamp, Uint, Value

_NUMBERS: Final = frozenset({int, Uint, float})
_MAPS: Final = frozenset({dict, Keyed})
_SAME_ONLY: Final = frozenset({str, bool, bytes, Timestamp, Duration})


def equal(a: Value, b: Value) -> bool:
    """Numbers of all kinds compare by size; values of different kinds are never equal.

    Raises Failure for a value of Kubernetes' libraries and one of another kind, which in lists and maps counts as
    equal.
    """
    kind, other = type(a), type(b)
    if kind is str:
        return other is str and bool(a == b)
    if kind in _NUMBERS:
        return other in _NUMBERS and _same_number(a, b)
    if kind in _MAPS and other in _MAPS:
        return len(a) == len(b) and all(_has_equal(b, *entry) for entry in a.items())
    if isinstance(a, Opaque) and b is not None and not a.compares_with(b):
        raise no_overload()
    if kind is not other:
        return False
    if kind is list:
        return len(a) == len(b) and all(map(_may_be_equal, a, b))
    if kind is Optional:
        return a.present == b.present and (not a.present or equal(a.value, b.value))
    return bool(a == b)


def _same_number(a: Value, b: Value) -> bool:
    """Beside a double an integer counts as the double that is nearest to it, as in cel-go's compare.go."""
    if isinstance(a, float) or isinstance(b, float):
        return float(a) == float(b)
    return bool(a == b)


def _may_be_equal(a: Value, b: Value) -> bool:
    """What cannot be compared is not unequal."""
    try:
        return equal(a, b)
    except Failure:
        return True


def is_equal(a: Value, b: Value) -> bool:
    """What cannot be compared is not equal."""
    try:
        return equal(a, b)
    except Failure:
        return False


def _has_equal(values: Mapping[Value, Value], key: Value, value: Value) -> bool:
    found = values.get(key, UNSET) if type(key) is str else find(values, plain(key))
    return found is not UNSET and _may_be_equal(value, found)


def contains(item: Value, container: Value) -> bool:
    """`item in container`."""
    kind = type(container)
    if kind in _MAPS:
        return has_key(container, item)
    if kind is not list:
        raise no_overload()
    if type(item) is str:
        return item in container
    return any(is_equal(item, other) for other in container)


def compare(a: Value, b: Value, name: str) -> int:
    """-1, 0 or 1. `name` is the operator's, for the error."""
    kind, other = type(a), type(b)
    if kind in _NUMBERS:
        if other not in _NUMBERS:
            raise no_overload()
        return _compared_numbers(a, b)
    if kind not in _SAME_ONLY:
        raise no_overload(name)
    if kind is not other:
        raise no_overload()
    return int(a > b) - int(a < b)


def _compared_numbers(a: Value, b: Value) -> int:
    if isinstance(a, float) or isinstance(b, float):
        a, b = float(a), float(b)
        if math.isnan(a) or math.isnan(b):
            raise Failure("NaN values cannot be ordered")
    return int(a > b) - int(a < b)


def less(a: Value, b: Value) -> bool:
    """`a < b`."""
    return compare(a, b, "_<_") < 0


def less_equal(a: Value, b: Value) -> bool:
    """`a <= b`."""
    return compare(a, b, "_<=_") <= 0


def greater(a: Value, b: Value) -> bool:
    """`a > b`."""
    return compare(a, b, "_>_") > 0


def greater_equal(a: Value, b: Value) -> bool:
    """`a >= b`."""
    return compare(a, b, "_>=_") >= 0
