"""Reading a time by one of Go's layouts, as its time.Parse."""

from __future__ import annotations

import re
from itertools import takewhile
from operator import gt
from typing import Final, NoReturn

from constraints.golang import GoError
from constraints.golang.calendar import DAY, date_of, days_since_epoch
from constraints.golang.durations import SECOND
from constraints.golang.layouts import DAYS, MONTHS, elements
from constraints.golang.quoting import time_quoted

_RFC3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_TIMES_LARGEST: Final = (23, 59, 59)
_OFFSETS_LARGEST: Final = (24, 60, 60)
_TWO_DIGITS: Final = re.compile("[0-9]{2}")


class _Mismatch(Exception):
    """A value that is not what the layout's element says."""


class _OutOfRange(Exception):
    """A number that no such element has; its text names the element."""


def parse_time(layout: str, value: str) -> int:
    """Nanoseconds since 1970 of a time in this layout, UTC where the value has no zone. Any year; GoError if it has
    another form.
    """
    reading = _Reading(layout, value)
    for plain, element in elements(layout):
        reading.skip(plain)
        if element:
            reading.element(element)
    if reading.rest:
        reading.fail(f": extra text: {time_quoted(reading.rest)}")
    return reading.result()


def parse_rfc3339(text: str) -> tuple[int, int] | None:
    """Nanoseconds since 1970, and by how many seconds its zone is ahead of UTC; None where hours have one digit, or it
    is no such time.
    """
    found = _RFC3339.fullmatch(text)
    if not found:
        return None
    year, month, day, *clock = map(int, found.groups()[:6])
    offsets = int(found[9] or 0), int(found[10] or 0)
    if not 1 <= month <= 12 or not 1 <= day <= days_since_epoch(year, month + 1, 1) - days_since_epoch(year, month, 1):
        return None
    if any(map(gt, clock, _TIMES_LARGEST)) or any(map(gt, offsets, _OFFSETS_LARGEST)):
        return None
    offset = (offsets[0] * 3600 + offsets[1] * 60) * (-1 if found[8] == "-" else 1)
    seconds = days_since_epoch(year, month, day) * DAY + clock[0] * 3600 + clock[1] * 60 + clock[2] - offset
    return seconds * SECOND + int((found[7] or "0")[:9].ljust(9, "0")), offset


