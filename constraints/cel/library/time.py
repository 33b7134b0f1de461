"""Timestamps and durations: reading them, and their parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from constraints.cel.failures import Failure
from constraints.cel.library.conversions import unconvertible
from constraints.cel.library.golang import go_quoted
from constraints.cel.overloads import function, method
from constraints.cel.values import INT_MAX, INT_MIN, NANOS, Duration, Timestamp

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_DURATION: Final = "google.protobuf.Duration"
_MOMENT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_STRICT: Final = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)\Z",
    re.ASCII,
)
_WHOLE: Final = re.compile(r"[+-]?\d+\Z", re.ASCII)
_MOST_DIGITS: Final = 300
_LONGEST: Final = 256  # characters: what objects hold must not cost much
_UNITS: Final = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 1_000_000,
    "s": NANOS,
    "m": 60 * NANOS,
    "h": 3600 * NANOS,
}
_STEP: Final = re.compile(r"(\d*)(?:\.(\d*))?(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


@function("timestamp(string) -> google.protobuf.Timestamp")
def timestamp(text: str) -> Timestamp:
    """RFC 3339."""
    found = parse_timestamp(text)
    if found is None and not _STRICT.match(text):
        raise Failure(f"invalid RFC 3339 timestamp {go_quoted(text)}")
    if found is None:
        raise unconvertible(_TIMESTAMP)
    return Timestamp.checked(found.nanos, found.offset)


def parse_timestamp(text: str) -> Timestamp | None:
    """RFC 3339; None for anything else."""
    found = _MOMENT.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    offset = _zone_offset(found[8])
    try:
        days = date(year, month, day).toordinal() - _START.toordinal()
    except ValueError:
        return None
    if hour > 23 or minute > 59 or second > 59 or offset is None:
        return None
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset
    return Timestamp(seconds * NANOS + int((found[7] or "0")[:9].ljust(9, "0")), offset)


def _zone_offset(text: str) -> int | None:
    if text == "Z":
        return 0
    hours, minutes = int(text[1:3]), int(text[4:6])
    if hours > 24 or minutes > 60:
        return None
    return (hours * 3600 + minutes * 60) * (-1 if text[0] == "-" else 1)


@function("timestamp(int) -> google.protobuf.Timestamp")
def timestamp_of_seconds(seconds: int) -> Timestamp:
    """Seconds since 1970."""
    return Timestamp.checked(seconds * NANOS)


@function("duration(string) -> google.protobuf.Duration")
def duration(text: str) -> Duration:
    """As Go writes it: `1h30m`, `-1.5s`."""
    found = parse_duration(text)
    if found is None:
        raise unconvertible(_DURATION)
    return found


def parse_duration(text: str) -> Duration | None:
    """None for what is no duration, and beyond 64 bits of nanoseconds."""
    if len(text) > _LONGEST:
        return None
    rest = text[1:] if text[:1] in ("+", "-") else text
    if rest == "0":
        return Duration(0)
    nanos, place = 0, 0
    while found := _STEP.match(rest, place):
        whole, fraction, unit = found[1], found[2] or "", _UNITS[found[3]]
        if not whole and not fraction:
            return None
        nanos += int(whole or 0) * unit + int(fraction or 0) * unit // 10 ** len(fraction)
        place = found.end()
    nanos = -nanos if text[:1] == "-" else nanos
    return Duration(nanos) if rest and place == len(rest) and INT_MIN <= nanos <= INT_MAX else None


def _moment(value: Timestamp, zone: str = "UTC") -> datetime:
    """What clocks show there; the zone is not kept."""
    try:
        moment = _START + timedelta(seconds=value.nanos // NANOS)
        found = _zone(zone)
        if isinstance(found, timedelta):
            return moment + found
        return moment.astimezone(found)
    except OverflowError as error:
        raise Failure("timestamp overflow") from error


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | timedelta:
    hours, colon, minutes = name.partition(":")
    if colon:
        return _offset(name, _whole(hours), _whole(minutes))
    if name in ("", "UTC", "Local"):
        return UTC
    try:
        return ZoneInfo(name)  # refuses names that lead out of the tables of zones
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Failure(f"unknown time zone {name}") from error


def _whole(text: str) -> int:
    if not _WHOLE.match(text):
        raise Failure(f"strconv.Atoi: parsing {go_quoted(text)}: invalid syntax")
    if len(text) > _MOST_DIGITS or not INT_MIN <= int(text) <= INT_MAX:
        raise Failure(f"strconv.Atoi: parsing {go_quoted(text)}: value out of range")
    return int(text)


def _offset(name: str, hours: int, minutes: int) -> timedelta:
    return timedelta(minutes=hours * 60 - minutes if name[0] == "-" else hours * 60 + minutes)


_PARTS: Final[dict[str, Callable[[datetime], int]]] = {
    "getFullYear": lambda moment: moment.year,
    "getMonth": lambda moment: moment.month - 1,
    "getDate": lambda moment: moment.day,
    "getDayOfMonth": lambda moment: moment.day - 1,
    "getDayOfWeek": lambda moment: moment.isoweekday() % 7,
    "getDayOfYear": lambda moment: moment.toordinal() - date(moment.year, 1, 1).toordinal(),
    "getHours": lambda moment: moment.hour,
    "getMinutes": lambda moment: moment.minute,
    "getSeconds": lambda moment: moment.second,
}
_LENGTHS: Final = {
    "getHours": 3600 * NANOS,
    "getMinutes": 60 * NANOS,
    "getSeconds": NANOS,
    "getMilliseconds": 1_000_000,
}


def _declare() -> None:
    for name, part in _PARTS.items():
        method(f"{_TIMESTAMP}.{name}() -> int", f"{_TIMESTAMP}.{name}(string) -> int")(_reader(part))
    method(f"{_TIMESTAMP}.getMilliseconds() -> int", f"{_TIMESTAMP}.getMilliseconds(string) -> int")(_milliseconds)
    for name, unit in _LENGTHS.items():
        method(f"{_DURATION}.{name}() -> int")(_counter(unit))


def _reader(part: Callable[[datetime], int]) -> Callable[..., int]:
    return lambda value, zone="UTC": part(_moment(value, zone))


def _milliseconds(value: Timestamp, zone: str = "UTC") -> int:
    _moment(value, zone)
    return value.nanos % NANOS // 1_000_000


def _counter(unit: int) -> Callable[[Duration], int]:
    return lambda value: value.nanos // unit if value.nanos >= 0 else -(-value.nanos // unit)


_declare()
