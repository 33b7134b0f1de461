"""Numbers: the operators + - * / %, rounding, bits and ranges (OPA's topdown/arithmetic.go, bits.go, numbers.go)."""

from __future__ import annotations

from typing import Final

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import big_integer, none_of, number, unfit
from constraints.rego.values import bigfloat
from constraints.rego.values.bigfloat import Big, big
from constraints.rego.values.kinds import RegoSet, Value, is_number
from constraints.rego.values.number import Number, is_negative, whole
from constraints.rego.values.sizes import FEW, LARGEST_TEXT, fit, fit_items, spend

_EXACT: Final = 1 << 64  # integers below need no rounding
_SMALL: Final = 1000
_HALF: Final[Big] = (1, -1)
_MINUS_HALF: Final[Big] = (-1, -1)
_SHIFT_LIMIT: Final = 3_500_000  # bits; nothing has more


@builtin("plus", "number", "number", result="number")
def plus(a: Value, b: Value) -> Number:
    """`a + b`."""
    if type(a) is int and type(b) is int:
        result = a + b
        if -_EXACT < result < _EXACT and -_EXACT < a < _EXACT and -_EXACT < b < _EXACT:
            return result
    exact = bigfloat.number(bigfloat.added(big(number(a, 1)), big(number(b, 2))))
    return exact or signed_zero(a, b, is_negative(a) and is_negative(b))


@builtin("minus", "number|set", "number|set", result="number|set")
def minus(a: Value, b: Value) -> Number | RegoSet:
    """`a - b` of numbers or of sets."""
    if type(a) is int and type(b) is int:
        result = a - b
        if -_EXACT < result < _EXACT and -_EXACT < a < _EXACT and -_EXACT < b < _EXACT:
            return result
    if is_number(a) and is_number(b):
        exact = bigfloat.number(bigfloat.added(big(a), bigfloat.negated(big(b))))
        return exact or signed_zero(a, b, is_negative(a) and not a and not b and not is_negative(b))
    if isinstance(a, RegoSet) and isinstance(b, RegoSet):
        return difference(a, b)
    if not is_number(a) and not isinstance(a, RegoSet):
        raise none_of(1, a, "number", "set")
    raise none_of(2, b, "set" if is_number(b) else "number")


def difference(a: RegoSet, b: RegoSet) -> RegoSet:
    """The members of `a` that `b` has not."""
    size = len(a.by_key)
    if size > FEW:
        spend(size)
    return RegoSet({key: member for key, member in a.by_key.items() if key not in b.by_key})


@builtin("mul", "number", "number", result="number")
def mul(a: Value, b: Value) -> Number:
    """`a * b`."""
    if type(a) is int and type(b) is int:
        result = a * b
        if result and -_EXACT < result < _EXACT and -_EXACT < a < _EXACT and -_EXACT < b < _EXACT:
            return result
    exact = bigfloat.number(bigfloat.multiplied(big(number(a, 1)), big(number(b, 2))))
    return exact or signed_zero(a, b, is_negative(a) != is_negative(b))


@builtin("div", "number", "number", result="number")
def div(a: Value, b: Value) -> Number:
    """`a / b`: an integer where it is one."""
    dividend, divisor = big(number(a, 1)), big(number(b, 2))
    if not divisor[0]:
        raise BuiltinError("divide by zero")
    return bigfloat.number(bigfloat.divided(dividend, divisor)) or (-0.0 if is_negative(a) != is_negative(b) else 0)


def signed_zero(a: Value, b: Value, negative: bool) -> Number:
    """A result that is 0: small whole numbers, of which -0 is one, have no sign of it, and others keep it."""
    return -0.0 if negative and not (_is_small(a) and _is_small(b)) else 0


def _is_small(value: Value) -> bool:
    """Whether OPA computes with it as with an integer, if the other one is small as well (inSmallIntRange)."""
    integer = whole(value)
    return integer is not None and -_SMALL < integer < _SMALL


