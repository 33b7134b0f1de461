"""When this process was told to leave."""

from __future__ import annotations

from audit.process.signals import Stop


def test_a_stop_knows_since_when_and_the_first_time_counts() -> None:
    stop = Stop()
    assert (stop.is_set(), stop.since()) == (False, 0.0)
    stop.set()
    first = stop.since()
    stop.set()
    assert stop.is_set()
    assert stop.since() >= first >= 0.0
