"""Integers of very many digits, to text and back, in less than the square of their length.

Python's own conversions take seconds for 100,000 digits, cannot be interrupted, and refuse more than some thousand.
Here the number is halved until a half is short; the halves meet again in multiplications, the fast ones of `decimal` to
text.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import cache
from typing import Final

EXACT: Final = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
"""Decimals of any length. Threads may share it: nothing is raised, and nobody reads its flags."""

SHORT: Final = 2000
"""Digits, or bits; below, Python's own conversion is the fastest, and allowed."""


def integer_of(digits: str) -> int:
    """An integer of any length; a sign may stand before its digits."""
    if len(digits) <= SHORT:
        return int(digits)
    significant = digits.rstrip("0")
    zeros = len(digits) - len(significant)
    value = _read(significant.lstrip("+-"), cache(lambda power: int(5**power))) * int(10**zeros)
    return -value if digits[0] == "-" else value


def _read(digits: str, five: Callable[[int], int]) -> int:
    if len(digits) <= SHORT:
        return int(digits or "0")
    lower = len(digits) >> 1
    return ((_read(digits[:-lower], five) * five(lower)) << lower) + _read(digits[-lower:], five)


def integer_text(value: int) -> str:
    """All digits of an integer of any length."""
    return int.__repr__(value) if value.bit_length() <= SHORT else f"{decimal_of_integer(value):f}"


def decimal_of_integer(value: int) -> Decimal:
    """The same as a Decimal, exactly."""
    bits = value.bit_length()
    if bits <= SHORT:
        return Decimal(value)
    size = _written(abs(value), bits, cache(power_of_two))
    return size.copy_negate() if value < 0 else size  # `-size` would be rounded


def _written(value: int, bits: int, two: Callable[[int], Decimal]) -> Decimal:
    if bits <= SHORT:
        return Decimal(value)
    half = bits >> 1
    upper = value >> half
    return EXACT.fma(_written(upper, bits - half, two), two(half), _written(value - (upper << half), half, two))


def power_of_two(exponent: int) -> Decimal:
    """2 to an exponent that is not negative, exactly."""
    if exponent <= SHORT:
        return Decimal(1 << exponent)
    half = power_of_two(exponent >> 1)
    square = EXACT.multiply(half, half)
    return EXACT.add(square, square) if exponent & 1 else square
