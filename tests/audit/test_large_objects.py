"""A cluster of large objects is audited in the memory that a small one takes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG_MAPS, SECRETS = 800, 300  # of 1 MB and of 0.7 MB: 1 GB
ADDRESSES = 1 << 30  # bytes that the process may ask for at all, most of them never touched


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """A cluster in another process."""
    path = tmp_path / "kubeconfig"
    command = [sys.executable, "-m", "inflating", str(CONFIG_MAPS), str(SECRETS), str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        assert server.stdout.readline() == b"ready\n"
        yield path
        server.stdin.close()


def environment() -> dict[str, str]:
    """Where the modules of tests are found."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "tests")}


def limit() -> None:
    """In the child, before it becomes the audit."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))


@pytest.mark.slow
def test_a_gigabyte_of_config_maps_and_secrets_is_audited_in_less_than_250_megabytes(
    kubeconfig: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    flags = [f"--kubeconfig={kubeconfig}", f"--log-file={log}", "--leader-elect=false", f"--api-cache-dir={tmp_path}"]
    launch = [sys.executable, "-m", "benchmarks.launched", str(tmp_path / "out")]
    audit = [sys.executable, "-m", "audit", "--once", "--log-violations=none", *flags]
    done = subprocess.run(
        [*launch, *audit], cwd=ROOT, env=environment(), capture_output=True, preexec_fn=limit, timeout=300, check=True
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    totals = {e["constraint_name"]: e["constraint_violations"] for e in events if "constraint_violations" in e}
    assert totals == {"large-configmaps": str(CONFIG_MAPS), "large-secrets": str(SECRETS)}
    assert [event for event in events if event.get("event_type") == "audit_gap"] == []
    assert measured["code"] == 0
    assert measured["memory"] < 250e6 / (1 << 20)
