"""Go's layouts of times: `Mon Jan 2 15:04:05 MST 2006` says where what stands (Go's time package, format.go)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from constraints.dataclass import value

NAMED: Final = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}
"""Those that Go's time package has names for."""

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_ELEMENT: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|1|2006|2|__2|_2(?!006)|[345]|PM|pm"
    r"|[-Z]07(?:0000|:00:00|00|:00)?|[.,](?:0+|9+)(?![0-9])"
)


@value
class CivilTime:
    """A time in a zone, taken apart."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    weekday: int
    yearday: int
    offset: int
    zone: str


def elements(layout: str) -> Iterator[tuple[str, str]]:
    """Pairs of plain text and the element behind it; the last one has no element."""
    end = 0
    for found in _ELEMENT.finditer(layout):
        yield layout[end : found.start()], found[0]
        end = found.end()
    yield layout[end:], ""


def format_time(time: CivilTime, layout: str) -> str:
    """The time in this layout."""
    return "".join(plain + _shown(time, element) for plain, element in elements(layout))


def _shown(time: CivilTime, element: str) -> str:
    if element in _SHOW:
        return _SHOW[element](time)
    if element[:1] in ("-", "Z"):
        return _offset(time.offset, element)
    return _fraction(time.nanosecond, element) if element else ""


def _signed(value: int, width: int) -> str:
    return f"{'-' if value < 0 else ''}{abs(value):0{width}d}"


_SHOW: Final[dict[str, Callable[[CivilTime], str]]] = {
    "January": lambda t: MONTHS[t.month - 1],
    "Jan": lambda t: MONTHS[t.month - 1][:3],
    "1": lambda t: str(t.month),
    "01": lambda t: f"{t.month:02d}",
    "Monday": lambda t: DAYS[t.weekday],
    "Mon": lambda t: DAYS[t.weekday][:3],
    "2": lambda t: str(t.day),
    "_2": lambda t: f"{t.day:2d}",
    "02": lambda t: f"{t.day:02d}",
    "__2": lambda t: f"{t.yearday:3d}",
    "002": lambda t: f"{t.yearday:03d}",
    "15": lambda t: f"{t.hour:02d}",
    "3": lambda t: str(t.hour % 12 or 12),
    "03": lambda t: f"{t.hour % 12 or 12:02d}",
    "4": lambda t: str(t.minute),
    "04": lambda t: f"{t.minute:02d}",
    "5": lambda t: str(t.second),
    "05": lambda t: f"{t.second:02d}",
    "2006": lambda t: _signed(t.year, 4),
    "06": lambda t: f"{max(t.year, 0) % 100:02d}",
    "PM": lambda t: "PM" if t.hour >= 12 else "AM",
    "pm": lambda t: "pm" if t.hour >= 12 else "am",
    "MST": lambda t: t.zone,
}


def _offset(offset: int, element: str) -> str:
    if element[0] == "Z" and offset == 0:
        return "Z"
    minutes, seconds = divmod(abs(offset), 60)
    colon = ":" if ":" in element else ""
    parts = [f"{minutes // 60:02d}"]
    if len(element) > 3:
        parts.append(f"{minutes % 60:02d}")
    if len(element) > 6:
        parts.append(f"{seconds:02d}")
    return ("-" if offset < 0 else "+") + colon.join(parts)


def _fraction(nanosecond: int, element: str) -> str:
    digits = f"{nanosecond:09d}"[: len(element) - 1].ljust(len(element) - 1, "0")
    if element[1] == "9":
        digits = digits.rstrip("0")
    return element[0] + digits if digits else ""
