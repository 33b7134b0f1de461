"""OPA's arithmetic: binary floating point with mantissas of 64 bits, and the shortest decimal digits of its results.

A Big is a mantissa with its sign and a power of two. Every result is rounded to 64 bits, to even when halfway; integers
beyond 64 bits are no exception, for OPA computes with Go's big.Float at its default precision.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from constraints.errors import EvaluationError
from constraints.rego.values.digits import EXACT, integer_of, integer_text, power_of_two
from constraints.rego.values.number import Number, number_from_digits, number_text
from constraints.rego.values.sizes import lasting, spend

Big = tuple[int, int]

PRECISION: Final = 64
_FIVE_PRECISION: Final = PRECISION + 64  # Go reads powers of five with this many bits, and so do we to round alike
_LAST_EXACT_FIVE: Final = 27  # the last power of five in Go's table
_EXPONENT_LIMIT: Final = 3_400_000  # of what is written out, a million digits; OPA goes on to 2^31, and takes its time
_SMALLEST_EXPONENT: Final = -(1 << 18)  # of a fraction, for which OPA takes longer still
_SHORT: Final = 4096
_DECIMAL: Final = re.compile(r"([-+]?)([0-9]*)\.?([0-9]*)(?:[eE]([-+]?[0-9]+))?")


def rounded(mantissa: int, exponent: int, bits: int = PRECISION) -> Big:
    """To so many bits, half to even."""
    size = abs(mantissa)
    extra = size.bit_length() - bits
    if extra <= 0:
        return mantissa, exponent
    kept, rest, half = size >> extra, size & ((1 << extra) - 1), 1 << (extra - 1)
    if rest > half or (rest == half and kept & 1):
        kept += 1
    return (kept if mantissa > 0 else -kept), exponent + extra


def big(value: Number) -> Big:
    """A number, rounded to 64 bits."""
    if isinstance(value, int):
        return rounded(value, 0)
    return read(float.__repr__(value) if isinstance(value, float) else number_text(value))


@lasting(4096)
def read(text: str) -> Big:
    """What is written, rounded to 64 bits as Go's big.Float reads it."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a decimal number")
    sign, integer, fraction, exponent = found.groups()
    mantissa = integer_of(integer + fraction or "0") * (-1 if sign == "-" else 1)
    ten = int(exponent or 0) - len(fraction)
    if ten >= 0:
        return multiplied((mantissa, ten), _power_of_five(ten))
    return divided((mantissa, ten), _power_of_five(-ten))


def _power_of_five(power: int) -> Big:
    """5 to the `power`, with 128 bits, by squaring."""
    if power <= _LAST_EXACT_FIVE:
        return 5**power, 0
    result: Big = (5**_LAST_EXACT_FIVE, 0)
    factor: Big = (5, 0)
    power -= _LAST_EXACT_FIVE
    while power:
        if power & 1:
            result = multiplied(result, factor, _FIVE_PRECISION)
        factor = multiplied(factor, factor, _FIVE_PRECISION + 64)
        power >>= 1
    return result


def added(a: Big, b: Big) -> Big:
    """Their sum."""
    low = min(a[1], b[1])
    return rounded((a[0] << (a[1] - low)) + (b[0] << (b[1] - low)), low)


def negated(a: Big) -> Big:
    """The other sign."""
    return -a[0], a[1]


def multiplied(a: Big, b: Big, bits: int = PRECISION) -> Big:
    """Their product."""
    return rounded(a[0] * b[0], a[1] + b[1], bits)


def divided(a: Big, b: Big) -> Big:
    """Their quotient; b is not 0."""
    shift = max(0, PRECISION + 2 + abs(b[0]).bit_length() - abs(a[0]).bit_length())
    quotient, rest = divmod(abs(a[0]) << shift, abs(b[0]))
    sticky = quotient << 1 | (rest != 0)  # a bit beyond the last one, so that halfway is told from a little more
    return rounded(sticky if (a[0] < 0) == (b[0] < 0) else -sticky, a[1] - b[1] - shift - 1)


def is_integral(a: Big) -> bool:
    """Whether nothing stands behind the point."""
    return a[1] >= 0 or not a[0] & ((1 << -a[1]) - 1)


def truncated(a: Big) -> int:
    """The integer towards 0, exactly."""
    size = abs(a[0]) << a[1] if a[1] >= 0 else abs(a[0]) >> -a[1]
    return size if a[0] > 0 else -size


def number(a: Big) -> Number:
    """As OPA writes a result down: the fewest decimal digits that read back as the same 64 bits."""
    mantissa, exponent = a
    if not _SMALLEST_EXPONENT <= exponent <= _EXPONENT_LIMIT:
        raise EvaluationError("a number is out of range", code="eval_builtin_error")
    if is_integral(a):
        integer = truncated(a)
        if integer.bit_length() <= PRECISION:
            return integer
    digits, point = _shortest(abs(mantissa), exponent)
    return number_from_digits(-1 if mantissa < 0 else 1, digits, point)


def _decimal(mantissa: int, exponent: int) -> tuple[str, int]:
    """All its digits without zeros at the end, and where the point stands in them."""
    if exponent > _SHORT:
        spend(exponent >> 3)
        digits, behind = f"{EXACT.multiply(Decimal(mantissa), power_of_two(exponent)):f}", 0
    elif exponent >= 0:
        digits, behind = integer_text(mantissa << exponent), 0
    else:
        digits, behind = integer_text(mantissa * 5**-exponent), -exponent
    return digits.rstrip("0"), len(digits) - behind


def _shortest(mantissa: int, exponent: int) -> tuple[str, int]:
    """The digits of a number, cut where they are told from those half a unit below and above (Go's big.Float.Text)."""
    shift = PRECISION + 1 - mantissa.bit_length()
    digits, point = _decimal(mantissa, exponent)
    half_units, scale = mantissa << shift, exponent - shift
    lower, upper = _decimal(half_units - 1, scale)[0], _decimal(half_units + 1, scale)[0]
    even = not half_units & 2  # the neighbours halfway round to this number too
    for index, digit in enumerate(digits):
        low = lower[index : index + 1] or "0"
        high = upper[index : index + 1] or "0"
        down = low != digit or (even and index + 1 == len(lower))
        up = digit != high and (even or int(digit) + 1 < int(high) or index + 1 < len(upper))
        if down or up:
            return _cut(digits, point, index + 1, up and (not down or _rounds_up(digits, index + 1)))
    return digits, point


def _rounds_up(digits: str, length: int) -> bool:
    rest = digits[length:]
    if rest == "5":
        return int(digits[length - 1]) % 2 == 1
    return rest[:1] >= "5"


def _cut(digits: str, point: int, length: int, up: bool) -> tuple[str, int]:
    kept = digits[:length]
    if up and length < len(digits):
        more = str(int(kept) + 1)
        kept, point = more, point + len(more) - length
    return kept.rstrip("0"), point
