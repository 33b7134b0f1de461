"""Floats as Go's strconv, fmt and encoding/json write them: with the fewest digits that give the same number again."""

from __future__ import annotations

import math
from typing import Final

_GENERAL: Final = 6  # digits before the point, from which on `g` has an exponent
_JSON: Final = 21  # the same of JSON


def general(value: float) -> str:
    """`%g` and `%v`: `0.5`, `1e+06`, `1e-05`, `-0`, `+Inf`, `NaN`."""
    if not math.isfinite(value):
        return _odd(value)
    return general_of(*shortest(value))


def general32(value: float) -> str:
    """The same of what is left of it in a float32, with the digits that 32 bits need."""
    single = _single(value)
    if not math.isfinite(single):
        return _odd(single)
    return general(next(short for digits in range(9) if _single(short := float(f"{single:.{digits}e}")) == single))


def plain(value: float) -> str:
    """`f` without an exponent, however large it is."""
    if not math.isfinite(value):
        return _odd(value)
    sign, digits, point = shortest(value)
    return sign + plain_of(digits, point)


def json_number(value: float) -> str:
    """As JSON has it, for a finite one: with an exponent below 1e-6 and from 1e21 on, `1e-7`."""
    sign, digits, point = shortest(value)
    if -_GENERAL < point <= _JSON:
        return sign + plain_of(digits, point)
    return f"{sign}{_mantissa(digits)}e{point - 1:+}"


def shortest(value: float) -> tuple[str, str, int]:
    """Sign, digits without zeros at either end (`0` for zero), and how many of them stand before the point."""
    text = float.__repr__(value)
    sign = "-" if text[0] == "-" else ""
    mantissa, _, exponent = text[len(sign) :].partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    if not digits:
        return sign, "0", 1
    point = len(digits) - len(fraction) + int(exponent or 0)
    return sign, digits.rstrip("0"), point


def general_of(sign: str, digits: str, point: int) -> str:
    """`%g` of 0.`digits` times 10 to the `point`, `digits` without zeros at either end."""
    if -4 < point <= _GENERAL:
        return sign + plain_of(digits, point)
    return f"{sign}{_mantissa(digits)}e{point - 1:+03d}"


def plain_of(digits: str, point: int) -> str:
    """0.`digits` times 10 to the `point`, without an exponent."""
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    if len(digits) <= point:
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def _mantissa(digits: str) -> str:
    return f"{digits[0]}.{digits[1:]}" if len(digits) > 1 else digits


def _odd(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _single(value: float) -> float:
    import struct  # late: a library that few runs need

    try:
        return float(struct.unpack("f", struct.pack("f", value))[0])
    except OverflowError:
        return math.copysign(math.inf, value)
