"""Policies that are applied while the program runs, with an interval that nobody would wait for."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from cluster.api import Object
from cluster.deployed import Cluster
from cluster.patrol import Log, Running
from cluster.policies import SLOW, config_map, constraint, template

pytestmark = pytest.mark.cluster
HOURLY = ("--audit-interval=3600", "--audit-chunk-size=10")
PROMISED = 2.0  # seconds until a new template is taken in; on a loaded machine three times that passes


@pytest.fixture(scope="module")
def process(cluster: Cluster) -> Iterator[Running]:
    """The program, after its first run; it leaves when it is told to."""
    cluster.api.apply(config_map("unowned"))
    with cluster.patrol().running(*HOURLY) as running:
        running.until(lambda log: log.events("audit_finished"))
        yield running
        running.terminate()
        assert running.wait(15).code == 0


def created(cluster: Cluster, kind: str) -> bool:
    found = cluster.api.get(cluster.api.path(template(kind)))
    return bool(found.get("status", {}).get("created"))


def totalled(cluster: Cluster, which: Object, total: int) -> bool:
    return cluster.status(which).get("totalViolations") == total


def seconds(process: Running, cluster: Cluster, kind: str) -> float:
    begun = time.monotonic()
    process.until(lambda log: created(cluster, kind))
    return time.monotonic() - begun


def test_a_new_template_can_be_used_at_once_and_a_new_constraint_is_audited_soon(
    cluster: Cluster, process: Running
) -> None:
    cluster.api.apply(template("K8sTestLabels"))
    assert seconds(process, cluster, "K8sTestLabels") < 3 * PROMISED
    owned = constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"])
    cluster.api.create(owned)  # once, as kubectl does: the kind is there
    process.until(lambda log: totalled(cluster, owned, 1), 3 * 5.0)
    cluster.api.apply(constraint("K8sTestLabels", "owned", "ConfigMap", ["owner", "team"]))
    process.until(lambda log: totalled(cluster, owned, 2), 3 * 5.0)


def test_what_it_writes_itself_makes_no_run(cluster: Cluster, process: Running) -> None:
    def quiet(log: Log) -> bool:
        before = len(log.events("audit_started"))
        time.sleep(8)
        return len(log.events("audit_started")) == before

    process.until(quiet)


def test_a_template_does_not_wait_for_a_run_that_goes_on(cluster: Cluster, process: Running) -> None:
    for number in range(100):
        cluster.api.apply(config_map(f"many-{number:03d}"))
    slow = constraint("K8sTestSlow", "slow", "ConfigMap")
    cluster.api.apply(template("K8sTestSlow", SLOW.replace("50000", "300000")))
    cluster.api.apply(slow)
    runs = len(process.log.events("audit_started"))
    process.until(lambda log: "slow" in str(log.events("violation_audited")[-1:]))
    cluster.api.apply(template("K8sTestQuick"))
    took = seconds(process, cluster, "K8sTestQuick")
    ended = len(process.log.events("audit_finished"))
    assert len(process.log.events("audit_started")) > ended, "the run was too short for this test"
    assert took < 3 * PROMISED
    process.until(lambda log: len(log.events("audit_finished")) > runs)
    quick = constraint("K8sTestQuick", "quick", "ConfigMap", ["owner"])
    cluster.api.create(quick)
    process.until(lambda log: totalled(cluster, quick, 101))
