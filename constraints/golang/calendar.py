"""The calendar without end by which Go counts days."""

from __future__ import annotations

from typing import Final

DAY: Final = 86_400
_WORD: Final = 1 << 64
_ABSOLUTE_YEARS: Final = 292_277_022_400  # from which Go counts years
_ABSOLUTE_DAYS: Final = _ABSOLUTE_YEARS // 400 * 146_097 + 719_468


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
    month = signed(month - 1)
    year, march = signed(year + month // 12), (month - 2) % 12  # months since March
    shifted = (year - (march > 9) + _ABSOLUTE_YEARS) % _WORD
    century, of_century = divmod(shifted, 100)
    before = 146_097 * century % _WORD // 4 + 1461 * of_century // 4 + (153 * march + 2) // 5
    return signed(before + signed(day) - 1) - _ABSOLUTE_DAYS


def signed(value: int) -> int:
    """The same in 64 bits."""
    return (value + (_WORD >> 1)) % _WORD - (_WORD >> 1)


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01."""
    era, of_era = divmod(days + 719_468, 146_097)
    years = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    index = (5 * of_year + 2) // 153
    month = index + 3 if index < 10 else index - 9
    return years + era * 400 + (month < 3), month, of_year - (153 * index + 2) // 5 + 1
