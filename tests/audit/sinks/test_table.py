"""The table that people read."""

from __future__ import annotations

from builders import constraint, page, record, settled, summary, unlisted, violation

from audit.ledger import NO_CHANGES
from audit.model import Outcome
from audit.sinks.table import TableSink, render
from constraints import Cause, Gap


def test_constraints_with_most_violations_come_first_with_their_first_violations_below() -> None:
    few, many = record(constraint("few")), record(constraint("many", action="warn", actions=("warn",)))
    run = summary(few, many, found=[violation(few.constraint), *(violation(many.constraint, n) for n in "abcde")])
    assert render(settled(run), 100).splitlines()[:8] == [
        "CONSTRAINT    ACTION  TOTAL",
        "K8sTest/many  warn        5",
        "    Pod ns/a: a is wrong",
        "    Pod ns/b: b is wrong",
        "    Pod ns/c: c is wrong",
        "    ... and 2 more",
        "K8sTest/few   deny        1",
        "    Pod ns/p: p is wrong",
    ]


def test_what_could_not_be_audited_is_shown() -> None:
    run = summary(record(constraint()), gaps=(unlisted(),))
    assert render(settled(run), 100).splitlines()[-2:] == [
        "Not everything could be audited, 1 gap (* is partly as it was before):",
        "    list Forbidden: v1/Pod: could not be listed",
    ]


def test_what_could_not_be_written_was_audited_all_the_same() -> None:
    unwritten = [Gap(Cause.SINK, "NoSpace", f"sink {name}: full") for name in ("one", "two")]
    run = summary(record(constraint()), gaps=(unwritten[0], unlisted(), unwritten[1]))
    assert render(settled(run), 100).splitlines()[-5:] == [
        "Not everything could be audited, 1 gap (* is partly as it was before):",
        "    list Forbidden: v1/Pod: could not be listed",
        "Not everything was written, 2 gaps:",
        "    sink NoSpace: sink one: full",
        "    sink NoSpace: sink two: full",
    ]


def test_a_total_that_is_not_all_of_this_run_is_marked() -> None:
    blind, unknown = record(constraint("blind"), totalViolations=7), record(constraint("unknown"))
    run = summary(blind, unknown, gaps=(unlisted(),))
    rows = [line.split() for line in render(settled(run), 100).splitlines() if line.startswith("K8sTest")]
    assert [row[::2] for row in rows] == [["K8sTest/blind", "7*"], ["K8sTest/unknown", "?"]]


def test_control_characters_of_hostile_messages_do_not_reach_the_terminal() -> None:
    one = record(constraint())
    run = summary(one, found=[violation(one.constraint, message="red \x1b[31m\nnext line")])
    assert "    Pod ns/p: red \N{REPLACEMENT CHARACTER}[31m next line" in render(settled(run), 100).splitlines()


def test_a_line_is_not_wider_than_asked_for() -> None:
    one = record(constraint())
    run = summary(one, found=[violation(one.constraint, message="x" * 500)])
    assert max(len(line) for line in render(settled(run), 80).splitlines()[:3]) == 80


def test_one_table_is_written_at_the_end_of_a_run() -> None:
    written: list[str] = []
    sink, run = TableSink(written.append), summary()
    sink.start(run.info)
    sink.page(page(violation(constraint())))
    sink.finish(run, NO_CHANGES)
    assert len(written) == 1


def test_a_run_that_did_not_end_has_no_table_that_looks_clean() -> None:
    run = summary(record(constraint()), cut=Outcome.INTERRUPTED)
    assert render(settled(run), 80) == "The audit 2026-11-20T23:17:21Z did not come to its end; the log says why.\n"
