"""What a run hands to the delivery, and what of it a run is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from builders import constraint, page, record, settled, summary, unlisted, violation
from exporting import Line, Recorder, eventually, target

from audit.errors import ExportError
from audit.export.driver import Advance
from audit.ledger import NO_CHANGES, Ledger
from audit.model import Outcome, RunInfo
from audit.sinks.export import ExportSink, Selection, SettlingSink

INFO = RunInfo.at(1_795_216_641.5)
OF = constraint("c")


def fine() -> ExportError | None:
    return None


def sink_of(line: Line, problem: Callable[[], ExportError | None] = fine, **selected: Any) -> ExportSink:
    return ExportSink(line.delivery, problem, Selection(**selected))


def whole(sink: ExportSink, *names: str) -> None:
    sink.start(INFO)
    sink.page(page(*(violation(OF, name) for name in names)))
    sink.finish(summary(), NO_CHANGES)


def test_a_run_is_a_start_its_violations_and_an_end(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    line.delivery.aim(target(driver))
    whole(sink_of(line), "a", "b")
    line.delivery.close(10)
    told = [json.loads(message) for message in driver.messages]
    assert {message["id"] for message in told} == {INFO.audit_id}
    assert [message.get("resourceName", message["message"]) for message in told] == [
        *("audit is started", "a", "b", "audit is completed")
    ]


def test_a_run_without_pages_has_start_and_end_too(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    line.delivery.aim(target(driver))
    sink = sink_of(line)
    sink.start(INFO)
    sink.finish(summary(cut=Outcome.INTERRUPTED), NO_CHANGES)
    line.delivery.close(10)
    assert len(driver.messages) == 2


def test_the_connection_of_a_run_is_the_one_that_is_there_at_its_first_page(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    sink = sink_of(line)
    sink.start(INFO)
    line.delivery.aim(target(driver))
    sink.page(page(violation(OF, "a")))
    sink.finish(summary(), NO_CHANGES)
    line.delivery.close(10)
    assert len(driver.messages) == 3


def test_without_a_connection_nothing_waits_and_the_run_is_told(tmp_path: Path) -> None:
    line = Line(tmp_path)
    problem = ExportError("there is no Connection", reason="NoConnection")
    with pytest.raises(ExportError, match="there is no Connection"):
        whole(sink_of(line, lambda: problem), "a")
    assert line.tally.counts().waiting == 0
    line.delivery.close(0)


def test_a_run_is_told_how_many_of_its_messages_were_dropped(tmp_path: Path) -> None:
    line, driver = Line(tmp_path, limit=1000), Recorder(down=True)
    line.delivery.aim(target(driver))
    with pytest.raises(ExportError, match="8 messages had no place") as error:
        whole(sink_of(line), *map(str, range(10)))
    assert error.value.reason == "ExportDropped"
    assert line.tally.dropped(INFO.audit_id) == 8
    driver.down = False
    line.delivery.close(10)
    assert len(driver.messages) == 4


@pytest.mark.parametrize(
    ("down", "told", "reason"),
    [(True, "4 messages could not be published", "NotPublished"), (False, "4 messages are refused", "ExportDropped")],
)
def test_the_only_run_is_told_what_is_not_with_the_target_at_its_end(
    tmp_path: Path, down: bool, told: str, reason: str
) -> None:
    class Refusing(Recorder):
        def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
            return Advance(len(messages), [self.refuses] * super().publish(run, messages).number)

    line = Line(tmp_path, patience=0.1)
    line.delivery.aim(target(Refusing(down=down)))
    sink = sink_of(line)
    whole(sink, "a", "b")
    with pytest.raises(ExportError, match=told) as error:
        SettlingSink(sink.settle).finish(summary(), NO_CHANGES)
    assert error.value.reason == reason
    line.delivery.close(0)


def test_a_violation_that_json_has_no_form_of_is_told_as_far_as_it_has(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    line.delivery.aim(target(driver))
    sink = sink_of(line)
    sink.start(INFO)
    sink.page(page(violation(OF, "a", message="half \ud800", details={"n": 10**30, "s": {1: "\udfff"}})))
    sink.finish(summary(), NO_CHANGES)
    line.delivery.close(10)
    message = json.loads(driver.messages[1])
    assert message["message"] == "half �"
    assert message["details"]["s"] == {"1": "�"}


class Telling:
    """Runs one after the other that a sink and its ledger hear of, as in an audit; gives what each exported."""

    def __init__(self, folder: Path, extended: bool = False, **selected: Any) -> None:
        self.line, self.driver, self.ledger = Line(folder), Recorder(), Ledger()
        self.now = 0.0
        selection = Selection(clock=lambda: self.now, **selected)
        of_runs = self.ledger if selection.mode == "changes" else None
        self.sink = ExportSink(self.line.delivery, fine, selection, of_runs)
        self.aim("/a", extended)
        self.last: RunInfo | None = None

    def aim(self, path: str, extended: bool = False) -> None:
        aimed = target(self.driver, path=path)
        self.line.delivery.aim(replace(aimed, connection=replace(aimed.connection, extended=extended)))

    def run(self, *names: str, **more: Any) -> list[dict[str, Any]]:
        """One run that finds that these objects break the constraint."""
        self.last = RunInfo.at(INFO.started, self.last)
        found = [violation(OF, name) for name in names]
        before = len(self.driver.messages)
        self.ledger.start(self.last)
        self.sink.start(self.last)
        self.ledger.page(page(*found))
        self.sink.page(page(*found))
        end = settled(summary(record(OF), found=found, **more))
        self.sink.finish(end, NO_CHANGES if end.cut else self.ledger.end(end))
        ended = ("end", self.last.audit_id)
        eventually(lambda: ended in self.driver.calls)
        return [json.loads(message) for message in self.driver.messages[before:]]

    def told(self, *names: str, **more: Any) -> list[str]:
        return [f"{m['eventType']} {m['resourceName']}" for m in self.run(*names, **more)[1:-1]]


@pytest.fixture
def changes(tmp_path: Path) -> Iterator[Telling]:
    telling = Telling(tmp_path, mode="changes", full_interval=100.0)
    yield telling
    telling.line.delivery.close(5)


def test_only_what_is_new_and_what_is_resolved_is_told_once_everything_was(changes: Telling) -> None:
    assert changes.told("a", "b") == ["violation_audited a", "violation_audited b"]
    assert changes.told("a", "b") == []
    assert changes.told("b", "c") == ["violation_audited c", "violation_resolved a"]


def test_everything_is_told_again_after_its_time_and_to_another_connection(changes: Telling) -> None:
    changes.told("a")
    changes.now = 99.0
    assert changes.told("a") == []
    changes.now = 100.0
    assert changes.told("a") == ["violation_audited a"]
    assert changes.told("a") == []
    changes.aim("/b")
    assert changes.told("a") == ["violation_audited a"]


def test_everything_is_told_again_after_a_run_that_did_not_come_to_its_end(changes: Telling) -> None:
    changes.told("a")
    changes.told("a", cut=Outcome.FAILED)
    assert changes.told("a") == ["violation_audited a"]


def test_everything_is_told_again_after_messages_were_dropped(tmp_path: Path) -> None:
    selection = Selection("changes")
    aimed = target(Recorder()).connection
    assert [selection.begin(aimed).of, selection.begin(aimed).of] == ["all", "changes"]
    selection.lost()
    assert selection.begin(aimed).of == "all"


def test_what_could_not_be_seen_is_not_told_as_resolved(changes: Telling) -> None:
    changes.told("a")
    assert changes.told(gaps=(unlisted(),)) == []
    assert changes.told() == ["violation_resolved a"]


def test_extended_messages_tell_which_violation_it_is_since_when_and_what_the_run_came_to(tmp_path: Path) -> None:
    telling = Telling(tmp_path, extended=True, cluster="east")
    first, second = telling.run("a"), telling.run("a", gaps=(unlisted(),))
    telling.line.delivery.close(5)
    assert first[0]["extended"] == {"of": "all", "cluster": "east"}
    [one], [other] = first[1:-1], second[1:-1]
    assert one["extended"]["id"] == other["extended"]["id"]
    assert [one["extended"]["first_seen"], other["extended"]["first_seen"]] == [first[0]["id"]] * 2
    assert first[-1]["extended"] == {
        "of": "all",
        "outcome": "complete",
        "complete": True,
        "counts": {"violations": 1, "sent": 1, "dropped": 0, "gaps": 0},
        "gaps": [],
        "cluster": "east",
    }
    end = second[-1]["extended"]
    assert (end["outcome"], end["complete"]) == ("gaps", False)
    assert [(gap["gap_cause"], gap["gap_reason"]) for gap in end["gaps"]] == [("list", "Forbidden")]


@pytest.mark.parametrize("extended", [False, True])
def test_a_run_that_a_killed_process_has_begun_is_ended_before_the_next_one(tmp_path: Path, extended: bool) -> None:
    line = Line(tmp_path)
    line.delivery.aim(target(Recorder(down=True)))
    sink = sink_of(line)
    sink.start(INFO)
    sink.page(page(violation(OF, "a"), violation(OF, "b")))
    line.delivery.close(0)  # the run has not ended
    later, driver = Line(tmp_path), Recorder()
    aimed = target(driver)
    later.delivery.aim(replace(aimed, connection=replace(aimed.connection, extended=extended)))
    sink = sink_of(later)
    for number in range(2):
        sink.start(RunInfo.at(1_795_216_700.0 + number))
        sink.finish(summary(), NO_CHANGES)
    later.delivery.close(10)
    told = [json.loads(message) for message in driver.messages]
    of_killed = [message for message in told if message["id"] == INFO.audit_id]
    said = [message.get("resourceName", message["message"]) for message in of_killed]
    assert said == ["audit is started", "a", "b", *(["audit is interrupted"] if extended else [])]
    assert told[: len(of_killed)] == of_killed
    assert of_killed[-1].get("extended", {}).get("counts") == ({"sent": 2, "dropped": 0} if extended else None)
    assert [call[1] for call in driver.calls if call[0] == "end"][:1] == [INFO.audit_id]
    assert len(told) == len(of_killed) + 4
