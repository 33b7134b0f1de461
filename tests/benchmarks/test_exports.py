"""The benchmark of the export measures each way: what it publishes is all there, and the claims are of what it took."""

from __future__ import annotations

import subprocess
import sys

import pytest
from benchmarks.exports import Cost, cells
from benchmarks.places import environment
from beside import BENCH


@pytest.mark.beside(BENCH)
def test_each_way_to_export_is_a_row_and_publishes_every_violation() -> None:
    command = [sys.executable, "-m", "benchmarks", "exports", "--sizes=8", "--rounds=1"]
    done = subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [row.split() for row in done.stdout.splitlines()[2:-2]]
    ways = ["disk", "extended", "stdout", "http", "batched", "dapr", "bulk", "syslog"]
    assert [row[0] for row in rows][: len(ways)] == ways
    assert len({row[4] for row in rows}) == 1  # as many messages by each way
    assert int(rows[0][4]) > 74


@pytest.mark.parametrize(
    ("on", "held"),
    [
        (Cost(1.09, 2.0, 129.0, 12, 1.0, 10), "yes"),
        (Cost(1.11, 2.0, 129.0, 12, 1.0, 10), "NO"),
        (Cost(1.09, 2.0, 131.0, 12, 1.0, 10), "NO"),
        (Cost(1.09, 2.0, 129.0, 11, 1.0, 10), "NO"),
    ],
)
def test_what_is_claimed_is_processor_memory_and_that_nothing_is_missing(on: Cost, held: str) -> None:
    assert cells("disk", [(Cost(1.0, 1.0, 100.0), on)])[-1] == held
