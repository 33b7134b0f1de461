"""Times as Go has them: nanoseconds since 1970 and a zone, the calendar without end."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.golayout import Clock
from constraints.rego.builtins.operands import as_bytes

SECOND: Final = 10**9
DAY: Final = 86_400
_EARLIEST, _LATEST = -(2**63), 2**63 - 1
_WORD: Final = 1 << 64
_ABSOLUTE_YEARS: Final = 292_277_022_400  # from which Go counts years
_ABSOLUTE_DAYS: Final = _ABSOLUTE_YEARS // 400 * 146_097 + 719_468
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ZONE_NAME: Final = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")


def quoted(text: str) -> str:
    """In quotes, as Go's time package does it: what is not ASCII is shown byte by byte."""
    data = as_bytes(text.replace("\\", "\\\\").replace('"', '\\"'))
    shown = "".join(chr(byte) if 0x20 <= byte < 0x80 else f"\\x{byte:02x}" for byte in data)
    return f'"{shown}"'


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


def in_range(nanoseconds: int) -> int:
    """The same, if 64 bits hold it (1677-09-21 to 2262-04-11)."""
    if not _EARLIEST <= nanoseconds <= _LATEST:
        raise BuiltinError("time outside of valid range")
    return nanoseconds


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo | timezone:
    """A zone of the IANA database; `Local` is UTC, for a policy knows nothing of the machine."""
    if name in ("", "UTC", "Local"):
        return UTC
    try:
        if _ZONE_NAME.fullmatch(name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        pass
    raise BuiltinError(f"unknown time zone {name}")


def local(nanoseconds: int, where: ZoneInfo | timezone) -> Clock:
    """The time in a zone, taken apart."""
    seconds, rest = divmod(nanoseconds, SECOND)
    moment = (_EPOCH + timedelta(seconds=seconds)).astimezone(where)
    offset = moment.utcoffset() or timedelta()
    days, of_day = divmod(seconds + int(offset.total_seconds()), DAY)
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
        offset=int(offset.total_seconds()),
        zone=moment.tzname() or "",
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
