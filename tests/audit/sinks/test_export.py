"""What a run hands to the delivery, and what of it a run is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from builders import constraint, page, summary, violation
from exporting import Line, Recorder, target

from audit.errors import ExportError
from audit.ledger import NO_CHANGES
from audit.model import Outcome, RunInfo
from audit.sinks.export import ExportSink

INFO = RunInfo.at(1_795_216_641.5)
OF = constraint("c")


def fine() -> ExportError | None:
    return None


def whole(sink: ExportSink, *names: str) -> None:
    sink.start(INFO)
    sink.page(page(*(violation(OF, name) for name in names)))
    sink.finish(summary(), NO_CHANGES)


def test_a_run_is_a_start_its_violations_and_an_end(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    line.delivery.aim(target(driver))
    whole(ExportSink(line.delivery, fine), "a", "b")
    line.delivery.close(10)
    told = [json.loads(message) for message in driver.messages]
    assert {message["id"] for message in told} == {INFO.audit_id}
    assert [message.get("resourceName", message["message"]) for message in told] == [
        *("audit is started", "a", "b", "audit is completed")
    ]


def test_a_run_without_pages_has_start_and_end_too(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    line.delivery.aim(target(driver))
    sink = ExportSink(line.delivery, fine)
    sink.start(INFO)
    sink.finish(summary(cut=Outcome.INTERRUPTED), NO_CHANGES)
    line.delivery.close(10)
    assert len(driver.messages) == 2


def test_the_connection_of_a_run_is_the_one_that_is_there_at_its_first_page(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    sink = ExportSink(line.delivery, fine)
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
        whole(ExportSink(line.delivery, lambda: problem), "a")
    assert line.tally.counts().waiting == 0
    line.delivery.close(0)


def test_a_run_is_told_how_many_of_its_messages_were_dropped(tmp_path: Path) -> None:
    line, driver = Line(tmp_path, limit=1000), Recorder(down=True)
    line.delivery.aim(target(driver))
    with pytest.raises(ExportError, match="8 messages had no place") as error:
        whole(ExportSink(line.delivery, fine), *map(str, range(10)))
    assert error.value.reason == "ExportDropped"
    assert line.tally.dropped(INFO.audit_id) == 8
    driver.down = False
    line.delivery.close(10)
    assert len(driver.messages) == 4


def test_a_violation_that_json_has_no_form_of_is_told_as_far_as_it_has(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    line.delivery.aim(target(driver))
    sink = ExportSink(line.delivery, fine)
    sink.start(INFO)
    sink.page(page(violation(OF, "a", message="half \ud800", details={"n": 10**30, "s": {1: "\udfff"}})))
    sink.finish(summary(), NO_CHANGES)
    line.delivery.close(10)
    message = json.loads(driver.messages[1])
    assert message["message"] == "half �"
    assert message["details"]["s"] == {"1": "�"}
