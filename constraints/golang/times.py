"""Times as Go has them: nanoseconds since 1970 and a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from constraints.golang import GoError
from constraints.golang.calendar import DAY, date_of, days_since_epoch, signed
from constraints.golang.durations import SECOND
from constraints.golang.layouts import CivilTime

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NAME: Final = 256
_ZONE_NAME: Final = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


def zone(name: str) -> ZoneInfo | timezone:
    """A zone of the IANA database; `Local` is UTC, for a policy knows nothing of the machine. Raises GoError."""
    if name in ("", "UTC", "Local"):
        return UTC
    found = _zone_info(name) if len(name) <= _LONGEST_NAME and _ZONE_NAME.fullmatch(name) else None
    if found is None:
        raise GoError(f"unknown time zone {name}")
    return found


@lru_cache(maxsize=256)  # a pure answer for a short text; the lock of lru_cache lets threads share it
def _zone_info(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        return None


def local(nanoseconds: int, where: ZoneInfo | timezone) -> CivilTime:
    """The time in a zone, taken apart. Raises OverflowError beyond the years of datetime."""
    moment = (_EPOCH + timedelta(seconds=nanoseconds // SECOND)).astimezone(where)
    offset = moment.utcoffset() or timedelta()
    return civil_time(nanoseconds, int(offset.total_seconds()), moment.tzname() or "")


def civil_time(nanoseconds: int, offset: int, zone: str = "") -> CivilTime:
    """The time that is so many seconds ahead of UTC, taken apart."""
    seconds, rest = divmod(nanoseconds, SECOND)
    days, of_day = divmod(seconds + offset, DAY)
    year, month, day = date_of(days)
    return CivilTime(
        year=year,
        month=month,
        day=day,
        hour=of_day // 3600,
        minute=of_day // 60 % 60,
        second=of_day % 60,
        nanosecond=rest,
        weekday=(days + 4) % 7,
        yearday=days - days_since_epoch(year, 1, 1) + 1,
        offset=offset,
        zone=zone,
    )


def at(days: int, time: CivilTime, where: ZoneInfo | timezone) -> int:
    """Nanoseconds since 1970 of a day and the time of day of `time` in a zone, as Go's time.Date chooses."""
    seconds = signed(days * DAY + time.hour * 3600 + time.minute * 60 + time.second)
    if isinstance(where, ZoneInfo):
        guess = seconds - _offset_at(seconds, where)
        seconds -= _offset_at(guess, where)
    return seconds * SECOND + time.nanosecond


def _offset_at(seconds: int, where: ZoneInfo) -> int:
    try:
        offset = (_EPOCH + timedelta(seconds=seconds)).astimezone(where).utcoffset()
    except OverflowError:  # beyond the years of datetime, and so beyond those of OPA
        return 0
    return int((offset or timedelta()).total_seconds())
