"""Go's readers of texts as builtins call them: what they refuse is a BuiltinError, and what they read is counted."""

from __future__ import annotations

from datetime import timezone
from typing import Final
from zoneinfo import ZoneInfo

from constraints.golang import GoError, durations, timeparse, times, urls
from constraints.golang.urls import Url
from constraints.rego.builtins import BuiltinError
from constraints.rego.values.sizes import scan

_TIMES: Final = 4  # that a URL is looked through, at most


def parse_url(text: str) -> Url:
    """The URL or reference."""
    scan(text, _TIMES)
    try:
        return urls.parse_url(text)
    except GoError as error:
        raise BuiltinError(str(error)) from error


def unescape(text: str, *, plus: bool = False) -> str:
    """The text without `%xx` and, in a query, with spaces for `+`."""
    scan(text)
    try:
        return urls.unescape(text, plus=plus)
    except GoError as error:
        raise BuiltinError(str(error)) from error


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
