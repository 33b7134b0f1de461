"""`+ - * / %` and negation: both sides must be of one kind, and what does not fit 64 bits is an error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from constraints.cel.failures import Failure, no_overload
from constraints.cel.runtime import fitting, fitting_unsigned
from constraints.cel.values import INT_MIN, Duration, Timestamp, Uint, Value

Operation = Callable[[Value, Value], Value]
_TIMES: Final = frozenset({Timestamp, Duration})


def add(a: Value, b: Value) -> Value:
    """`a + b`."""
    kind = type(a)
    if kind is type(b):
        if kind is str or kind is list or kind is bytes or kind is float:
            return a + b
        if kind is int:
            return fitting(a + b)
        if kind is Uint:
            return fitting_unsigned(int(a) + int(b))
    if kind in _TIMES:
        return _later(a, b)
    return _mismatch("_+_", a, (str, list, bytes, float, int, Uint))


def _later(a: Value, b: Value) -> Value:
    if type(a) is Duration and type(b) is Duration:
        return Duration.checked(a.nanos + b.nanos)
    if type(a) is type(b) or type(b) not in _TIMES:
        raise no_overload()
    offset = a.offset if type(a) is Timestamp else b.offset
    return Timestamp.checked(a.nanos + b.nanos, offset)


def subtract(a: Value, b: Value) -> Value:
    """`a - b`."""
    kind = type(a)
    if kind in _TIMES:
        return _earlier(a, b)
    return _numbers("_-_", a, b, (lambda x, y: x - y, lambda x, y: x - y))


def _earlier(a: Value, b: Value) -> Value:
    if type(b) is Duration:
        nanos = a.nanos - b.nanos
        return Duration.checked(nanos) if type(a) is Duration else Timestamp.checked(nanos, a.offset)
    if type(a) is Timestamp and type(b) is Timestamp:
        return Duration.checked(a.nanos - b.nanos)
    raise no_overload()


def multiply(a: Value, b: Value) -> Value:
    """`a * b`."""
    return _numbers("_*_", a, b, (lambda x, y: x * y, lambda x, y: x * y))


def divide(a: Value, b: Value) -> Value:
    """`a / b`; integers towards zero."""
    return _numbers("_/_", a, b, (_quotient, _ratio))


def remainder(a: Value, b: Value) -> Value:
    """`a % b`, with the sign of `a`."""
    if type(a) is float:
        raise no_overload("_%_")
    return _numbers("_%_", a, b, (_rest, _ratio))


def negative(value: Value) -> Value:
    """`-value`."""
    if type(value) is int:
        return fitting(-value)
    if type(value) is float:
        return -value
    if type(value) is Duration:
        return Duration.checked(-value.nanos)
    raise no_overload("" if type(value) in (bool, str, Timestamp) else "-_")


def _numbers(name: str, a: Value, b: Value, operations: tuple[Operation, Operation]) -> Value:
    kind = type(a)
    if kind is type(b):
        if kind is int:
            return fitting(operations[0](a, b))
        if kind is float:
            return operations[1](a, b)
        if kind is Uint:
            return fitting_unsigned(operations[0](int(a), int(b)))
    return _mismatch(name, a, (float, int, Uint))


def _mismatch(name: str, a: Value, kinds: tuple[type, ...]) -> Value:
    """In cel-go texts and times are asked whether they have such a method."""
    raise no_overload("" if type(a) in (*kinds, str, Timestamp, Duration) else name)


def _quotient(a: int, b: int) -> int:
    if b == 0:
        raise Failure("division by zero")
    found = abs(a) // abs(b)
    return found if (a < 0) == (b < 0) else -found


def _rest(a: int, b: int) -> int:
    if b == 0:
        raise Failure("modulus by zero")
    if a == INT_MIN and b == -1:  # as processors see it: the quotient does not fit
        raise Failure("integer overflow")
    found = abs(a) % abs(b)
    return -found if a < 0 else found


def _ratio(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)
