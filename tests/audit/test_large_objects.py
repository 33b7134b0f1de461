"""A cluster of large objects is audited in the memory that a small one takes."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIG_MAPS, SECRETS = 800, 300  # of 1 MB and of 0.7 MB: 1 GB
ADDRESSES = 1 << 30  # bytes that the process may ask for at all, most of them never touched


@contextmanager
def serving(path: Path, *more: str) -> Iterator[Path]:
    """The kubeconfig of a cluster in another process."""
    command = [sys.executable, "-m", "inflating", str(CONFIG_MAPS), str(SECRETS), str(path), *more]
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


def audited(kubeconfig: Path, folder: Path, *more: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What an audit cost, and its events."""
    log = folder / "log"
    flags = [f"--kubeconfig={kubeconfig}", f"--log-file={log}", "--leader-elect=false", f"--api-cache-dir={folder}"]
    launch = [sys.executable, "-m", "benchmarks.launched", str(folder / "out")]
    audit = [sys.executable, "-m", "audit", "--once", "--log-violations=none", *flags, *more]
    done = subprocess.run(
        [*launch, *audit], cwd=ROOT, env=environment(), capture_output=True, preexec_fn=limit, timeout=300, check=True
    )
    return json.loads(done.stdout), [json.loads(line) for line in log.read_text().splitlines()]


def totals(events: list[dict[str, Any]]) -> dict[str, str]:
    return {e["constraint_name"]: e["constraint_violations"] for e in events if "constraint_violations" in e}


ALL = {"large-configmaps": str(CONFIG_MAPS), "large-secrets": str(SECRETS)}


@pytest.mark.slow
def test_a_gigabyte_of_config_maps_and_secrets_is_audited_in_less_than_250_megabytes(tmp_path: Path) -> None:
    with serving(tmp_path / "kubeconfig") as kubeconfig:
        measured, events = audited(kubeconfig, tmp_path)
    assert totals(events) == ALL
    assert [event for event in events if event.get("event_type") == "audit_gap"] == []
    assert measured["code"] == 0
    assert measured["memory"] < 250e6 / (1 << 20)


@pytest.mark.slow
def test_an_inventory_that_is_too_large_is_a_gap_of_those_that_read_it_and_the_others_are_audited(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "kubeconfig", "synced") as kubeconfig:
        measured, events = audited(kubeconfig, tmp_path, "--audit-memory=100Mi")
    gaps = [(event["gap_reason"], event["gap_policy"]) for event in events if event.get("event_type") == "audit_gap"]
    assert gaps == [("InventoryTooLarge", "Counted")]
    assert totals(events) == ALL
    assert measured["code"] == 3
    assert measured["memory"] < 300e6 / (1 << 20)
