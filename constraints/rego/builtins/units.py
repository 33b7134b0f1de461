"""`units.parse` and `units.parse_bytes`: quantities with a unit (facts: OPA's topdown/parse_units.go, parse_bytes.go)."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

from constraints.errors import EvaluationError
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import string
from constraints.rego.number import Number, integer_text, number_of
from constraints.rego.values import Value

_LETTERS: Final = "kmgtpe"
_DECIMAL: Final = {letter: 1000**power for power, letter in enumerate(_LETTERS, 1)}
_BINARY: Final = {f"{letter}i": 1024**power for power, letter in enumerate(_LETTERS, 1)}
_BYTES: Final = {"": 1, **_DECIMAL, **_BINARY} | {f"{unit}b": size for unit, size in (_DECIMAL | _BINARY).items()}
_UNITS: Final = {
    "": Fraction(1),
    "m": Fraction(0.001),  # the double, as OPA has it
    "M": Fraction(1000**2),
    **{unit: Fraction(size) for unit, size in _DECIMAL.items() if unit != "m"},
    **{unit.upper(): Fraction(size) for unit, size in _DECIMAL.items()},
    **{unit: Fraction(size) for unit, size in _BINARY.items()},
    **{unit.capitalize(): Fraction(size) for unit, size in _BINARY.items()},
}
_AMOUNT: Final = re.compile(r"(?:[0-9.+-]|[eE](?=[0-9+-])[+-]?([0-9]*))*")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_EXPONENT: Final = re.compile("[eE][+-]?([0-9]*)")
_LARGEST_EXPONENT: Final = 6  # digits
_DIGITS: Final = 20_000  # OPA takes more, and long for them
_MANTISSA: Final = 64  # bits of Go's big.Float


def _split(text: str, name: str) -> tuple[str, str]:
    """The amount and its unit."""
    if " " in text:
        raise BuiltinError(f"{name}: spaces not allowed in resource strings")
    found = _AMOUNT.match(text)
    end = found.end() if found else 0
    if any(len(digits) > _LARGEST_EXPONENT for digits in _EXPONENT.findall(text[:end])):
        raise BuiltinError(f"{name}: exponent too large")
    return text[:end], text[end:]


def _amount(text: str, name: str, what: str) -> Fraction:
    if not text:
        raise BuiltinError(f"{name}: no {what} provided")
    if not _NUMBER.fullmatch(text):
        raise BuiltinError(f"{name}: could not parse {what} to a number")
    if len(text) > _DIGITS or any(int(digits) > _DIGITS for digits in _EXPONENT.findall(text)):
        raise EvaluationError(f"{name}: {what} {text[:40]} is out of range", code="budget_exceeded")
    return Fraction(Decimal(text))


@builtin("units.parse", "string", result="number")
def parse(quantity: Value) -> Number:
    """The number of `100m` or `2Gi`; `m` is a thousandth and `M` a million."""
    name = "units.parse"
    amount, unit = _split(string(quantity, 1).replace('"', ""), name)
    if not amount:
        raise BuiltinError(f"{name}: no amount provided")
    unit = unit[:1] + unit[1:].lower()
    if unit not in _UNITS:
        raise BuiltinError(f"{name}: unit {unit} not recognized")
    value = _amount(amount, name, "amount") * _UNITS[unit]
    if value.denominator == 1:
        return value.numerator
    return number_of(_ten_places(value))


def _ten_places(value: Fraction) -> str:
    """Ten digits behind the point, halves away from zero, as Go's Rat.FloatString."""
    scaled = (2 * abs(value.numerator) * 10**10 + value.denominator) // (2 * value.denominator)
    whole, rest = divmod(scaled, 10**10)
    return f"{'-' if value < 0 else ''}{integer_text(whole)}.{rest:010d}"


@builtin("units.parse_bytes", "string", result="number")
def parse_bytes(quantity: Value) -> int:
    """The whole number of bytes of `10KB` or `10Ki`, upper or lower case."""
    name = "units.parse_bytes"
    amount, unit = _split(string(quantity, 1).lower().replace('"', ""), name)
    if not amount:
        raise BuiltinError(f"{name}: no byte amount provided")
    if unit not in _BYTES:
        raise BuiltinError(f"{name}: byte unit {unit} not recognized")
    value = _rounded(_rounded(_amount(amount, name, "byte amount")) * _BYTES[unit])
    return int(value)


def _rounded(value: Fraction) -> Fraction:
    """To the mantissa that OPA computes with, halves to even."""
    if not value:
        return value
    shift = _MANTISSA - (abs(value.numerator).bit_length() - value.denominator.bit_length())
    scale = Fraction(2) ** shift
    kept = round(value * scale)
    extra = abs(kept).bit_length() - _MANTISSA
    if extra > 0:
        scale /= 2**extra
        kept = round(value * scale)
    return kept / scale
