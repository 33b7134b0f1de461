"""How Go writes numbers, times and quoted texts."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from constraints.cel.values import NANOS, Duration, Timestamp

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def format_double(value: float) -> str:
    """Go's `%g` with the fewest digits: an exponent below 1e-04 and from 1e06 on."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    digits, exponent = _digits(value)
    sign = "-" if math.copysign(1.0, value) < 0 else ""
    if exponent < -4 or exponent >= 6:
        mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole, fraction = digits[: exponent + 1].ljust(exponent + 1, "0"), digits[exponent + 1 :]
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole


def _digits(value: float) -> tuple[str, int]:
    """The significant digits, and the exponent of the first."""
    if value == 0:
        return "0", 0
    mantissa, _, exponent = f"{abs(value)!r}".partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    digits = (whole + fraction).lstrip("0")
    first = len(whole) - 1 if whole != "0" else -(len(fraction) - len(fraction.lstrip("0"))) - 1
    return digits.rstrip("0"), first + int(exponent or 0)


def format_duration(value: Duration) -> str:
    """Seconds as a double, with as many decimals as that needs."""
    seconds, rest = divmod(abs(value.nanos), NANOS)
    shown = f"{Decimal(repr(seconds + rest / NANOS)):f}"
    return f"{'-' if value.nanos < 0 else ''}{shown.rstrip('0').rstrip('.') if '.' in shown else shown}s"


def format_timestamp(value: Timestamp) -> str:
    """RFC 3339 with nanoseconds where there are any."""
    seconds, rest = divmod(value.nanos, NANOS)
    moment = datetime.min + timedelta(seconds=seconds + value.offset + 62135596800)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    hours, minutes = divmod(abs(value.offset) // 60, 60)
    zone = f"{'-' if value.offset < 0 else '+'}{hours:02d}:{minutes:02d}" if value.offset else "Z"
    return f"{moment.strftime('%Y').zfill(4)}{moment.strftime('-%m-%dT%H:%M:%S')}{fraction}{zone}"


_ESCAPED = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v"}
_ESCAPED |= {"\\": "\\\\", '"': '\\"'}


def quoted(text: str) -> str:
    """As CEL's strings.quote: the escapes of Go, everything else as it is."""
    return f'"{"".join(_ESCAPED.get(character, character) for character in text)}"'


def go_quoted(text: str) -> str:
    """Go's `%q`: what cannot be printed is escaped, too."""
    return f'"{"".join(_shown(letter) for letter in text)}"'


def _shown(letter: str) -> str:
    code = ord(letter)
    if letter in _ESCAPED or letter.isprintable():
        return _ESCAPED.get(letter, letter)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