class _Reading:
    """Reads a value element by element, as Go's time.Parse."""

    def __init__(self, layout: str, value: str) -> None:
        self.layout = layout
        self.value = value
        self.rest = value
        self.follow = [element for _, element in elements(layout)]
        self.found: dict[str, int] = {}
        self.afternoon: bool | None = None

    def fail(self, message: str) -> NoReturn:
        raise GoError(f"parsing time {time_quoted(self.value)}{message}")

    def mismatch(self, rest: str, wanted: str) -> NoReturn:
        self.fail(f" as {time_quoted(self.layout)}: cannot parse {time_quoted(rest)} as {time_quoted(wanted)}")

    def skip(self, plain: str) -> None:
        """Plain text; any number of spaces is as good as another."""
        for part in re.findall(r" +|[^ ]", plain):
            if part[0] == " ":
                if self.rest and self.rest[0] != " ":
                    self.mismatch(self.rest, plain)
                self.rest = self.rest.lstrip(" ")
            elif self.rest.startswith(part):
                self.rest = self.rest[1:]
            else:
                self.mismatch(self.rest, plain)

    def element(self, element: str) -> None:
        """One element of the layout."""
        self.follow.pop(0)
        before = self.rest
        try:
            self.read(element)
        except _Mismatch:
            self.mismatch(before, element)
        except _OutOfRange as error:
            self.fail(f": {error} out of range")

    def read(self, element: str) -> None:
        if element in _NUMBERS:
            self.number(element)
        elif element in _NAMES:
            key, names, length = _NAMES[element]
            self.name(key, [name[:length] for name in names])
        elif element in ("PM", "pm"):
            self.half(element)
        elif element == "2006":
            self.found["year"] = int(self.match(r"[0-9]{4}"))
        elif element == "06":
            short = int(self.match(r"[0-9]{2}|[+-][0-9]"))
            self.found["year"] = short + (1900 if short >= 69 else 2000)
        elif element == "MST":
            self.abbreviation()
        elif element[0] in "-Z":
            self.offset(element)
        else:
            self.fraction(element)

    def match(self, pattern: str) -> str:
        """What the pattern matches at the start of the rest, taken off it."""
        found = re.match(pattern, self.rest)
        if found is None:
            raise _Mismatch
        self.rest = self.rest[found.end() :]
        return found[0]

    def number(self, element: str) -> None:
        key, pattern, low, high = _NUMBERS[element]
        value = int(self.match(pattern))
        if not low <= value <= high:
            raise _OutOfRange(key)
        self.found[key] = value
        if key == "second" and self.follow[0][:1] not in (".", ","):
            more = re.match(r"[.,][0-9]+", self.rest)  # a fraction that the layout does not ask for
            if more:
                self.take_fraction(more[0])

    def name(self, key: str, names: list[str]) -> None:
        for index, name in enumerate(names):
            if self.rest[: len(name)].lower() == name.lower():
                self.rest = self.rest[len(name) :]
                self.found[key] = index + 1
                return
        raise _Mismatch

    def half(self, element: str) -> None:
        word = self.match("AM|PM" if element == "PM" else "am|pm")
        self.afternoon = word in ("PM", "pm")

    def fraction(self, element: str) -> None:
        if element[1] == "0":
            count = len(element) - 1
            digits = self.match(rf"[.,](?:[0-9]{{{count}}}|[+-][0-9]{{{count - 1}}})" if count > 1 else "[.,][0-9]")
            if digits[1] == "-" and digits.strip(".,-0"):
                raise _OutOfRange("fractional second")
            self.found["nanosecond"] = int(digits[1:10]) * 10 ** (10 - len(digits[:10]))
            return
        found = re.match(r"[.,][0-9]+", self.rest)
        if found:
            self.take_fraction(found[0])

    def take_fraction(self, text: str) -> None:
        self.rest = self.rest[len(text) :]
        self.found["nanosecond"] = int(text[1:10].ljust(9, "0"))

    def offset(self, element: str) -> None:
        if element[0] == "Z" and self.rest.startswith("Z"):
            self.rest = self.rest[1:]
            self.found["offset"] = 0
            return
        colon = ":" if ":" in element else ""
        count = {3: 1, 5: 2, 6: 2}.get(len(element), 3)
        text = self.match(r"[\x00-\x7f]" + colon.join(["[\x00-\x7f]{2}"] * count))
        parts = self.offset_parts([text[at : at + 2] for at in range(1, len(text), 2 + len(colon))])
        if text[0] not in "+-":
            raise _Mismatch
        size = parts[0] * 3600 + parts[1] * 60 + parts[2]
        self.found["offset"] = -size if text[0] == "-" else size

    def offset_parts(self, texts: list[str]) -> list[int]:
        """Hours, minutes and seconds, of which the last that is too large counts, before one that is no number."""
        parts, too_large = [0, 0, 0], ""
        digits = list(takewhile(_TWO_DIGITS.fullmatch, texts))
        for at, text in enumerate(digits):
            parts[at] = int(text)
            if parts[at] > _OFFSETS_LARGEST[at]:
                too_large = ("hour", "minute", "second")[at]
        if too_large:
            raise _OutOfRange(f"time zone offset {too_large}")
        if len(digits) < len(texts):
            raise _Mismatch
        return parts

    def abbreviation(self) -> None:
        """A zone's short name, which means nothing: Go takes such a time for UTC."""
        self.match(
            r"UTC|ChST|MeST|GMT(?:[+-](?:2[0-3]|[01]?[0-9])(?![0-9]))?|[+-](?:2[0-3]|[01]?[0-9])(?![0-9])"
            r"|(?:[A-Z]{4}T|[A-Z]{3}T|WITA|[A-Z]{3})(?![A-Z])"
        )

    def result(self) -> int:
        """Everything together."""
        found = self.found
        year = found.get("year", 0)
        month, day = self.day_of(year)
        hour = found.get("hour", 0)
        if self.afternoon and hour < 12:
            hour += 12
        elif self.afternoon is False and hour == 12:
            hour = 0
        seconds = hour * 3600 + found.get("minute", 0) * 60 + found.get("second", 0) - found.get("offset", 0)
        return (days_since_epoch(year, month, day) * DAY + seconds) * SECOND + found.get("nanosecond", 0)

    def day_of(self, year: int) -> tuple[int, int]:
        found = self.found
        month, day = found.get("month", 1), found.get("day", 1)
        if "yearday" in found:
            return self.day_of_yearday(year)
        if not 1 <= day <= days_since_epoch(year, month + 1, 1) - days_since_epoch(year, month, 1):
            self.fail(": day out of range")
        return month, day

    def day_of_yearday(self, year: int) -> tuple[int, int]:
        start = days_since_epoch(year, 1, 1)
        if not 1 <= self.found["yearday"] <= days_since_epoch(year + 1, 1, 1) - start:
            self.fail(": day-of-year out of range")
        _, month, day = date_of(start + self.found["yearday"] - 1)
        for name, value in (("month", month), ("day", day)):
            if self.found.get(name, value) != value:
                self.fail(f": day-of-year does not match {name}")
        return month, day


_ONE_OR_TWO: Final = "[0-9]{1,2}"
_NUMBERS: Final = {
    "1": ("month", _ONE_OR_TWO, 1, 12),
    "01": ("month", "[0-9]{2}", 1, 12),
    "2": ("day", _ONE_OR_TWO, 0, 99),
    "_2": ("day", " ?[0-9]{1,2}", 0, 99),
    "02": ("day", "[0-9]{2}", 0, 99),
    "__2": ("yearday", " {0,2}[0-9]{1,3}", 0, 999),
    "002": ("yearday", "[0-9]{3}", 0, 999),
    "15": ("hour", _ONE_OR_TWO, 0, 23),
    "3": ("hour", _ONE_OR_TWO, 0, 12),
    "03": ("hour", "[0-9]{2}", 0, 12),
    "4": ("minute", _ONE_OR_TWO, 0, 59),
    "04": ("minute", "[0-9]{2}", 0, 59),
    "5": ("second", _ONE_OR_TWO, 0, 59),
    "05": ("second", "[0-9]{2}", 0, 59),
}
_NAMES: Final[dict[str, tuple[str, tuple[str, ...], int]]] = {
    "January": ("month", MONTHS, 20),
    "Jan": ("month", MONTHS, 3),
    "Monday": ("weekday", DAYS, 20),
    "Mon": ("weekday", DAYS, 3),
}
