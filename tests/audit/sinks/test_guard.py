"""A failing sink is a gap, not the end of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from builders import constraint, summary, violation

from audit.aggregate import Summary
from audit.model import RunInfo
from audit.sinks.guard import GuardedSink
from constraints import Violation


@dataclass
class FailingSink:
    """Fails at the given verb; remembers what it was asked."""

    at: str
    name: str = "export"
    heard: list[str] = field(default_factory=list)

    def _hear(self, verb: str) -> None:
        self.heard.append(verb)
        if verb == self.at:
            raise OSError(28, "No space left on device")

    def start(self, info: RunInfo) -> None:
        self._hear("start")

    def add(self, violation: Violation) -> None:
        self._hear("add")

    def finish(self, summary: Summary) -> None:
        self._hear("finish")


def play(sink: FailingSink) -> Summary:
    guarded, run = GuardedSink(sink), summary()
    guarded.start(run.info)
    for _ in range(3):
        guarded.add(violation(constraint()))
    guarded.finish(run)
    return run


def test_a_sink_that_works_leaves_no_gap() -> None:
    sink = FailingSink(at="never")
    assert (play(sink).gaps, sink.heard) == ([], ["start", "add", "add", "add", "finish"])


def test_after_its_first_failure_a_sink_hears_no_more_violations_but_the_end() -> None:
    sink = FailingSink(at="add")
    (gap,) = play(sink).gaps
    assert sink.heard == ["start", "add", "finish"]
    assert gap.message == "sink export: [Errno 28] No space left on device; 3 violations did not reach it"


def test_a_sink_that_cannot_finish_is_a_gap() -> None:
    (gap,) = play(FailingSink(at="finish")).gaps
    assert gap.message == "sink export: [Errno 28] No space left on device"


def test_the_next_run_begins_with_a_clean_slate() -> None:
    sink = FailingSink(at="add")
    guarded = GuardedSink(sink)
    guarded.start(summary().info)
    guarded.add(violation(constraint()))
    sink.at = "never"
    run = summary()
    guarded.start(run.info)
    guarded.finish(run)
    assert run.gaps == []
