"""Times as Go has them: nanoseconds since 1970 and a zone, the calendar without end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from constraints.golang import GoError
from constraints.golang.durations import SECOND
from constraints.golang.layouts import Clock

DAY: Final = 86_400
_WORD: Final = 1 << 64
_ABSOLUTE_YEARS: Final = 292_277_022_400  # from which Go counts years
_ABSOLUTE_DAYS: Final = _ABSOLUTE_YEARS // 400 * 146_097 + 719_468
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_NAME: Final = 256
_ZONE_NAME: Final = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


def days_since_epoch(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to a date of the proleptic calendar; months and days out of range carry over."""
    year += (month - 1) // 12
    month = (month - 1) % 12 + 1
    # whole eras of 400 years, each 146097 days; the year starts in March so that a leap day is the last one
    shifted, index = (year - 1, month + 9) if month < 3 else (year, month - 3)
    era, of_era = divmod(shifted, 400)
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + (153 * index + 2) // 5 + day - 719_469


def day_of(year: int, month: int, day: int) -> int:
    """`days_since_epoch` in 64 bits as Go's time.Date counts them: what is too large for them comes out anywhere."""
    month = _signed(month - 1)
    year, march = _signed(year + month // 12), (month - 2) % 12  # months since March
    shifted = (year - (march > 9) + _ABSOLUTE_YEARS) % _WORD
    century, of_century = divmod(shifted, 100)
    before = 146_097 * century % _WORD // 4 + 1461 * of_century // 4 + (153 * march + 2) // 5
    return _signed(before + _signed(day) - 1) - _ABSOLUTE_DAYS


def _signed(value: int) -> int:
    return (value + (_WORD >> 1)) % _WORD - (_WORD >> 1)


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01."""
    era, of_era = divmod(days + 719_468, 146_097)
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    index = (5 * of_year + 2) // 153
    month = index + 3 if index < 10 else index - 9
    return years + era * 400 + (month < 3), month, of_year - (153 * index + 2) // 5 + 1


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


def local(nanoseconds: int, where: ZoneInfo | timezone) -> Clock:
    """The time in a zone, taken apart. Raises OverflowError beyond the years of datetime."""
    moment = (_EPOCH + timedelta(seconds=nanoseconds // SECOND)).astimezone(where)
    offset = moment.utcoffset() or timedelta()
    return clock(nanoseconds, int(offset.total_seconds()), moment.tzname() or "")


def clock(nanoseconds: int, offset: int, zone: str = "") -> Clock:
    """The time that is so many seconds ahead of UTC, taken apart."""
    seconds, rest = divmod(nanoseconds, SECOND)
    days, of_day = divmod(seconds + offset, DAY)
    year, month, day = date_of(days)
    return Clock(
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


def at(days: int, clock: Clock, where: ZoneInfo | timezone) -> int:
    """Nanoseconds since 1970 of a day and the time of day of `clock` in a zone, as Go's time.Date chooses."""
    seconds = _signed(days * DAY + clock.hour * 3600 + clock.minute * 60 + clock.second)
    if isinstance(where, ZoneInfo):
        guess = seconds - _offset_at(seconds, where)
        seconds -= _offset_at(guess, where)
    return seconds * SECOND + clock.nanosecond


def _offset_at(seconds: int, where: ZoneInfo) -> int:
    try:
        offset = (_EPOCH + timedelta(seconds=seconds)).astimezone(where).utcoffset()
    except OverflowError:  # beyond the years of datetime, and so beyond those of OPA
        return 0
    return int((offset or timedelta()).total_seconds())
