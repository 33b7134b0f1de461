"""Rego's numbers: what they are in Python, their text and their exact value.

OPA keeps a number as its text, whoever wrote it: a policy, a reader, a builtin. Here

- an integer is an int;
- any other number is a float where that has the same shortest decimal digits, and a Decimal where no float has;
- the text of both is Go's shortest `g` form: `1.5`, `1e-07`, `1.0000005e+06`, with an exponent from 1e6 on. So is that
  of an integral float: 2e6 as a float prints `2e+06`, and 3.0 prints `3`;
- a number that somebody wrote in another form (`1.0`, `1e3`) is a LiteralFloat or LiteralDecimal, which keeps its text.

Hence the one switch between an audit and gator (golden/FORMAT.md): a reader that wants gator's numbers, all of them
float64, hands integers on as floats from 1e6 on and as ints below. Both compute alike, and only their text differs.
A float means the decimal number that it prints, as it does for OPA: 9.223372036854776e+18 is 9223372036854776000.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from constraints.golang import floats
from constraints.rego.values.digits import decimal_of_integer, power_of_ten
from constraints.rego.values.digits import integer_of as integer_of
from constraints.rego.values.digits import integer_text as integer_text

Number = int | float | Decimal

_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
"""How JSON writes a number."""

_SIGNED: Final = re.compile(r"[-+]?[0-9]+")
_MOST_DIGITS: Final = 1_000_000  # OPA takes more from JSON, and seconds to compare them
_MODERATE: Final = 1 << 31
_SAFE: Final = 1 << 53  # below, a float and the decimal number that it prints compare alike with integers
_NORMAL: Final = 2.2250738585072014e-308  # below, a float has fewer digits, or is 0
_PLAIN: Final = 1_000_000  # from here on, and below 1e-4, the text has an exponent
_INT64: Final = 1 << 63
_SHORT: Final = 1000  # digits that Python turns into an integer at once


class OutOfRange(ValueError):
    """A number with more digits than are computed with here; OPA has no such bound."""


class LiteralFloat(float):
    """A number that a float holds, with the text that it was written in, which Python may not be able to read."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str, value: float) -> LiteralFloat:
        self = super().__new__(cls, value)
        self.text = text
        return self


class LiteralDecimal(Decimal):
    """A number that no float holds, with the text that it was written in."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> LiteralDecimal:
        self = super().__new__(cls, text)
        self.text = text
        return self


def number_of(text: str) -> Number:
    """The number that a policy or JSON writes as `text`. Raises ValueError for one with too many digits."""
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            raise OutOfRange(f"number {text[:40]} is out of range")
        return LiteralFloat(text, -0.0) if text == "-0" else integer_of(text)
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text[:40]!r} is not a number") from error
    if value and abs(value.adjusted()) > _MOST_DIGITS:
        raise OutOfRange(f"number {text[:40]} is out of range")
    nearest = float(text)
    if Decimal(repr(nearest)) == value:
        return nearest if number_text(nearest) == text else LiteralFloat(text, nearest)
    return value if number_text(value) == text else LiteralDecimal(text)


def number_from_digits(sign: int, digits: str, point: int) -> Number:
    """A number as arithmetic makes it: 0.`digits` times 10 to the `point`, `digits` without zeros at the end."""
    if len(digits) <= point:
        return sign * int(digits or "0") * power_of_ten(point - len(digits))
    value = Decimal(f"{'-' if sign < 0 else ''}{digits}e{point - len(digits)}")
    nearest = float(value)
    fits = len(digits) < 16 and abs(nearest) >= _NORMAL
    return nearest if fits or Decimal(repr(nearest)) == value else value


def number_text(value: Number) -> str:
    """As OPA prints it."""
    if isinstance(value, int):
        return str(value) if -_INT64 < value < _INT64 else integer_text(value)
    if isinstance(value, LiteralFloat | LiteralDecimal):
        return value.text
    if type(value) is float and 1e-4 <= abs(value) < _PLAIN:
        return repr(value).removesuffix(".0")
    return general(value) if value else "-0" if str(value).startswith("-") else "0"


def general(value: float | int | Decimal) -> str:
    """Go's shortest `g` form of a number that is not 0."""
    if isinstance(value, float):
        return floats.general(value)
    sign, numerals, exponent = decimal_of(value).as_tuple()
    digits = "".join(map(str, numerals))
    point = len(digits) + int(exponent)  # finite: never one of the letters that a Decimal may have instead
    return floats.general_of("-" if sign else "", digits.rstrip("0"), point)


def decimal_of(value: Number) -> Decimal:
    """The decimal number that it means."""
    if isinstance(value, float):
        return Decimal(float.__repr__(value))
    return value if isinstance(value, Decimal) else decimal_of_integer(value)


def exact(value: Number) -> int | Decimal:
    """What it means, so that Python's comparison, equality and hash are Rego's."""
    if isinstance(value, int):
        return value
    if isinstance(value, float) and -_SAFE < value < _SAFE and value.is_integer():
        return int(value)
    meant = decimal_of(value)
    return _integer(meant) if meant == meant.to_integral_value() else meant


def _integer(meant: Decimal) -> int:
    return int(meant) if meant.adjusted() < _SHORT else integer_of(f"{meant:f}".partition(".")[0])


def compare_numbers(a: Number, b: Number) -> int:
    """-1, 0 or 1."""
    if not (type(a) is int and type(b) is int):
        a, b = exact(a), exact(b)
    return (a > b) - (a < b)


def number_key(value: float | Decimal) -> object:
    """What equal numbers share; for any that is no int."""
    if isinstance(value, float) and -_SAFE < value < _SAFE:
        return value
    meant = exact(value)
    return meant if isinstance(meant, int) else ("n", meant)  # a Decimal may equal a float that prints otherwise


def is_negative(value: Number) -> bool:
    """Whether it is below 0, or -0."""
    return value < 0 if isinstance(value, int) else str(value).startswith("-")


def is_moderate(value: object) -> bool:
    """Whether it is an integer whose sum or product with another such one is exact in 64 bits."""
    return type(value) is int and -_MODERATE < value < _MODERATE


def whole(value: object) -> int | None:
    """The integer of 64 bits that its text is; None for any other number or value, as are `1.0` and `1e+06`."""
    if type(value) is int:
        return value if -_INT64 <= value < _INT64 else None
    if type(value) is float and -_PLAIN < value < _PLAIN and value.is_integer():
        return int(value)
    if type(value) is LiteralFloat and _SIGNED.fullmatch(value.text):
        return whole(int(value.text))
    return None
