"""`time.*`: nanoseconds since 1970, dates, layouts and durations (facts: OPA's topdown/time.go)."""

from __future__ import annotations

import re
from datetime import UTC, timezone
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from constraints.dataclass import dataclass
from constraints.golang.calendar import DAY, day_of, days_since_epoch
from constraints.golang.floats import plain
from constraints.golang.layouts import DAYS, NAMED, CivilTime, format_time
from constraints.golang.quoting import time_quoted
from constraints.golang.times import at, local
from constraints.rego.builtins import BuiltinError, builtin, wrong_type
from constraints.rego.builtins.gotime import parse_duration, parse_time, zone
from constraints.rego.builtins.operands import integer, number, string
from constraints.rego.builtins.outside import Context, now
from constraints.rego.values.kinds import Value
from constraints.rego.values.number import exact
from constraints.rego.values.order import type_name

_EARLIEST, _LATEST = -(2**63), 2**63 - 1
_LONG_UNITS: Final = {"d": 24, "w": 7 * 24, "y": 365 * 24}
_MIXED: Final = re.compile(r"[-+]?(?:[0-9.]+(?:ms|us|µs|ns|[a-z]))+")
_MIXED_SEGMENT: Final = re.compile(r"([0-9.]+)(ms|us|µs|ns|[a-z])")
_NUMBER_OR_PAIR: Final = "either number (ns) or [number (ns), string (tz)]"


@dataclass(frozen=True, slots=True)
class Moment:
    """What `[ns, zone, layout]` says."""

    nanoseconds: int
    where: ZoneInfo | timezone
    layout: str

    def civil(self) -> CivilTime:
        """Taken apart in its zone."""
        return local(self.nanoseconds, self.where)


def _moment(value: Value) -> Moment:
    """A number of nanoseconds, or an array of one, a zone and a layout."""
    parts = value if isinstance(value, list) else [value]
    if not parts or (not isinstance(value, list) and type_name(value) != "number"):
        raise wrong_type(1, _NUMBER_OR_PAIR, type_name(value))
    found = exact(number(parts[0], 1))
    where = zone(string(parts[1], 1)) if len(parts) > 1 else UTC
    layout = string(parts[2], 1) if len(parts) > 2 else ""
    if isinstance(found, Decimal) or not _EARLIEST <= found <= _LATEST:
        raise BuiltinError("timestamp too big")
    return Moment(found, where, layout)


def in_range(nanoseconds: int) -> int:
    """The same, if 64 bits hold it (1677-09-21 to 2262-04-11)."""
    if not _EARLIEST <= nanoseconds <= _LATEST:
        raise BuiltinError("time outside of valid range")
    return nanoseconds


@builtin("time.now_ns", result="number", contextual=True, pure=False)
def now_ns(context: Context) -> int:
    """The time of this query."""
    return now(context)


@builtin("time.parse_ns", "string", "string", result="number")
def parse_ns(layout: Value, value: Value) -> int:
    """The nanoseconds of a time in a layout of Go or one of its names."""
    form = string(layout, 1)
    return in_range(parse_time(NAMED.get(form, form), string(value, 2)))


@builtin("time.parse_rfc3339_ns", "string", result="number")
def parse_rfc3339_ns(value: Value) -> int:
    """The nanoseconds of `2006-01-02T15:04:05Z`."""
    return in_range(parse_time(NAMED["RFC3339"], string(value, 1)))


@builtin("time.format", "number|array<number,string>|array<number,string,string>", result="string")
def time_format(moment: Value) -> str:
    """The time as text; RFC 3339 with as many digits as needed if no layout is given."""
    found = _moment(moment)
    layout = found.layout or "RFC3339Nano"
    return format_time(found.civil(), NAMED.get(layout, layout))


@builtin("time.date", "number|array<number,string>", result="array<number,number,number>")
def date(moment: Value) -> list[Value]:
    """Year, month and day."""
    found = _moment(moment).civil()
    return [found.year, found.month, found.day]


@builtin("time.clock", "number|array<number,string>", result="array<number,number,number>")
def clock(moment: Value) -> list[Value]:
    """Hour, minute and second."""
    found = _moment(moment).civil()
    return [found.hour, found.minute, found.second]


@builtin("time.weekday", "number|array<number,string>", result="string")
def weekday(moment: Value) -> str:
    """The day of the week, in English."""
    return DAYS[_moment(moment).civil().weekday]


@builtin("time.add_date", "number", "number", "number", "number", result="number")
def add_date(nanoseconds: Value, years: Value, months: Value, days: Value) -> int:
    """The nanoseconds after so many years, months and days; what does not exist carries over (31 April is 1 May)."""
    start = _moment(nanoseconds)
    added = [integer(part, position) for position, part in enumerate((years, months, days), start=2)]
    began = start.civil()
    day = day_of(began.year + added[0], began.month + added[1], began.day + added[2])
    return in_range(at(day, began, start.where))


@builtin(
    "time.diff",
    "number|array<number,string>",
    "number|array<number,string>",
    result="array<number,number,number,number,number,number>",
)
def diff(one: Value, other: Value) -> list[Value]:
    """Years, months, days, hours, minutes and seconds between two times, in the first one's zone."""
    first, second = _moment(one), _moment(other)
    earlier, later = sorted((first.nanoseconds, second.nanoseconds))
    a, b = local(earlier, first.where), local(later, first.where)
    seconds = b.hour * 3600 + b.minute * 60 + b.second - (a.hour * 3600 + a.minute * 60 + a.second)
    borrowed, seconds = divmod(seconds, DAY)
    days, months = b.day - a.day + borrowed, b.month - a.month
    if days < 0:
        days += days_since_epoch(a.year, a.month + 1, 1) - days_since_epoch(a.year, a.month, 1)
        months -= 1
    years, months = divmod((b.year - a.year) * 12 + months, 12)
    return [years, months, days, seconds // 3600, seconds // 60 % 60, seconds % 60]


@builtin("time.parse_duration_ns", "string", result="number")
def parse_duration_ns(duration: Value) -> int:
    """The nanoseconds of `1h30m`; besides Go's units there are d, w and y."""
    text = string(duration, 1)
    if not set(text) & set("dwy"):
        return parse_duration(text, text)
    if not _MIXED.fullmatch(text):
        raise _invalid(text)
    return parse_duration(_MIXED_SEGMENT.sub(lambda found: _in_hours(found, text), text), text)


def _in_hours(segment: re.Match[str], text: str) -> str:
    """A segment whose unit Go does not have, in hours."""
    hours = _LONG_UNITS.get(segment[2])
    if hours is None:
        return segment[0]
    try:
        return f"{plain(float(segment[1]) * hours)}h"
    except ValueError as error:
        raise _invalid(text) from error


def _invalid(text: str) -> BuiltinError:
    return BuiltinError(f"time: invalid duration {time_quoted(text)}")
