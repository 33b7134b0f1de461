"""Processes that compete, die and leave: one Lease, kill -9, SIGTERM."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster.api import Object
from cluster.deployed import Cluster, pod_name
from cluster.patrol import ROOT, Log, Outcome
from cluster.policies import SLOW, config_map, constraint, template

pytestmark = pytest.mark.cluster
COUNT = 300
LEASE_SECONDS = 15  # as in client-go
RETRY_SECONDS = 5  # those who wait ask every 2 to 4.4 s
ALL = constraint("K8sTestSlow", "all", "ConfigMap")
QUICK = constraint("K8sTestLabels", "owned", "Namespace", ["owner"])


@pytest.fixture(scope="module")
def full(cluster: Cluster) -> Cluster:
    """Some seconds of work for one run."""
    cluster.load_policies([template("K8sTestSlow", SLOW), template("K8sTestLabels")], [ALL, QUICK])
    for number in range(COUNT):
        cluster.api.apply(config_map(f"object-{number:03d}"))
    return cluster


@pytest.fixture(scope="module")
def whole(full: Cluster) -> Outcome:
    """A run that nothing disturbs."""
    outcome = full.patrol("c").once()
    assert outcome.code == 0, outcome.told()
    assert full.status(ALL)["totalViolations"] == COUNT
    return outcome


@pytest.fixture
def quick(full: Cluster) -> Iterator[Cluster]:
    """The same cluster without the slow constraint, and nobody holding the Lease."""
    full.api.send("DELETE", full.api.path(ALL))
    yield full
    full.api.apply(ALL)


def test_kill_9_in_a_run_leaves_the_last_results_and_the_next_run_is_whole(full: Cluster, whole: Outcome) -> None:
    before = full.status(ALL)
    patrol = full.patrol("d")
    with patrol.running("--audit-chunk-size=10", "--audit-interval=600") as process:
        process.until(lambda log: len(log.events("violation_audited")) > 20)
        process.kill()
        assert process.log.events("audit_finished") == []
    assert results(full.status(ALL)) == results(before)
    again = patrol.once("--audit-chunk-size=10")
    assert again.code == 0, again.told()
    after = full.status(ALL)
    assert (after["totalViolations"], after["violations"]) == (before["totalViolations"], before["violations"])
    assert after["auditTimestamp"] > before["auditTimestamp"]
    assert violations(again.log) == violations(whole.log)


def test_leftovers_of_a_killed_run_and_strangers_files_do_no_harm(full: Cluster, whole: Outcome) -> None:
    patrol = full.patrol("f")
    die_with_pages_on_disk(patrol.cache)
    assert len(files(patrol.cache)) > 1
    strangers = [patrol.cache / "notes.txt", patrol.cache / "Pod_1" / "0"]
    for path in strangers:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("not ours")
    outcome = patrol.once()
    assert outcome.code == 0, outcome.told()
    assert [path.read_text() for path in strangers] == ["not ours", "not ours"]
    assert files(patrol.cache) == sorted(strangers)
    assert violations(outcome.log) == violations(whole.log)


def test_sigterm_ends_the_page_in_work_and_keeps_the_last_results(full: Cluster, whole: Outcome) -> None:
    before = full.status(ALL)
    flags = ("--audit-chunk-size=10", "--audit-interval=600", "--shutdown-delay=5", "--leader-elect=true")
    with full.patrol("g").running(*flags) as process:
        process.until(lambda log: len(log.events("violation_audited")) > 20)
        process.terminate()
        asked = time.monotonic()
        outcome = process.wait(10)
        assert time.monotonic() - asked < 5
    assert outcome.code == 0, outcome.told()
    assert 20 < len(violations(outcome.log)) < before["totalViolations"]
    assert results(full.status(ALL)) == results(before)
    assert lease(full)["holderIdentity"] == ""


def test_of_two_replicas_one_audits_and_the_other_takes_over_after_kill_9(quick: Cluster) -> None:
    flags = ("--leader-elect=true", "--audit-interval=1")
    first, second = quick.patrol("h"), quick.patrol("j")
    with first.running(*flags) as leader:
        leader.until(finished(1))
        assert lease(quick)["holderIdentity"].startswith(pod_name("h"))
        with second.running(*flags) as waiting:
            leader.until(finished(5))
            assert waiting.log.events("audit_started") == []
            leader.kill()
            killed = time.monotonic()
            waiting.until(finished(1), LEASE_SECONDS + RETRY_SECONDS + 5)
            assert time.monotonic() - killed > 5  # not before the Lease has run out
            runs = [leader.log.events("audit_started"), waiting.log.events("audit_started")]
            assert runs[0][-1]["ts"] < runs[1][0]["ts"]
            assert lease(quick)["holderIdentity"].startswith(pod_name("j"))
            assert quick.status(QUICK)["auditTimestamp"] >= runs[1][0]["audit_id"]
            waiting.terminate()
            assert waiting.wait(10).code == 0


def test_a_leader_that_leaves_gives_the_lease_back_so_that_nobody_waits_for_it(quick: Cluster) -> None:
    flags = ("--leader-elect=true", "--audit-interval=1")
    with quick.patrol("k").running(*flags) as leader, quick.patrol("l").running(*flags) as waiting:
        leading, other = (leader, waiting) if leads(leader.log, waiting.log) else (waiting, leader)
        leading.until(finished(2))
        leading.terminate()
        assert leading.wait(10).code == 0
        other.until(finished(1), RETRY_SECONDS + 3)
        assert leading.log.events("audit_finished")[-1]["ts"] < other.log.events("audit_started")[0]["ts"]


def die_with_pages_on_disk(cache: Path) -> None:
    """Leave behind what a process leaves that is killed while pages wait for their evaluation."""
    code = (
        "import os, pathlib, sys; from audit.sources.cache import PageCache; "
        "cache = PageCache(pathlib.Path(sys.argv[1])).__enter__(); cache.put(b'{'); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(cache)], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL


def leads(one: Log, other: Log) -> bool:
    """Whether `one` is the first of the two to audit."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if one.events("audit_started"):
            return True
        if other.events("audit_started"):
            return False
        time.sleep(0.05)
    raise AssertionError("none of the two has audited")


def finished(runs: int) -> Any:
    """A condition: so many runs have come to their end."""
    return lambda log: len(log.events("audit_finished")) >= runs


def lease(cluster: Cluster) -> Object:
    """The Lease as it is stored now."""
    found = cluster.api.get("/apis/coordination.k8s.io/v1/namespaces/kube-patrol/leases/kube-patrol")
    spec: Object = found["spec"]
    return spec


def results(status: Object) -> tuple[Any, ...]:
    """What a run writes to a status."""
    return status["auditTimestamp"], status["totalViolations"], status["violations"]


def violations(log: Log) -> list[tuple[str, ...]]:
    """What was logged, in an order that does not depend on that of the run."""
    keys = ("constraint_name", "resource_namespace", "resource_name", "msg")
    return sorted(tuple(event[key] for key in keys) for event in log.events("violation_audited"))


def files(folder: Path) -> list[Path]:
    """All files below a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
