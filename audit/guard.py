"""The one place on this side of the house where any exception at all is caught, and turned into data."""

from __future__ import annotations

from collections.abc import Callable


def attempt(call: Callable[[], object]) -> Exception | None:
    """Call and give back what it raised, or None.

    Used for sinks, which are other people's servers and disks and must not take a run down with them, for a whole run,
    which must not take the loop down, and for what threads do, whose end nobody would hear of.
    """
    try:
        call()
    except Exception as error:  # the named place: a sink, or a run, may fail in any way
        return error
    return None