@builtin("rem", "number", "number", result="number")
def rem(a: Value, b: Value) -> int:
    """`a % b` of integers, with the sign of `a`."""
    dividend, divisor = big(number(a, 1)), big(number(b, 2))
    if not bigfloat.is_integral(dividend) or not bigfloat.is_integral(divisor):
        raise BuiltinError("modulo on floating-point number")
    x, y = bigfloat.truncated(dividend), bigfloat.truncated(divisor)
    if y % _EXACT == 0:  # OPA looks at the last 64 bits
        raise BuiltinError("modulo by zero")
    return abs(x) % abs(y) if x >= 0 else -(abs(x) % abs(y))


@builtin("abs", "number", result="number")
def absolute(a: Value) -> Number:
    """Without its sign."""
    mantissa, exponent = big(number(a, 1))
    return bigfloat.number((abs(mantissa), exponent))


@builtin("round", "number", result="number")
def round_(a: Value) -> int:
    """To the nearest integer, away from 0 when halfway."""
    value = big(number(a, 1))
    return bigfloat.truncated(bigfloat.added(value, _MINUS_HALF if value[0] < 0 else _HALF))


@builtin("ceil", "number", result="number")
def ceil(a: Value) -> int:
    """The next integer that is not less; 1 for what lies between -1 and 0, as in OPA."""
    value = big(number(a, 1))
    result = bigfloat.truncated(value)
    return result if result < 0 or bigfloat.is_integral(value) else result + 1


@builtin("floor", "number", result="number")
def floor(a: Value) -> int:
    """The next integer that is not greater; 0 for what lies between -1 and 0, as in OPA."""
    value = big(number(a, 1))
    result = bigfloat.truncated(value)
    return result if result >= 0 or bigfloat.is_integral(value) else result - 1


@builtin("bits.or", "number", "number", result="number")
def bits_or(a: Value, b: Value) -> int:
    """Of two's complements."""
    return big_integer(a, 1) | big_integer(b, 2)


@builtin("bits.and", "number", "number", result="number")
def bits_and(a: Value, b: Value) -> int:
    """Of two's complements."""
    return big_integer(a, 1) & big_integer(b, 2)


@builtin("bits.xor", "number", "number", result="number")
def bits_xor(a: Value, b: Value) -> int:
    """Of two's complements."""
    return big_integer(a, 1) ^ big_integer(b, 2)


@builtin("bits.negate", "number", result="number")
def bits_negate(a: Value) -> int:
    """All bits turned: -a - 1."""
    return ~big_integer(a, 1)


@builtin("bits.lsh", "number", "number", result="number")
def bits_lsh(a: Value, b: Value) -> int:
    """`a * 2^b`."""
    value, shift = big_integer(a, 1), _shift(b)
    if value and value.bit_length() + shift > _SHIFT_LIMIT:
        fit(shift + LARGEST_TEXT)
    return value << shift if value else 0


@builtin("bits.rsh", "number", "number", result="number")
def bits_rsh(a: Value, b: Value) -> int:
    """`a / 2^b`, towards minus infinity."""
    return big_integer(a, 1) >> min(_shift(b), _SHIFT_LIMIT)


def _shift(value: Value) -> int:
    shift = big_integer(value, 2)
    if shift < 0:
        raise unfit(2, "must be an unsigned integer number but got a negative integer")
    return shift % _EXACT


@builtin("numbers.range", "number", "number", result="array[number]")
def numbers_range(first: Value, last: Value) -> list[int]:
    """From first to last, both included, up or down."""
    return _range(big_integer(first, 1), big_integer(last, 2), 1)


@builtin("numbers.range_step", "number", "number", "number", result="array[number]")
def numbers_range_step(first: Value, last: Value, step: Value) -> list[int]:
    """From first towards last, never beyond."""
    start, stop, width = big_integer(first, 1), big_integer(last, 2), big_integer(step, 3)
    if width <= 0:
        raise BuiltinError("numbers.range_step: step must be a positive integer")
    return _range(start, stop, width)


def _range(first: int, last: int, step: int) -> list[int]:
    size = abs(last - first) // step + 1
    fit_items(size)
    return list(range(first, last + 1, step) if first <= last else range(first, last - 1, -step))
