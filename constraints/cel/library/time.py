"""Timestamps and durations: reading them, and their parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from constraints.cel.failures import Failure
from constraints.cel.library.conversions import unconvertible
from constraints.cel.overloads import function, method
from constraints.cel.values import NANOS, Duration, Timestamp
from constraints.golang import GoError, durations
from constraints.golang.integers import atoi
from constraints.golang.quoting import quoted
from constraints.golang.timeparse import parse_rfc3339
from constraints.golang.times import zone

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_DURATION: Final = "google.protobuf.Duration"
_STRICT: Final = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)\Z",
    re.ASCII,
)
_LONGEST: Final = 256  # characters: what objects hold must not cost much
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


@function("timestamp(string) -> google.protobuf.Timestamp")
def timestamp(text: str) -> Timestamp:
    """RFC 3339."""
    found = parse_timestamp(text)
    if found is None and not _STRICT.match(text):
        raise Failure(f"invalid RFC 3339 timestamp {quoted(text)}")
    if found is None:
        raise unconvertible(_TIMESTAMP)
    return Timestamp.checked(found.nanos, found.offset)


def parse_timestamp(text: str) -> Timestamp | None:
    """RFC 3339; None for anything else."""
    found = parse_rfc3339(text)
    return found and Timestamp(*found)


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
    try:
        return Duration(durations.parse(text))
    except GoError:
        return None


def _moment(value: Timestamp, where: str = "UTC") -> datetime:
    """What clocks show there; the zone is not kept."""
    try:
        moment = _START + timedelta(seconds=value.nanos // NANOS)
        found = _zone(where)
        if isinstance(found, timedelta):
            return moment + found
        return moment.astimezone(found)
    except OverflowError as error:
        raise Failure("timestamp overflow") from error


def _zone(name: str) -> tzinfo | timedelta:
    hours, colon, minutes = name.partition(":")
    if colon:
        return _offset(name, _whole(hours), _whole(minutes))
    try:
        return zone(name)
    except GoError as error:
        raise Failure(str(error)) from error


def _whole(text: str) -> int:
    try:
        return atoi(text)
    except GoError as error:
        raise Failure(str(error)) from error


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
