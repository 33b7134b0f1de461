"""The program beside an earlier commit of it: both are measured in turn, and must say the same."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from benchmarks import fleets
from benchmarks.against import BEFORE, NOW, agreement, cloned, in_turns, violations
from benchmarks.measurements import Bench
from benchmarks.places import Failed, environment
from beside import BENCH, LIBRARY

needs_commits = pytest.mark.beside(BENCH, LIBRARY, fleets.ROOT / ".git")


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "--against", "HEAD", "--rounds=1", *arguments]
    return subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)


@pytest.mark.slow  # starts are told below in the same way, and test_audits.py measures an audit
@needs_commits
def test_an_audit_is_told_beside_that_of_a_commit() -> None:
    done = bench("--sizes=8", "--policies=requiredlabels", "audits")
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split() == ["figure", NOW, "HEAD", "ratio", "claim", "held"]
    assert [row.split("  ")[0] for row in rows] == [
        f"audit of 8 Pods, {what}" for what in ("processor", "wall", "peak memory")
    ]
    assert "the same 74 lines from both" in done.stderr


@needs_commits
@pytest.mark.parametrize(
    ("measured", "rows"),
    [
        (["startup"], ["patrol test, one Pod, peak memory"]),
        pytest.param(
            ["startup", "review"],
            [
                "patrol test, one Pod, peak memory",
                "one review, containerlimits",
                "one review, requiredlabels",
                "one review, allowedrepos",
            ],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_starts_and_reviews_are_told_beside_those_of_a_commit(measured: list[str], rows: list[str]) -> None:
    done = bench(*measured)
    assert done.returncode == 0, done.stderr
    assert [row.split("  ")[0] for row in done.stdout.splitlines()[3:]] == rows


@needs_commits
def test_a_commit_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failed, match=r"^--against=nonsense: fatal: .*nonsense"), cloned("nonsense", tmp_path):
        pass


@needs_commits
def test_what_cannot_be_held_against_a_commit_is_named() -> None:
    done = bench("remembered")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        2,
        "bench: no measurement remembered; there are review, test, referential, compiling, startup, audits",
    )


def test_commands_take_turns_after_one_round_that_does_not_count(tmp_path: Path) -> None:
    asked: list[str] = []
    commands = {name: [sys.executable, "-c", ""] for name in (NOW, BEFORE)}
    costs = in_turns(commands, Bench(None, 2, 1, 1, tmp_path, str), asked.append)
    assert asked == [NOW, BEFORE] * 3
    assert all(cost.processor > 0 for cost in costs.values())


def test_lines_are_the_same_but_for_their_time(tmp_path: Path) -> None:
    logs = []
    for at in (1, 2):
        log = tmp_path / f"{at}.log"
        line = f'{{"ts":1.{at},"msg":"m","audit_id":"{at}","event_type":"violation_audited"}}'
        log.write_text(f'{line}\n{{"msg":"auditing is complete","event_type":"audit_finished"}}\n')
        logs.append(violations(log))
    assert agreement(dict(zip((NOW, BEFORE), logs, strict=True))) == "the same 1 lines from both"


@pytest.mark.parametrize("lines", ["", '{"msg":"x","event_type":"audit_gap"}\n{"msg":"auditing is complete"}\n'])
def test_an_audit_that_was_not_complete_is_no_measurement(tmp_path: Path, lines: str) -> None:
    log = tmp_path / "log"
    log.write_text(lines)
    with pytest.raises(Failed, match=r"an audit was not complete: "):
        violations(log)


def test_different_lines_are_told() -> None:
    said = {NOW: Counter(["a", "b", "b"]), BEFORE: Counter(["a", "c"])}
    assert agreement(said) == "answers DIFFER: 2 lines only now, 1 only before, such as b"
