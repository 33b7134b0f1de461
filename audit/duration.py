"""Go's durations in seconds, as flags have them and logs show them."""

from __future__ import annotations

from constraints.golang import GoError, durations


def format_duration(seconds: float) -> str:
    """As Go writes it: `251.009679ms`, `1m2.5s`; nanoseconds at most."""
    return durations.written(round(seconds * 1e9))


def parse_duration(text: str) -> float:
    """Seconds. Raises ValueError for what Go's ParseDuration refuses."""
    try:
        return durations.parse(text) / durations.SECOND
    except GoError as error:
        raise ValueError(f"invalid duration {text!r}") from error
