"""The measurements beside a peer: they run, they read what gator says, and they say when answers differ."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.gator import Benched, benched, duration
from benchmarks.measurements import Bench, compare_answers
from benchmarks.places import Failed, environment
from benchmarks.processes import Cost, middle, once
from beside import BENCH, LIBRARY


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("text", "found"),
    [("701.837µs", 701.837e-6), ("9.5ms", 9.5e-3), ("1.5s", 1.5), ("1m2.5s", 62.5), ("2h0m1s", 7201), ("87ns", 87e-9)],
)
def test_times_are_read_as_go_writes_them(text: str, found: float) -> None:
    assert duration(text) == pytest.approx(found)


def test_the_report_of_gator_bench_is_read() -> None:
    report = {
        "iterations": 1000,
        "violationCount": 2000,
        "setupBreakdown": {"templateCompilation": "8s", "constraintLoading": "500ms"},
        "latencies": {"mean": "2s", "p50": "1s"},
    }
    assert benched(report) == Benched(2.0, 8.5, 2)


def test_medians_are_taken_of_seconds_and_of_memory() -> None:
    assert middle([Cost(1.0, 30.0), Cost(9.0, 20.0), Cost(2.0, 10.0)]) == Cost(2.0, 20.0)


def test_a_command_costs_its_own_memory_and_not_ours(tmp_path: Path) -> None:
    held = bytearray(200 << 20)
    cost = once([sys.executable, "-S", "-c", "print('done')"], tmp_path / "out")
    assert (tmp_path / "out").read_text() == "done\n"
    assert 1 < cost.memory < len(held) >> 21
    assert cost.seconds > 0


def test_a_command_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="ended with code 3: no such thing"):
        once([sys.executable, "-c", "import sys; sys.stderr.write('no such thing'); sys.exit(3)"], tmp_path / "out")


def test_a_violation_is_no_failure(tmp_path: Path) -> None:
    assert once([sys.executable, "-c", "import sys; sys.exit(1)"], tmp_path / "out").memory > 1


@pytest.mark.parametrize(
    ("ours", "its", "said"),
    [
        pytest.param("b\na\n", "a\nb\n", "it: the same 2 lines from both", id="in any order"),
        pytest.param(
            "a\nc\n",
            "a\nb\n",
            "it: answers DIFFER: 1 lines only from ours, 1 only from gator, such as c",
            id="other lines",
        ),
        pytest.param(
            "a\na\n",
            "a\n",
            "it: answers DIFFER: 0 lines only from ours, 0 only from gator, such as nothing but how often lines come",
            id="other counts",
        ),
    ],
)
def test_different_answers_are_told(tmp_path: Path, ours: str, its: str, said: str) -> None:
    (tmp_path / "ours").write_text(ours)
    (tmp_path / "peer").write_text(its)
    told: list[str] = []
    compare_answers(Bench(Path("gator"), 1, 1, 1, tmp_path, told.append), "it")
    assert told == [said]


@pytest.mark.beside(BENCH, LIBRARY)
def test_without_the_peer_ours_is_measured_alone() -> None:
    done = bench("startup", "referential", "--no-gator", "--rounds=1", "--services=4", "--markdown")
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ") for line in done.stdout.splitlines()[2:]]
    assert [(row[0], row[2], row[-1]) for row in rows[1:2]] == [("| referential, 4 Services", "-", "skipped |")]
    assert [row[0] for row in rows[2:]] == [
        f"| {what}, 4 against 2 Services (ours)" for what in ("referential", "the sample")
    ]


@pytest.mark.beside(BENCH, LIBRARY)
def test_a_measurement_that_does_not_exist_is_named() -> None:
    done = bench("reviews")
    assert done.returncode == 2
    assert done.stderr == (
        "bench: no measurement reviews; there are review, test, referential, compiling, startup, remembered, audits, exports\n"
    )
