"""What is kept waiting does not hold up what comes after it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from threading import Event, Lock, Thread, current_thread

import pytest

from audit.sources.lanes import Job, Lanes, Turn


def hurried(most: int = 4) -> Lanes:
    """Lanes whose clock goes on by a minute each time that it is looked at."""
    seconds = count(step=60)
    return Lanes(most, patience=2.0, elapsed=lambda: float(next(seconds)))


def quick(name: str, told: list[str]) -> Job:
    def job(turn: Turn) -> bool:
        told.append(name)
        return True

    return job


def waiting(until: Event, then: Callable[[], object]) -> Job:
    def job(turn: Turn) -> bool:
        with turn.asking():
            assert until.wait(20)
        then()
        return True

    return job


def test_jobs_that_are_not_kept_waiting_are_done_one_after_the_other() -> None:
    told: list[str] = []
    hurried().run(quick(name, told) for name in "abcd")
    assert told == list("abcd")


def test_a_job_that_is_kept_waiting_goes_on_beside_the_next_ones_and_is_waited_for_at_the_end() -> None:
    told: list[str] = []
    answered = Event()

    def last(turn: Turn) -> bool:
        answered.set()
        return quick("d", told)(turn)

    hurried().run([waiting(answered, lambda: told.append("a")), quick("b", told), quick("c", told), last])
    assert told[:2] == ["b", "c"]
    assert sorted(told[2:]) == ["a", "d"]


def test_a_job_that_has_work_is_waited_for_however_long_it_takes() -> None:
    told: list[str] = []

    def busy(turn: Turn) -> bool:
        with turn.asking():
            pass
        assert not Event().wait(0.3)  # some looks of the lanes
        return quick("busy", told)(turn)

    hurried().run([busy, quick("next", told)])
    assert told == ["busy", "next"]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_only_so_many_jobs_are_on_their_way_at_a_time(most: int) -> None:
    lock, here, seen = Lock(), [0], []
    full = Event()

    def job(turn: Turn) -> bool:
        with lock:
            here[0] += 1
            seen.append(here[0])
        if here[0] == most:
            full.set()
        with turn.asking():
            assert full.wait(20)
        with lock:
            here[0] -= 1
        return True

    hurried(most).run([job] * 6)
    assert (len(seen), max(seen)) == (6, most)


def test_once_a_job_finds_that_no_more_are_wanted_none_begins() -> None:
    told: list[str] = []
    hurried().run([quick("a", told), lambda turn: False, quick("b", told)])
    assert told == ["a"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_job_that_fails_does_not_keep_the_others_from_being_done() -> None:
    told: list[str] = []
    threads: list[Thread] = []

    def ended(turn: Turn) -> bool:
        threads.append(current_thread())
        raise SystemExit  # ends a thread without a word

    hurried().run([ended, quick("b", told)])
    threads[0].join()
    assert told == ["b"]
