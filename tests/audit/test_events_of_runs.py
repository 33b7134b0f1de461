"""Whole audits that write Kubernetes Events: what they cost nobody who does not want them, and what they hold up."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from policybuilders import samples_with
from prometheus_client import generate_latest

from audit.app import assemble, serve
from audit.auditor import Auditor
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.embedded.access import Rule
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.model import Outcome
from audit.outcomes import ending
from audit.process.leading import Duty
from audit.settings.config import AuditConfig, ClusterConfig, Config, EventsConfig, LogConfig
from constraints import Kind

ROOT = Path(__file__).resolve().parents[2]
EVENT = Kind("", "v1", "Event")
FEW = ("K8sContainerLimits", "K8sHttpsOnly", "K8sUniqueServiceSelector")
TOTAL = 7
BOTH = EventsConfig(emit=True, on_change=True)
ON_CHANGE = EventsConfig(on_change=True)


@pytest.fixture
def few(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The embedded cluster with the sample objects and three of the policies."""
    load(cluster, samples_with(FEW))
    return cluster


@pytest.fixture
def config(cluster: EmbeddedCluster, tmp_path: Path) -> Config:
    """Audits of the embedded cluster from a Pod in the namespace `default`."""
    kubeconfig = str(cluster.kubeconfig(tmp_path / "kubeconfig"))
    return Config(
        audit=AuditConfig(once=True, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(kubeconfig=kubeconfig, leader_elect=False, pod_namespace="default", pod_name="pod-1"),
        log=LogConfig(file=str(tmp_path / "log")),
        events=BOTH,
    )


@contextmanager
def auditing(config: Config) -> Iterator[Auditor]:
    """An auditor that never really sleeps."""
    handler = configure_logging(config.log)
    connection = connect(Access(kubeconfig=config.cluster.kubeconfig))
    client = Client(connection, clock=Clock(sleep=lambda seconds: None))
    yield assemble(config, client, Metrics(), Duty(Event()))
    connection.close()
    handler.close()


def lines(config: Config) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(config.log.file).read_text().splitlines()]


def reasons(cluster: EmbeddedCluster) -> Counter[str]:
    return Counter(event["reason"] for event in cluster.objects(EVENT))


def scraped(auditor: Auditor, family: str) -> list[str]:
    text = generate_latest(auditor.metrics.registry).decode()
    return [line for line in text.splitlines() if line.startswith(family)]


def test_an_audit_writes_both_kinds_and_counts_them(few: EmbeddedCluster, config: Config) -> None:
    with auditing(config) as auditor:
        summary = auditor.run()
        assert (summary.totals.total(), summary.gaps) == (TOTAL, ())
        assert reasons(few) == {"AuditViolation": TOTAL, "ViolationFound": TOTAL}
        auditor.run()
        assert reasons(few) == {"AuditViolation": TOTAL, "ViolationFound": TOTAL}
        assert scraped(auditor, "kube_patrol_events_total") == [
            f'kube_patrol_events_total{{reason="AuditViolation",result="written"}} {2 * TOTAL}.0',
            f'kube_patrol_events_total{{reason="ViolationFound",result="written"}} {TOTAL}.0',
        ]


def test_events_of_the_involved_namespace_carry_uid_and_resource_version_of_the_object(
    few: EmbeddedCluster, config: Config
) -> None:
    events = EventsConfig(emit=True, involved_namespace=True)
    with auditing(replace(config, events=events)) as auditor:
        auditor.run()
    for event in few.objects(EVENT):
        about = event["involvedObject"]
        item = few.get(about["kind"], about["name"], about["namespace"])
        assert item is not None
        assert (about["uid"], about["resourceVersion"]) == (
            item["metadata"]["uid"],
            item["metadata"]["resourceVersion"],
        )


def test_a_second_process_finds_nothing_new(few: EmbeddedCluster, config: Config) -> None:
    told = []
    for _ in range(2):
        with auditing(replace(config, events=ON_CHANGE)) as auditor:
            auditor.run()
            told.append(reasons(few)["ViolationFound"])
    assert told == [TOTAL, TOTAL]


def test_what_an_object_broke_is_resolved_when_it_is_gone(few: EmbeddedCluster, config: Config) -> None:
    with auditing(replace(config, events=ON_CHANGE)) as auditor:
        first = auditor.run()
        gone = first.first(next(key for key in first.totals if key.startswith("K8sContainerLimits")))[0].object
        few.delete(gone.kind, gone.name, gone.namespace)
        auditor.run()
    resolved = [event for event in few.objects(EVENT) if event["reason"] == "ViolationResolved"]
    assert {event["involvedObject"]["uid"] for event in resolved} == {gone.uid}
    assert {event["metadata"]["annotations"]["resolved"] for event in resolved} == {"object_gone"}


def test_where_events_are_forbidden_statuses_are_written_and_one_gap_for_each_sink_says_why(
    few: EmbeddedCluster, config: Config
) -> None:
    few.denied.append(Rule(verbs=("create",), resources=("events",)))
    with auditing(config) as auditor:
        summary = auditor.run()
        assert [(gap.cause.value, gap.reason) for gap in summary.gaps] == [("sink", "Forbidden")] * 2
        assert ending(summary).outcome is Outcome.UNWRITTEN
        assert scraped(auditor, "kube_patrol_gaps{") == ['kube_patrol_gaps{cause="sink",reason="Forbidden"} 2.0']
    kinds = [Kind("constraints.gatekeeper.sh", "v1beta1", kind) for kind in FEW]
    written = [item["status"] for kind in kinds for item in few.objects(kind)]
    assert sum(status["totalViolations"] for status in written) == TOTAL
    assert all("auditGaps" not in status for status in written)
    gaps = [line["msg"] for line in lines(config) if line.get("event_type") == "audit_gap"]
    assert [gap.partition(" could not be written")[0] for gap in gaps] == [
        f"sink events: {TOTAL} of {TOTAL} Events",
        f"sink events on change: {TOTAL} of {TOTAL} Events",
    ]
    assert lines(config)[-1]["outcome"] == "unwritten"


def test_one_audit_by_hand_writes_events_too(few: EmbeddedCluster, config: Config) -> None:
    assert serve(config) == 0
    assert reasons(few) == {"AuditViolation": TOTAL, "ViolationFound": TOTAL}
    assert {event["reportingInstance"] for event in few.objects(EVENT) if event.get("reportingInstance")} == {"pod-1"}


def test_an_audit_that_writes_none_asks_for_none(few: EmbeddedCluster, config: Config) -> None:
    with auditing(replace(config, events=EventsConfig())) as auditor:
        auditor.run()
        assert scraped(auditor, "kube_patrol_events") == []
    assert [asked.path for asked in few.asked if asked.path.endswith("/events")] == []


def test_who_writes_none_does_not_load_what_writes_them() -> None:
    code = "import sys, audit.app; print([name for name in sys.modules if name.startswith('audit.events')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
