"""`units.parse` and `units.parse_bytes`: quantities with a unit (facts: OPA's topdown/parse_units.go,
parse_bytes.go).
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from constraints.errors import EvaluationError
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import string
from constraints.rego.values.bigfloat import multiplied, read, truncated
from constraints.rego.values.digits import EXACT
from constraints.rego.values.kinds import Value
from constraints.rego.values.number import Number, number_of
from constraints.rego.values.sizes import spend

_LETTERS: Final = "kmgtpe"
_DECIMAL: Final = {letter: 1000**power for power, letter in enumerate(_LETTERS, 1)}
_BINARY: Final = {f"{letter}i": 1024**power for power, letter in enumerate(_LETTERS, 1)}
_BYTES: Final = {"": 1, **_DECIMAL, **_BINARY} | {f"{unit}b": size for unit, size in (_DECIMAL | _BINARY).items()}
_UNITS: Final = {
    "": Decimal(1),
    "m": Decimal(0.001),  # noqa: RUF032  # the double, as OPA has it
    "M": Decimal(1000**2),
    **{unit: Decimal(size) for unit, size in _DECIMAL.items() if unit != "m"},
    **{unit.upper(): Decimal(size) for unit, size in _DECIMAL.items()},
    **{unit: Decimal(size) for unit, size in _BINARY.items()},
    **{unit.capitalize(): Decimal(size) for unit, size in _BINARY.items()},
}
_AMOUNT: Final = re.compile(r"(?:[0-9.+-]|[eE](?=[0-9+-])[+-]?([0-9]*))*")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_EXPONENT: Final = re.compile("[eE][+-]?([0-9]*)")
_LARGEST_EXPONENT: Final = 6  # digits
_DIGITS: Final = 1_000_000  # OPA takes more, and seconds for them
_TEN_PLACES: Final = Decimal("1e-10")


def _split(text: str, name: str) -> tuple[str, str]:
    """The amount and its unit."""
    if " " in text:
        raise BuiltinError(f"{name}: spaces not allowed in resource strings")
    found = _AMOUNT.match(text)
    end = found.end() if found else 0
    if any(len(digits) > _LARGEST_EXPONENT for digits in _EXPONENT.findall(text[:end])):
        raise BuiltinError(f"{name}: exponent too large")
    return text[:end], text[end:]


def _amount(text: str, name: str, what: str) -> str:
    if not text:
        raise BuiltinError(f"{name}: no {what} provided")
    if not _NUMBER.fullmatch(text):
        raise BuiltinError(f"{name}: could not parse {what} to a number")
    if len(text) > _DIGITS:
        raise EvaluationError(f"{name}: {what} {text[:40]} is out of range", code="budget_exceeded")
    spend(len(text) >> 2)
    return text


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
    value = EXACT.multiply(Decimal(_amount(amount, name, "amount")), _UNITS[unit])
    if value == value.to_integral_value():
        return number_of(f"{value:f}".partition(".")[0]) or 0
    return number_of(f"{value.quantize(_TEN_PLACES, ROUND_HALF_UP, EXACT):f}")  # as Go's Rat.FloatString


@builtin("units.parse_bytes", "string", result="number")
def parse_bytes(quantity: Value) -> int:
    """The whole number of bytes of `10KB` or `10Ki`, upper or lower case."""
    name = "units.parse_bytes"
    amount, unit = _split(string(quantity, 1).lower().replace('"', ""), name)
    if not amount:
        raise BuiltinError(f"{name}: no byte amount provided")
    if unit not in _BYTES:
        raise BuiltinError(f"{name}: byte unit {unit} not recognized")
    spend(int((_EXPONENT.findall(amount) or "0")[0]))
    return truncated(multiplied(read(_amount(amount, name, "byte amount")), (_BYTES[unit], 0)))
