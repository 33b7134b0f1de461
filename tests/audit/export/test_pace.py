"""Publishing beside an audit: small batches, and long pauses."""

from __future__ import annotations

from threading import Thread

from exporting import eventually

from audit.export.pace import BRIEF, FEW, MANY, SHARE, Pace


def spent(pace: Pace, now: list[float], seconds: float) -> int:
    """The bytes of a batch that takes so many seconds."""
    size = pace.begin()
    now[0] += seconds
    pace.rest()
    return size


def test_without_an_audit_batches_are_large_and_follow_each_other() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    assert [spent(pace, now, 1000.0) for _ in range(3)] == [MANY] * 3


def test_beside_an_audit_batches_are_as_large_as_they_are_brief() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.slow()
    assert [spent(pace, now, 0.0) for _ in range(3)] == [FEW, 2 * FEW, 4 * FEW]
    assert spent(pace, now, 2 * BRIEF) == 8 * FEW
    assert spent(pace, now, 0.0) == 4 * FEW
    for _ in range(20):
        assert FEW <= spent(pace, now, 0.0) <= MANY


def test_a_pause_ends_with_the_audit() -> None:
    now = [0.0]
    pace = Pace(lambda: now[0])
    pace.slow()
    resting = Thread(target=spent, args=(pace, now, 1000 * SHARE))
    resting.start()
    eventually(lambda: now[0])
    assert resting.is_alive()
    pace.free()
    resting.join(20)
    assert not resting.is_alive()
