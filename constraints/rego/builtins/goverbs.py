"""One argument formatted as Go's fmt package does: a verb, its flags, width and precision.

An argument is an int, a float or a str, as OPA's sprintf hands it on: an int beyond 64 bits is Go's *big.Int there,
which has a formatter of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from constraints.dataclass import dataclass
from constraints.golang.quoting import escaped, quoted
from constraints.rego.values.number import general, integer_text

Argument = int | float | str

_INT64: Final = 1 << 63
_UINT64: Final = 1 << 64
_MAX_RUNE: Final = 0x10FFFF
_UNKNOWN: Final = "\ufffd"
_RADIX: Final = {"b": "b", "o": "o", "O": "o", "x": "x", "X": "X"}
_NO_BACKQUOTE: Final = frozenset("`\x7f\ufeff")


@dataclass(slots=True)
class Flags:
    """What stands between `%` and the verb."""

    sharp: bool = False
    zero: bool = False
    plus: bool = False
    minus: bool = False
    space: bool = False
    source: bool = False  # `%#v`: as Go source
    width: int | None = None
    precision: int | None = None

    def pad(self, text: str, *, zeros: bool = True) -> str:
        """To the width: with zeros, or with spaces on either side."""
        if not self.width:
            return text
        if self.minus:
            return text.ljust(self.width)
        return text.rjust(self.width, "0" if self.zero and zeros else " ")


def type_of(argument: Argument) -> str:
    """The type that Go prints for it."""
    if isinstance(argument, str):
        return "string"
    if isinstance(argument, float):
        return "float64"
    return "int" if -_INT64 <= argument < _INT64 else "*big.Int"


def formatted(argument: Argument, verb: str, flags: Flags) -> str:
    """`%<flags><verb>` of an argument; `%!d(string=x)` where the verb does not suit it."""
    if verb == "T":
        return _plain(type_of(argument), flags)
    if verb == "v":
        flags.sharp, flags.source, flags.plus = False, flags.sharp, False
    if isinstance(argument, int) and not -_INT64 <= argument < _INT64:
        return _big(argument, verb, flags)
    found = _format(argument, verb, flags)
    if found is not None:
        return found
    return f"%!{verb}({type_of(argument)}={_format(argument, 'v', flags)})"


def _format(argument: Argument, verb: str, flags: Flags) -> str | None:
    if isinstance(argument, str):
        return _string(argument, verb, flags)
    if isinstance(argument, float):
        return _float(argument, verb, flags)
    return _integer(argument, verb, flags)


def _plain(text: str, flags: Flags) -> str:
    return flags.pad(text if flags.precision is None else text[: flags.precision])


def _string(text: str, verb: str, flags: Flags) -> str | None:
    if verb == "q" or (verb == "v" and flags.source):
        return _quoted(text, flags)
    if verb in "vs":
        return _plain(text, flags)
    return _hexadecimal(text, verb, flags) if verb in "xX" else None


def _quoted(text: str, flags: Flags) -> str:
    text = text if flags.precision is None else text[: flags.precision]
    if flags.sharp and all((char >= " " or char == "\t") and char not in _NO_BACKQUOTE for char in text):
        return flags.pad(f"`{text}`")
    return flags.pad(_ascii(quoted(text)) if flags.plus else quoted(text))


def _ascii(text: str) -> str:
    return "".join(char if char < "\x80" else escaped(char, ascii_only=True) for char in text)


def _hexadecimal(text: str, verb: str, flags: Flags) -> str:
    data = text.encode(errors="replace")[: flags.precision]
    digits = [f"{byte:02{verb}}" for byte in data]
    mark = f"0{verb}" if flags.sharp and data else ""
    return flags.pad(mark + (f" {mark}".join(digits) if flags.space else "".join(digits)))


def _integer(value: int, verb: str, flags: Flags) -> str | None:
    if verb in "vd":
        return _digits(value, "d", flags)
    if verb in _RADIX:
        return _digits(value, verb, flags)
    special = _RUNES.get(verb)
    return special(value % _UINT64, flags) if special else None


def _digits(value: int, verb: str, flags: Flags) -> str:
    if flags.precision == 0 and value == 0:
        return " " * (flags.width or 0)
    sign = "-" if value < 0 else "+" if flags.plus else " " if flags.space else ""
    least = flags.precision or 0
    if flags.precision is None and flags.zero and not flags.minus and flags.width is not None:
        least = flags.width - len(sign)  # zeros instead of spaces; a prefix comes on top
    digits = f"{abs(value):{_RADIX.get(verb, 'd')}}".rjust(least, "0")
    return flags.pad(sign + _prefix(digits, verb, flags) + digits, zeros=False)


def _prefix(digits: str, verb: str, flags: Flags) -> str:
    if verb == "O":
        return "0o0" if flags.sharp and digits[0] != "0" else "0o"
    if not flags.sharp or verb == "d":
        return ""
    if verb == "o":
        return "" if digits[0] == "0" else "0"
    return f"0{verb}"


def _character(code: int) -> str:
    return chr(code) if code <= _MAX_RUNE and not 0xD800 <= code < 0xE000 else _UNKNOWN


def _rune(code: int, flags: Flags) -> str:
    return flags.pad(_character(code))


def _quoted_rune(code: int, flags: Flags) -> str:
    char = _character(code)
    inside = "\\'" if char == "'" else '"' if char == '"' else quoted(char)[1:-1]
    return flags.pad(f"'{_ascii(inside) if flags.plus else inside}'")


def _code_point(code: int, flags: Flags) -> str:
    shown = f"U+{code:0{max(4, flags.precision or 0)}X}"
    if flags.sharp and code <= _MAX_RUNE and chr(code).isprintable():
        shown += f" '{chr(code)}'"
    return flags.pad(shown, zeros=False)


_RUNES: Final[dict[str, Callable[[int, Flags], str]]] = {"c": _rune, "q": _quoted_rune, "U": _code_point}


def _big(value: int, verb: str, flags: Flags) -> str:
    """A *big.Int's own formatter: as for an int in most, `%s` included."""
    if verb not in "bodsvxXO":
        return f"%!{verb}(big.Int={integer_text(value)})"
    sign = "-" if value < 0 else "+" if flags.plus else " " if flags.space else ""
    prefix = "0o" if verb == "O" else {"b": "0b", "o": "0", "x": "0x", "X": "0X"}.get(verb, "") if flags.sharp else ""
    digits = f"{abs(value):{_RADIX[verb]}}" if verb in _RADIX else integer_text(abs(value))
    digits = digits.rjust(flags.precision or 0, "0")
    if flags.zero and not flags.minus and flags.precision is None:
        digits = digits.rjust((flags.width or 0) - len(sign) - len(prefix), "0")
    return flags.pad(sign + prefix + digits, zeros=False)


