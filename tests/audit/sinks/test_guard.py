"""A failing sink is a gap, not the end of a run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from builders import constraint, page, summary, violation

from audit.aggregate import Phase, Summary
from audit.ledger import NO_CHANGES, Changes
from audit.model import RunInfo
from audit.sinks.guard import GuardedSink
from audit.verdicts import Reviewed
from constraints import Gap

FULL = "sink export: No space left on device"


@dataclass
class FailingSink:
    """Fails at the verbs, and at the pages by number; remembers what it was asked."""

    at: Collection[str | int]
    name: str = "export"
    phase: Phase = "log"
    heard: list[str | int] = field(default_factory=list)

    def _hear(self, what: str | int) -> None:
        self.heard.append(what)
        if what in self.at:
            raise OSError(28, "No space left on device")

    def start(self, info: RunInfo) -> None:
        self._hear("start")

    def page(self, reviewed: Reviewed) -> None:
        self._hear(int(reviewed.verdicts[0].object.name))

    def finish(self, summary: Summary, changes: Changes) -> None:
        self._hear("finish")


def play(sink: FailingSink, pages: int = 3) -> list[Gap]:
    """A run with pages of two violations."""
    guarded, run = GuardedSink(sink), summary()
    guarded.start(run.info)
    for number in range(pages):
        guarded.page(page(*[violation(constraint(), str(number))] * 2))
    return guarded.finish(run, NO_CHANGES)


def test_a_sink_that_works_leaves_no_gap() -> None:
    sink = FailingSink(at=())
    assert (play(sink), sink.heard) == ([], ["start", 0, 1, 2, "finish"])


def test_a_sink_that_fails_at_a_page_loses_that_page_and_hears_of_the_next() -> None:
    sink = FailingSink(at={1})
    (gap,) = play(sink)
    assert sink.heard == ["start", 0, 1, 2, "finish"]
    assert gap.message == f"{FULL}; 2 violations did not reach it"


def test_a_sink_that_cannot_start_hears_of_no_page_but_the_end() -> None:
    sink = FailingSink(at={"start"})
    (gap,) = play(sink)
    assert sink.heard == ["start", "finish"]
    assert gap.message == f"{FULL}; 6 violations did not reach it"


def test_after_three_failures_in_a_row_a_sink_hears_of_no_more_pages() -> None:
    sink = FailingSink(at={1, 3, 4, 5})
    (gap,) = play(sink, pages=10)
    assert sink.heard == ["start", 0, 1, 2, 3, 4, 5, "finish"]
    assert gap.message == f"{FULL}; 16 violations did not reach it"


def test_a_sink_that_fails_at_a_part_of_a_page_loses_the_rest_of_it_and_hears_of_the_next_page() -> None:
    sink = FailingSink(at={1})
    guarded = GuardedSink(sink)
    guarded.start(summary().info)
    for number in range(7):
        guarded.page(page(*[violation(constraint(), str(number))] * 2), begins=number in (0, 5))
    (gap,) = guarded.finish(summary(), NO_CHANGES)
    assert sink.heard == ["start", 0, 1, 5, 6, "finish"]
    assert gap.message == f"{FULL}; 8 violations did not reach it"


def test_a_sink_that_cannot_finish_is_a_gap() -> None:
    (gap,) = play(FailingSink(at={"finish"}))
    assert gap.message == FULL
