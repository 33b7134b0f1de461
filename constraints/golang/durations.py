"""Durations as Go's time package reads and writes them: `251.009679ms`, `1m2.5s`, `3m`; in nanoseconds."""

from __future__ import annotations

import re
from typing import Final

from constraints.golang import GoError
from constraints.golang.quoting import time_quoted

SECOND: Final = 10**9
UNITS: Final = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
"""Nanoseconds of each unit; the micro sign and the Greek letter both stand for a millionth."""

_PART: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")
_MOST: Final = 1 << 63  # nanoseconds, of a negative one
_MOST_DIGITS: Final = 19  # of those


def parse(text: str, shown: str = "") -> int:
    """The nanoseconds of a duration. Raises GoError; `shown` is the text in it, if not `text`."""
    shown = shown or text
    negative, end = text[:1] == "-", 1 if text[:1] in ("-", "+") else 0
    if text[end:] == "0":
        return 0
    total = 0
    if end == len(text):
        raise _invalid(shown)
    while end < len(text):
        found = _PART.match(text, end)
        if found is None or not (found[1] or found[2]):
            raise _invalid(shown)
        total += _part(found, shown)
        end = found.end()
        if total > _MOST:
            raise _invalid(shown)
    if total == _MOST and not negative:
        raise _invalid(shown)
    return -total if negative else total


def _part(found: re.Match[str], shown: str) -> int:
    digits, fraction, name = found[1].lstrip("0"), found[2], found[3]
    if len(digits) > _MOST_DIGITS or int(digits or 0) > _MOST:
        raise _invalid(shown)
    if not name:
        raise _invalid(shown, "missing unit in duration")
    unit = UNITS.get(name)
    if unit is None:
        raise _invalid(shown, f"unknown unit {time_quoted(name)} in duration")
    if int(digits or 0) > _MOST // unit:
        raise _invalid(shown)
    return int(digits or 0) * unit + (_fraction(fraction, unit) if fraction else 0)


def _fraction(digits: str, unit: int) -> int:
    """The nanoseconds of what stands behind a point, computed as Go does: with as many digits as 63 bits hold, in a
    float64.
    """
    value, scale = 0, 1.0
    for digit in digits:
        more = value * 10 + ord(digit) - ord("0")
        if value > (_MOST - 1) // 10 or more > _MOST:
            break
        value, scale = more, scale * 10
    return int(float(value) * (float(unit) / scale))


def _invalid(text: str, why: str = "invalid duration") -> GoError:
    return GoError(f"time: {why} {time_quoted(text)}")


def written(nanoseconds: int) -> str:
    """As Duration.String: the largest unit first, no trailing zeros of a fraction."""
    total = abs(nanoseconds)
    sign = "-" if nanoseconds < 0 else ""
    if total < SECOND:
        return sign + _below_a_second(total)
    minutes, rest = divmod(total, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    text = _decimal(rest, 9) + "s"
    if hours:
        text = f"{hours}h{minutes}m{text}"
    elif minutes:
        text = f"{minutes}m{text}"
    return sign + text


def _below_a_second(nanoseconds: int) -> str:
    if nanoseconds == 0:
        return "0s"
    if nanoseconds < 1_000:
        return f"{nanoseconds}ns"
    if nanoseconds < 1_000_000:
        return _decimal(nanoseconds, 3) + "µs"
    return _decimal(nanoseconds, 6) + "ms"


def _decimal(number: int, places: int) -> str:
    whole, fraction = divmod(number, 10**places)
    return f"{whole}.{fraction:0{places}d}".rstrip("0").rstrip(".") if fraction else str(whole)
