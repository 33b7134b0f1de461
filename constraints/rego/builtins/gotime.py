"""Go's times as builtins read them: what Go refuses is a BuiltinError, and what is read is counted."""

from __future__ import annotations

from datetime import timezone
from zoneinfo import ZoneInfo

from constraints.golang import GoError, durations, timeparse, times
from constraints.rego.builtins import BuiltinError
from constraints.rego.values.sizes import scan


def parse_time(layout: str, text: str) -> int:
    """Nanoseconds since 1970 of a time in this layout."""
    scan(text)
    try:
        return timeparse.parse_time(layout, text)
    except GoError as error:
        raise BuiltinError(str(error)) from error


def parse_duration(text: str, shown: str) -> int:
    """Nanoseconds; `shown` is the duration as it was written."""
    scan(text)
    try:
        return durations.parse(text, shown)
    except GoError as error:
        raise BuiltinError(str(error)) from error


def zone(name: str) -> ZoneInfo | timezone:
    """A zone of the IANA database."""
    try:
        return times.zone(name)
    except GoError as error:
        raise BuiltinError(str(error)) from error
