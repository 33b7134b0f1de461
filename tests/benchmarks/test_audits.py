"""The benchmark of audits measures: a small fleet gives a row for each size, and nothing stays unaudited."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from benchmarks.audits import growth
from benchmarks.measured import Measured
from benchmarks.places import environment
from beside import BENCH


def audits(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", "audits", *arguments]
    return subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)


def measured(pods: int, memory: float) -> Measured:
    return Measured({}, 1.0, memory, pods, pods, 0, 0)


@pytest.mark.beside(BENCH)
def test_each_size_is_a_row_with_its_phases_and_memory() -> None:
    done = audits("--sizes=8,16", "--policies=requiredlabels,host-namespaces")
    assert done.returncode == 0, done.stderr
    title, header, *rows = done.stdout.splitlines()[:4]
    assert title == "The embedded API server; policies: requiredlabels, host-namespaces"
    columns = [dict(zip(header.split(), row.split(), strict=True)) for row in rows]
    assert [row["pods"] for row in columns] == ["8", "16"]
    # 33 of the 50 namespaces of the fleet have no owner, and Kubernetes' own four have none either;
    # the template's CEL has two validations, and both fail. No Pod of the fleet shares a namespace of its host.
    assert [(row["violations"], row["gaps"]) for row in columns] == [("74", "0"), ("74", "0")]
    assert all(float(row["total"]) > 0 and float(row["MiB"]) > 10 for row in columns)
    assert re.search(r"Peak memory at 16 Pods is \d\.\d\d times that at 8\.$", done.stdout)


def test_memory_is_compared_between_the_two_largest_fleets() -> None:
    rows = [measured(1000, 50.0), measured(10000, 100.0), measured(40000, 110.0)]
    assert growth(rows) == "Peak memory at 40,000 Pods is 1.10 times that at 10,000."


@pytest.mark.beside(BENCH)
def test_a_policy_that_does_not_exist_is_named() -> None:
    done = audits("--policies=requiredlabels,nope")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "bench: --policies: no policy nope; there are allow-privilege-escalation, allowedrepos"
    )


@pytest.mark.beside(BENCH)
def test_a_cluster_that_cannot_be_audited_ends_the_benchmark_with_the_reason(tmp_path: Path) -> None:
    done = audits(f"--kubeconfig={tmp_path}/nowhere")
    assert done.returncode == 2
    assert f"kubeconfig {tmp_path}/nowhere: does not exist\nbench: the audit ended with code 1\n" in done.stderr
