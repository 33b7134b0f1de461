"""The texts of durations and timestamps."""

from __future__ import annotations

from constraints.cel.values import NANOS, Duration, Timestamp
from constraints.golang.floats import plain
from constraints.golang.layouts import NAMED, format_time
from constraints.golang.times import civil_time


def format_duration(value: Duration) -> str:
    """Seconds as a double, with as many decimals as that needs."""
    seconds, rest = divmod(abs(value.nanos), NANOS)
    return f"{'-' if value.nanos < 0 else ''}{plain(seconds + rest / NANOS)}s"


def format_timestamp(value: Timestamp) -> str:
    """RFC 3339 with nanoseconds where there are any."""
    return format_time(civil_time(value.nanos, value.offset), NAMED["RFC3339Nano"])
