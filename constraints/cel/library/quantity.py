"""Kubernetes' quantities: `100m`, `1.5Gi`. Exact, and written as Kubernetes writes them."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, Final

from constraints.cel.failures import Failure
from constraints.cel.overloads import function, method
from constraints.cel.values import INT_MAX, INT_MIN, Opaque
from constraints.dataclass import value

_WRONG: Final = r"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_SUFFIX: Final = "unable to parse quantity's suffix"
_SHAPE: Final = re.compile(r"([+-]?)0*([0-9]*)(?:(\.)([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)\Z", re.ASCII)
_EXPONENT: Final = re.compile(r"[eE]([+-]?[0-9]+)\Z", re.ASCII)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_BINARY_NAMES: Final = {0: "", **{power: name for name, power in _BINARY.items()}}
_DECIMAL_NAMES: Final = {power: name for name, power in _DECIMAL.items()}
_SI, _EXP, _BIN = "DecimalSI", "DecimalExponent", "BinarySI"
_NANO: Final = Fraction(1, 10**9)
_LONGEST: Final = 100_000  # characters, and
_LARGEST_EXPONENT: Final = 1000  # of ten: what objects hold must not cost much
_EXACT_DIGITS: Final = 18
_SHORT: Final = 40  # characters of a quantity that is remembered
_DIRECT: Final = 4000  # digits that Python's own conversions take


@value
class Quantity(Opaque):
    """`amount` is mantissa * 10^scale. `fits`: Kubernetes holds it as 64 bits, so it may be an integer.

    `computed`: a sum, which is something else to Go: no quantity can be asked whether it equals one.
    """

    type_name: ClassVar[str] = "kubernetes.Quantity"
    mantissa: int
    scale: int
    format: str
    fits: bool
    text: str = ""
    computed: bool = False

    def compares_with(self, other: object) -> bool:
        """Not with a sum, as in Kubernetes."""
        return isinstance(other, Quantity) and not other.computed

    @property
    def amount(self) -> Fraction:
        """The exact value."""
        return Fraction(self.mantissa) * Fraction(10) ** self.scale

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and _compared(self, other) == 0

    def __hash__(self) -> int:
        return hash(self.amount)

    def __str__(self) -> str:
        return self.text or _canonical(self.amount, self.format)


def parse(text: str) -> Quantity:
    """Raises Failure."""
    sign, whole, _, fraction, suffix = _parts(text)
    power, form = _interpreted(suffix)
    if len(text) > _LONGEST:
        raise Failure(f"a quantity of {len(text)} characters is too long to be computed")
    whole, fraction = whole or "0", fraction or ""
    digits = whole + fraction
    number = -_number(digits) if sign == "-" else _number(digits)
    if form == _BIN:
        return _binary(text, number, len(whole), len(fraction), power)
    scale = power - len(fraction)
    if len(digits) > _EXACT_DIGITS or scale < -9:
        return _slow(Fraction(number) * Fraction(10) ** scale, form)
    kept = scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"
    return Quantity(number, scale, form, True, text if kept else "")


def _binary(text: str, number: int, whole: int, fraction: int, power: int) -> Quantity:
    """That of so many digits before and behind the point, times 2 to the `power`."""
    if not fraction and whole <= 14 - int(power * 3 / 10):
        mantissa = number << power
        if -INT_MAX <= mantissa <= INT_MAX:
            return Quantity(mantissa, 0, _BIN, True, text if number & 7 else "")
    return _slow(Fraction(number, 10**fraction) * 2**power, _BIN)


def _parts(text: str) -> tuple[str, ...]:
    found = _SHAPE.match(text) if text else None
    if not found:
        raise Failure(_SUFFIX if text[:2] in ("+-", "-+", "--", "++") else _WRONG)
    return found.groups()


def _number(digits: str) -> int:
    """What `int` gives, of more digits than Python reads at once, too."""
    return int(digits) if len(digits) < _DIRECT else int(Decimal(digits))


def _digits(number: int) -> str:
    return str(number) if abs(number) < 10**_DIRECT else f"{Decimal(number):f}"


def _interpreted(suffix: str) -> tuple[int, str]:
    if suffix in _DECIMAL:
        return _DECIMAL[suffix], _SI
    if suffix in _BINARY:
        return _BINARY[suffix], _BIN
    found = _EXPONENT.match(suffix)
    if not found or abs(int(found[1])) > _LARGEST_EXPONENT:
        raise Failure(_SUFFIX)
    return int(found[1]), _EXP


def _slow(amount: Fraction, form: str) -> Quantity:
    """Rounded away from zero to nano; with a binary suffix no more than 64 bits hold."""
    nanos = int(-(-abs(amount) // _NANO))
    if form == _BIN:
        nanos = min(nanos, INT_MAX * 10**9)
    if form == _BIN and 0 < nanos < 10**9:
        form = _SI
    return Quantity(-nanos if amount < 0 else nanos, -9, form, False)


def _canonical(amount: Fraction, form: str) -> str:
    if amount == 0:
        return "0"
    if form == _BIN and (abs(amount) < 1024 or amount.denominator != 1):
        form = _SI
    if form == _BIN:
        number, power = int(amount), 0
        while number % 1024 == 0 and power < 60:
            number, power = number // 1024, power + 10
        return f"{_digits(number)}{_BINARY_NAMES[power]}"
    number, power = int(amount * 10**9), -9
    while number % 1000 == 0:
        number, power = number // 1000, power + 3
    if form == _SI:
        return f"{_digits(number)}{_DECIMAL_NAMES.get(power, '')}"
    return f"{_digits(number)}e{power}" if power else _digits(number)


@function("quantity(string) -> kubernetes.Quantity")
def quantity(text: str) -> Quantity:
    """The quantity of that text."""
    return _remembered(text) if len(text) <= _SHORT else parse(text)


_remembered: Final = lru_cache(maxsize=4096)(parse)
"""For short texts, which clusters repeat; the lock of lru_cache lets threads share the quantities."""


@function("isQuantity(string) -> bool")
def is_quantity(text: str) -> bool:
    """Whether the text is a quantity, however long."""
    try:
        _interpreted(_parts(text)[-1])
    except Failure:
        return False
    return True


@function("sign(kubernetes.Quantity) -> int")
def sign(value: Quantity) -> int:
    """-1, 0 or 1."""
    return (value.mantissa > 0) - (value.mantissa < 0)


@method("kubernetes.Quantity.isInteger() -> bool")
def is_integer(value: Quantity) -> bool:
    """Whether asInteger has an answer."""
    return _integer(value) is not None


@method("kubernetes.Quantity.asInteger() -> int")
def as_integer(value: Quantity) -> int:
    """The value as an int, where Kubernetes can give it without a long computation."""
    found = _integer(value)
    if found is None:
        raise Failure("cannot convert value to integer")
    return found


def _integer(value: Quantity) -> int | None:
    if not value.fits or value.scale < 0:
        return None
    found = value.mantissa * 10**value.scale
    return found if INT_MIN <= found <= INT_MAX else None


@method("kubernetes.Quantity.asApproximateFloat() -> double")
def as_approximate_float(value: Quantity) -> float:
    """The nearest double, or one close to it."""
    try:
        base = float(value.mantissa)
        return base * float(f"1e{value.scale}") if value.scale else base
    except OverflowError:
        return float("inf") if value.mantissa > 0 else float("-inf")


@method("kubernetes.Quantity.isGreaterThan(kubernetes.Quantity) -> bool")
def is_greater_than(value: Quantity, other: Quantity) -> bool:
    """Whether it is more."""
    return _compared(value, other) > 0


@method("kubernetes.Quantity.isLessThan(kubernetes.Quantity) -> bool")
def is_less_than(value: Quantity, other: Quantity) -> bool:
    """Whether it is less."""
    return _compared(value, other) < 0


@method("kubernetes.Quantity.compareTo(kubernetes.Quantity) -> int")
def compare_to(value: Quantity, other: Quantity) -> int:
    """-1, 0 or 1."""
    return _compared(value, other)


def _compared(one: Quantity, other: Quantity) -> int:
    a, b = one.mantissa, other.mantissa
    if one.scale > other.scale:
        a *= 10 ** (one.scale - other.scale)
    elif one.scale < other.scale:
        b *= 10 ** (other.scale - one.scale)
    return (a > b) - (a < b)


@method(
    "kubernetes.Quantity.add(kubernetes.Quantity) -> kubernetes.Quantity",
    "kubernetes.Quantity.add(int) -> kubernetes.Quantity",
)
def add(value: Quantity, other: Quantity | int) -> Quantity:
    """The sum, in the format of the first unless that is zero."""
    return _summed(value, _of(other))


@method(
    "kubernetes.Quantity.sub(kubernetes.Quantity) -> kubernetes.Quantity",
    "kubernetes.Quantity.sub(int) -> kubernetes.Quantity",
)
def sub(value: Quantity, other: Quantity | int) -> Quantity:
    """The difference, in the format of the first unless that is zero."""
    less = _of(other)
    return _summed(value, Quantity(-less.mantissa, less.scale, less.format, less.fits))


def _of(value: Quantity | int) -> Quantity:
    return value if isinstance(value, Quantity) else Quantity(value, 0, _SI, True)


def _summed(a: Quantity, b: Quantity) -> Quantity:
    scale = min(a.scale, b.scale)
    mantissa = a.mantissa * 10 ** (a.scale - scale) + b.mantissa * 10 ** (b.scale - scale)
    fits = a.fits and b.fits and INT_MIN <= mantissa <= INT_MAX
    return Quantity(mantissa, scale, b.format if a.mantissa == 0 else a.format, fits, computed=True)