def _float(value: float, verb: str, flags: Flags) -> str | None:
    if verb not in "vbgGxXfeEF":
        return None
    precision = flags.precision
    if precision is None and verb in "feEF":
        precision = 6
    shown = _float_digits(abs(value), "g" if verb == "v" else verb.replace("F", "f"), precision)
    if flags.sharp and verb != "b":
        shown = _pointed(shown, verb, precision)
    sign = "-" if math.copysign(1, value) < 0 else "+" if flags.plus else " " if flags.space else ""
    if sign and flags.zero and not flags.minus and flags.width is not None:
        return sign + shown.rjust(flags.width - 1, "0")
    return flags.pad(sign + shown)


def _float_digits(value: float, verb: str, precision: int | None) -> str:
    if verb in "gG" and precision is None:
        shown = general(value) if value else "0"
        return shown.upper() if verb == "G" else shown
    if verb == "b":
        return _binary(value)
    if verb in "xX":
        shown = _binary_hexadecimal(value, precision)
        return shown.upper() if verb == "X" else shown
    return f"{value:.{precision}{verb}}"


def _binary(value: float) -> str:
    if value < 2**-1022:
        return f"{int(value * 2.0**537 * 2.0**537)}p-1074"
    mantissa, exponent = math.frexp(value)
    return f"{int(mantissa * 2.0**53)}p{exponent - 53:+d}"


def _binary_hexadecimal(value: float, precision: int | None) -> str:
    if not value:
        return f"0x0{'.' + '0' * precision if precision else ''}p+00"
    fraction, exponent = math.frexp(value)
    mantissa, exponent = int(fraction * 2.0**53), exponent - 1  # 1 and 52 bits behind it
    digits = 13
    if precision is not None:
        drop = max(0, 4 * (13 - precision))
        if drop:
            mantissa = _half_even(mantissa, drop) << drop
        if mantissa >> 53:
            mantissa, exponent = mantissa >> 1, exponent + 1
        digits = precision
    tail = f"{mantissa & ((1 << 52) - 1):013x}".ljust(digits, "0")[:digits]
    tail = tail.rstrip("0") if precision is None else tail
    return f"0x1{'.' + tail if tail else ''}p{exponent:+03d}"


def _half_even(mantissa: int, drop: int) -> int:
    kept, rest, half = mantissa >> drop, mantissa & ((1 << drop) - 1), 1 << (drop - 1)
    return kept + (rest > half or (rest == half and bool(kept & 1)))


def _pointed(shown: str, verb: str, precision: int | None) -> str:
    """The `#` flag: always a point, and for %g the zeros at the end."""
    body, mark, tail = shown.partition("p" if verb in "xX" and "p" in shown else "P" if verb == "X" else "e")
    if verb in "GE":
        body, mark, tail = shown.partition("E")
    missing = (6 if precision is None else precision) if verb in "vgGx" else 0
    missing -= len(body.replace(".", "").lstrip("0"))
    if "." not in body:
        missing -= body == "0"
        body += "."
    return body + "0" * missing + mark + tail
