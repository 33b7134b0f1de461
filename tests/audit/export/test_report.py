"""What the status of a Connection tells, and when it does."""

from __future__ import annotations

import pytest
from exporting import NEXT, RUN

from audit.errors import Forbidden
from audit.export.publishing import Publishing
from audit.export.report import Report
from audit.export.tally import Tally

LATER = "2026-11-20T23:19:21Z"


class Told:
    """A report, its tally, and all that was told; every look at the clock takes a second."""

    def __init__(self, grace: float = 600.0) -> None:
        self.tally, self.now, self.heard = Tally(), 0.0, list[Publishing]()
        self.report = Report(self.heard.append, self.tally, self.clock, grace)

    def clock(self) -> float:
        self.now += 1.0
        return self.now

    def drop(self, run: str, number: int) -> None:
        self.tally.put(run, 0, dropped=number)
        self.report.dropped(run)

    def errors(self) -> list[tuple[str, ...]]:
        """Of each time that something was told by now."""
        self.report.tell()
        return [each.errors for each in self.heard]


def dropped(number: int, run: str) -> str:
    messages, were = ("message", "was") if number == 1 else ("messages", "were")
    return f"dropped: {number} {messages} of the run {run} had no place among those that waited, {were} refused, or damaged"


def test_a_target_that_fails_is_told_at_once_and_once_a_run_while_it_does() -> None:
    told = Told(grace=0.0)
    for _ in range(3):
        told.report.attempted()
        told.report.failed("target: down")
        told.report.tell()
    assert [(each.errors, each.last_attempt) for each in told.heard] == [(("target: down",), 1.0)]
    for _ in range(2):  # without a new try
        told.report.put()
        told.report.tell()
    assert [(each.errors, each.last_attempt) for each in told.heard[1:]] == [(("target: down",), 3.0)] * 2
    told.report.failed("target: still down")
    assert len(told.errors()) == 3
    told.report.succeeded()
    told.report.put()
    told.report.put()
    assert told.errors()[-1] == ("target: down",)  # it was, since the last run
    assert told.heard[-1].active
    told.report.put()
    assert told.errors()[-1] == ()


def test_a_target_that_is_slow_is_told_when_it_takes_the_first_messages_and_once_a_run() -> None:
    told = Told(grace=0.0)
    told.report.attempted()
    told.report.succeeded()
    told.report.tell()
    assert [(each.active, each.last_success) for each in told.heard] == [(True, 2.0)]
    told.report.succeeded()
    told.report.tell()
    assert len(told.heard) == 1
    told.report.put()
    told.report.tell()
    assert [(each.active, each.last_success) for each in told.heard] == [(True, 2.0), (True, 3.0)]


def test_a_failure_after_the_end_of_a_run_is_told_at_once_and_with_the_run() -> None:
    told = Told()
    told.report.failed("disk: full")
    told.report.put()
    assert told.errors() == [("disk: full",)]
    told.report.failed("other")
    told.report.published(RUN)
    assert told.errors()[1:] == [("disk: full", "other")]


def test_a_run_that_is_published_soon_is_told_once() -> None:
    told = Told()
    told.report.succeeded()
    told.report.put()
    told.report.tell()
    assert told.heard == []
    told.report.published(RUN)
    told.report.tell()
    told.report.tell()
    assert [each.active for each in told.heard] == [True]


def test_dropped_messages_are_told_when_that_begins_once_a_run_and_until_one_is_through_without() -> None:
    told = Told(grace=0.0)
    told.report.failed("target: down")
    assert told.errors() == [("target: down",)]
    told.drop(NEXT, 2)
    assert told.errors()[1:] == [("target: down", dropped(2, NEXT))]
    told.drop(NEXT, 3)
    assert len(told.errors()) == 2
    told.report.put()
    assert told.errors()[2:] == [("target: down", dropped(5, NEXT))]
    told.report.succeeded()
    told.report.published(RUN)  # which waited before
    told.report.tell()
    told.report.published(NEXT)
    assert told.errors()[-1] == (dropped(5, NEXT),)
    told.report.published(LATER)
    assert told.errors()[-1] == ()


def test_what_a_target_refuses_is_told_with_the_run_that_has_lost_it() -> None:
    told = Told()
    told.tally.lost(RUN, 1)
    told.report.dropped(RUN, ["the target refuses them: 413"])
    told.report.published(RUN)
    assert told.errors() == [("the target refuses them: 413", dropped(1, RUN))]


def test_a_process_that_ends_tells_what_waits_for_the_next_one_and_what_is_not_told_yet() -> None:
    told = Told()
    told.report.leave(3)
    assert told.errors() == [("waiting: 3 messages could not be published and wait for the next start",)]
    quiet = Told()
    quiet.report.leave(0)
    assert quiet.errors() == []
    quiet.drop(RUN, 1)
    quiet.report.leave(0)
    assert quiet.errors() == [(dropped(1, RUN),)]


def test_a_status_that_cannot_be_written_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def refused(published: Publishing) -> None:
        raise Forbidden("not allowed")

    report = Report(refused, Tally(), lambda: 1.0, 0.0)
    report.put()
    report.tell()
    report.leave(1)
    told = "export: the status of the Connection could not be written: not allowed"
    assert [record.getMessage() for record in caplog.records] == [told] * 2
