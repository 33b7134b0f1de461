"""Integers of very many digits, to text and back, as steps of an evaluation."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from constraints.golang import digits
from constraints.golang.digits import EXACT as EXACT
from constraints.golang.digits import SHORT
from constraints.golang.digits import power_of_two as power_of_two
from constraints.rego.values.sizes import spend

_READ: Final = 6  # steps for a digit that is read
_WRITTEN: Final = 2  # steps for a bit that becomes digits
_RAISED: Final = 1  # steps for a digit of a power of ten


def integer_of(text: str) -> int:
    """An integer of any length; a sign may stand before its digits."""
    if len(text) > SHORT:
        significant = len(text.rstrip("0"))
        spend(significant * _READ + (len(text) - significant) * _RAISED)
    return digits.integer_of(text)


def power_of_ten(exponent: int) -> int:
    """10 to an exponent that is not negative."""
    if exponent > SHORT:
        spend(exponent * _RAISED)
    return int(10**exponent)  # never a negative one; mypy cannot know


def integer_text(value: int) -> str:
    """All digits of an integer of any length."""
    return str(value) if value.bit_length() <= SHORT else f"{decimal_of_integer(value):f}"


def decimal_of_integer(value: int) -> Decimal:
    """The same as a Decimal, exactly."""
    bits = value.bit_length()
    if bits > SHORT:
        spend(bits * _WRITTEN)
    return digits.decimal_of_integer(value)
