"""The events of a run, field by field as in compatibility, section 3."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from builders import POD, SERVICE, constraint, page, pods, record, settled, summary, unlisted, violation

from audit.aggregate import KindStats
from audit.ledger import NO_CHANGES, Ledger
from audit.logs.streams import LineFormatter, LineHandler
from audit.model import Outcome, RunInfo
from audit.settings.config import LogConfig
from audit.sinks.log import AT_ONCE, LogSink
from constraints import Cause, Gap, Kind, ObjectRef

COMMON = ["level", "ts", "logger", "msg", "process", "audit_id"]
INFO = RunInfo.at(1_795_216_641.5)

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logger(stream: io.StringIO) -> logging.Logger:
    logger = logging.Logger("controller")
    handler = LineHandler(stream)
    handler.setFormatter(LineFormatter(LogConfig()))
    logger.addHandler(handler)
    return logger


@pytest.fixture
def sink(logger: logging.Logger) -> LogSink:
    sink = LogSink(logger)
    sink.start(INFO)
    return sink


@pytest.fixture
def lines(stream: io.StringIO) -> Lines:
    """What was logged after `audit_started`."""
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()][1:]


@pytest.mark.usefixtures("sink")
def test_a_run_begins_with_audit_started(stream: io.StringIO) -> None:
    [line] = map(json.loads, stream.getvalue().splitlines())
    assert list(line) == [*COMMON, "event_type", "semantic"]
    assert line["msg"] == "auditing constraints and violations"
    assert line["audit_id"] == "2026-11-20T23:17:21Z"
    assert (line["event_type"], line["semantic"]) == ("audit_started", True)


def test_each_violation_is_a_line_with_exactly_gatekeepers_keys(sink: LogSink, lines: Lines) -> None:
    sink.page(page(violation(constraint("must-have-owner"), message="no owner")))
    [line] = lines()
    assert list(line) == [
        *COMMON,
        "details",
        "event_type",
        "semantic",
        "constraint_group",
        "constraint_api_version",
        "constraint_kind",
        "constraint_name",
        "constraint_namespace",
        "constraint_action",
        "constraint_enforcement_actions",
        "constraint_annotations",
        "resource_group",
        "resource_api_version",
        "resource_kind",
        "resource_namespace",
        "resource_name",
        "resource_labels",
    ]
    assert line["msg"] == "no owner"
    assert line["event_type"] == "violation_audited"
    assert line["details"] == {}
    assert line["constraint_annotations"] is None
    assert line["resource_labels"] is None


def test_a_long_message_is_cut_in_the_line(sink: LogSink, lines: Lines) -> None:
    sink.page(page(violation(constraint("c"), message="é" * 200)))
    assert lines()[0]["msg"] == "é" * 126 + "..."


def test_a_thousand_violations_with_one_message_are_a_thousand_lines(sink: LogSink, lines: Lines) -> None:
    sink.page(page(*[violation(constraint("c"))] * 1000))
    assert len(lines()) == 1000


@pytest.mark.parametrize("limit", [20, 0])
def test_a_constraint_with_violations_has_a_line_with_its_total(
    limit: int,
    sink: LogSink,
    lines: Lines,
) -> None:
    dirty, clean = constraint("dirty", action="warn"), constraint("clean")
    found = [violation(dirty, f"p{number}") for number in range(30)]
    sink.finish(settled(summary(record(clean), record(dirty), limit=limit, found=found)), NO_CHANGES)
    audited, finished = lines()
    assert list(audited) == [
        *COMMON,
        "event_type",
        "semantic",
        "constraint_group",
        "constraint_api_version",
        "constraint_kind",
        "constraint_name",
        "constraint_namespace",
        "constraint_action",
        "constraint_status",
        "constraint_violations",
    ]
    assert audited["msg"] == "audit results for constraint"
    assert audited["event_type"] == "constraint_audited"
    assert (audited["constraint_name"], audited["constraint_action"]) == ("dirty", "warn")
    assert (audited["constraint_status"], audited["constraint_violations"]) == ("enforced", "30")
    assert finished["event_type"] == "audit_finished"


def test_a_constraint_that_keeps_its_last_results_says_so(sink: LogSink, lines: Lines) -> None:
    blind, seen = record(constraint("blind"), totalViolations=7), record(constraint("seen", kinds=pods("Service")))
    found = [violation(seen.constraint, kind=SERVICE)]
    sink.finish(settled(summary(blind, seen, found=found, gaps=(unlisted(),))), NO_CHANGES)
    rows = {line["constraint_name"]: line for line in lines() if line["event_type"] == "constraint_audited"}
    assert (rows["blind"]["constraint_violations"], rows["blind"]["constraint_stale"]) == ("7", True)
    assert (rows["seen"]["constraint_violations"], "constraint_stale" in rows["seen"]) == ("1", False)


def test_the_last_line_tells_the_duration_as_go_does(sink: LogSink, lines: Lines) -> None:
    sink.finish(settled(summary(seconds=62.5)), NO_CHANGES)
    [line] = lines()
    assert list(line) == [*COMMON, "event_type", "semantic", "duration", "outcome"]
    assert (line["msg"], line["duration"]) == ("auditing is complete", "1m2.5s")


WHOLE, PART = "auditing is complete", "auditing did not come to its end"


@pytest.mark.parametrize(
    ("cut", "gap", "told"),
    [
        pytest.param(None, None, ("complete", "info", WHOLE, None), id="complete"),
        pytest.param(
            None,
            Gap(Cause.EVALUATION, "Failed", "x", policy="K8sTest"),
            ("gaps", "warn", WHOLE, "1 gap: evaluation Failed"),
            id="gaps",
        ),
        pytest.param(
            None, Gap(Cause.SINK, "OSError", "disk full"), ("unwritten", "warn", WHOLE, "disk full"), id="unwritten"
        ),
        pytest.param(
            Outcome.INTERRUPTED,
            Gap(Cause.RUN, "Interrupted", "told to stop"),
            ("interrupted", "warn", PART, "told to stop"),
            id="interrupted",
        ),
        pytest.param(
            Outcome.FAILED,
            Gap(Cause.RUN, "Forbidden", "GET /api: 403"),
            ("failed", "error", PART, "GET /api: 403"),
            id="failed",
        ),
    ],
)
def test_the_last_line_tells_how_the_run_ended_and_why(
    cut: Outcome | None, gap: Gap | None, told: tuple[str | None, ...], sink: LogSink, lines: Lines
) -> None:
    run = settled(summary(record(constraint())))
    sink.finish(replace(run, cut=cut, gaps=(gap,) if gap else ()), NO_CHANGES)
    last = lines()[-1]
    assert last["event_type"] == "audit_finished"
    assert (last["outcome"], last["level"], last["msg"], last.get("reason")) == told


@pytest.mark.parametrize(
    ("gap", "wanted"),
    [
        pytest.param(
            unlisted(Kind("", "v1", "Secret")),
            {
                "gap_cause": "list",
                "gap_reason": "Forbidden",
                "gap_policy": "",
                "resource_kind": "Secret",
                "resource_name": "",
            },
            id="a kind that cannot be listed",
        ),
        pytest.param(
            Gap(Cause.DISCOVERY, "Unreachable", "down", kind=Kind("metrics.k8s.io", "v1", "")),
            {
                "gap_cause": "discovery",
                "resource_group": "metrics.k8s.io",
                "resource_api_version": "v1",
                "resource_kind": "",
            },
            id="a group that cannot be discovered",
        ),
        pytest.param(
            Gap(Cause.OBJECT, "NoMetadata", "x", object=ObjectRef(Kind("apps", "v1", "Deployment"), "shop", "web")),
            {
                "resource_group": "apps",
                "resource_kind": "Deployment",
                "resource_namespace": "shop",
                "resource_name": "web",
            },
            id="an object",
        ),
        pytest.param(
            Gap(Cause.TEMPLATE, "NoEngine", "x", policy="K8sFoo"),
            {"gap_cause": "template", "gap_policy": "K8sFoo", "resource_kind": ""},
            id="a policy",
        ),
    ],
)
def test_what_could_not_be_audited_is_a_line(gap: Gap, wanted: dict[str, str], sink: LogSink, lines: Lines) -> None:
    sink.finish(settled(summary(gaps=(gap,))), NO_CHANGES)
    line = lines()[0]
    assert (line["level"], line["event_type"], line["msg"]) == ("warn", "audit_gap", gap.message)
    assert wanted.items() <= line.items()


def test_without_lines_for_violations_totals_and_gaps_are_logged_all_the_same(
    logger: logging.Logger, lines: Lines
) -> None:
    quiet = LogSink(logger, violations="none")
    one = record(constraint())
    found = [violation(one.constraint, f"p{number}") for number in range(3)]
    quiet.start(INFO)
    quiet.page(page(*found))
    quiet.finish(settled(summary(one, found=found, gaps=(unlisted(),))), NO_CHANGES)
    events = [line["event_type"] for line in lines()]
    assert events == ["audit_gap", "constraint_audited", "audit_finished"]
    assert lines()[1]["constraint_violations"] == "3"


def test_what_makes_runs_fail_for_hours_is_said_ever_more_seldom_with_a_count(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    minutes = iter(range(10_000))
    sink = LogSink(logger, clock=lambda: 60.0 * next(minutes))
    for _ in range(6 * 60):
        sink.start(INFO)
        gap = Gap(Cause.RUN, "Unauthorized", "the run failed: GET /api: 401")
        sink.finish(summary(cut=Outcome.FAILED, gaps=(gap,)), NO_CHANGES)
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["msg"] for line in found if line["event_type"] == "audit_gap"] == [
        "the run failed: GET /api: 401",
        *(f"the run failed: GET /api: 401 ({count} times by now)" for count in (11, 31, 71, 131, 191, 251, 311)),
    ]
    assert sum(line["event_type"] == "audit_finished" for line in found) == 360


class Counted(io.StringIO):
    """Counts writes, and fails at those of some numbers."""

    def __init__(self, *failing: int) -> None:
        super().__init__()
        self.writes, self._failing = 0, failing

    def write(self, text: str) -> int:
        self.writes += 1
        if self.writes in self._failing:
            raise OSError(28, "No space left on device")
        return super().write(text)


def written_to(stream: io.StringIO) -> LogSink:
    logger, handler = logging.Logger("controller"), LineHandler(stream)
    handler.setFormatter(LineFormatter(LogConfig()))
    logger.addHandler(handler)
    return LogSink(logger)


@pytest.mark.parametrize(("lines", "writes"), [(0, 0), (1, 1), (AT_ONCE, 1), (2 * AT_ONCE + 1, 3)])
def test_the_lines_of_a_page_are_written_at_once_and_very_many_in_parts(lines: int, writes: int) -> None:
    stream = Counted()
    sink = written_to(stream)
    sink.start(INFO)
    sink.page(page(*[violation(constraint())] * lines))
    assert (stream.writes - 1, len(stream.getvalue().splitlines()) - 1) == (writes, lines)
    assert stream.getvalue().endswith("}\n")


def test_a_page_that_cannot_be_written_raises_and_the_next_one_is_written() -> None:
    stream = Counted(2)
    sink = written_to(stream)
    sink.start(INFO)
    with pytest.raises(OSError, match="No space left"):
        sink.page(page(violation(constraint(), "lost")))
    sink.page(page(violation(constraint(), "there")))
    assert [json.loads(line)["resource_name"] for line in stream.getvalue().splitlines()[1:]] == ["there"]


def test_where_changes_are_logged_each_violation_is_told_once_and_once_more_when_it_is_resolved(
    logger: logging.Logger, stream: io.StringIO
) -> None:
    one, ledger = record(constraint()), Ledger()
    sink, told = LogSink(logger, violations="changes", is_known=ledger.knows), []
    for at, names in enumerate((["a", "b"], ["a", "b"], ["b"])):
        found = page(*(violation(one.constraint, name) for name in names))
        run = summary(one, info=RunInfo.at(1_795_216_641.0 + at), found=found.violations(), kinds={POD: KindStats(POD)})
        ledger.start(run.info)
        sink.start(run.info)
        ledger.page(found)
        sink.page(found)
        sink.finish(settled(run), ledger.end(run))
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        told.append([(row["event_type"], row["resource_name"]) for row in lines if "resource_name" in row])
        stream.truncate(stream.seek(0))
    assert told == [
        [("violation_audited", "a"), ("violation_audited", "b")],
        [],
        [("violation_resolved", "a")],
    ]
    gone = next(row for row in lines if row["event_type"] == "violation_resolved")
    assert list(gone) == [
        *COMMON,
        "event_type",
        "semantic",
        "constraint_group",
        "constraint_api_version",
        "constraint_kind",
        "constraint_name",
        "constraint_namespace",
        "constraint_action",
        "resource_group",
        "resource_api_version",
        "resource_kind",
        "resource_namespace",
        "resource_name",
        "resolved",
        "first_audit_id",
    ]
    assert (gone["msg"], gone["resolved"]) == ("a is wrong", "object_gone")
    assert gone["first_audit_id"] == RunInfo.at(1_795_216_641.0).audit_id
