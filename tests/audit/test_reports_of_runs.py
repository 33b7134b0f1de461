"""Whole audits that write policy reports: what they cost, and what stands where an audit is blind."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from policybuilders import samples_with

from audit.app import assemble
from audit.auditor import Auditor
from audit.demo import load, looked_at, report_definitions
from audit.embedded import EmbeddedCluster
from audit.embedded.faults import Fault
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.model import Outcome
from audit.outcomes import ending
from audit.process.leading import Duty
from audit.reports.bodies import APIS
from audit.settings.config import AuditConfig, ClusterConfig, Config, LogConfig
from audit.settings.reports import ReportsConfig
from constraints import Kind

FEW = ("K8sContainerLimits", "K8sHttpsOnly", "K8sRequiredLabels")
READS = {"get", "list"}
POLICIES = Kind("config.gatekeeper.sh", "v1alpha1", "Config")


@pytest.fixture
def config(cluster: EmbeddedCluster, tmp_path: Path) -> Config:
    """Audits of the embedded cluster, which has the samples and few of the policies."""
    for api in APIS:
        cluster.load(report_definitions(api))
    load(cluster, samples_with(FEW))
    return Config(
        audit=AuditConfig(once=True, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(
            kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig")), leader_elect=False, pod_namespace="default"
        ),
        log=LogConfig(file=str(tmp_path / "log")),
        reports=ReportsConfig(api="wgpolicy"),
    )


class Trial:
    """An auditor, and what it asked of reports."""

    def __init__(self, config: Config, cluster: EmbeddedCluster) -> None:
        self.cluster = cluster
        self.api = APIS[config.reports.api if config.reports.wanted else "wgpolicy"]
        self.asked: Counter[str] = Counter()
        self.connection = connect(Access(kubeconfig=config.cluster.kubeconfig))
        client = Client(self.connection, on_request=self._count, clock=Clock(sleep=lambda seconds: None))
        self.auditor: Auditor = assemble(config, client, Metrics(), Duty(Event()))

    def run(self) -> Counter[str]:
        """One audit; gives its requests about reports by verb."""
        self.asked.clear()
        self.summary = self.auditor.run()
        return +self.asked

    def reports(self) -> list[Any]:
        return [obj for of in (self.api.namespaced, self.api.clusterwide) for obj in self.cluster.objects(of.kind)]

    def _count(self, verb: str, resource: str, status: int, seconds: float) -> None:
        if resource.partition(".")[0] in {of.plural for of in (self.api.namespaced, self.api.clusterwide)}:
            self.asked[verb] += 1


@contextmanager
def auditing(config: Config, cluster: EmbeddedCluster) -> Iterator[Trial]:
    handler = configure_logging(config.log)
    trial = Trial(config, cluster)
    yield trial
    trial.connection.close()
    handler.close()


def counts(reports: list[Any]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for report in reports:
        total.update(report["summary"])
    return dict(total)


@pytest.mark.parametrize("api", APIS)
def test_a_second_audit_of_an_unchanged_cluster_writes_no_report(
    config: Config, cluster: EmbeddedCluster, api: str
) -> None:
    config = replace(config, reports=ReportsConfig(api=api))
    with auditing(config, cluster) as trial:
        assert trial.run()["create"] == len(trial.reports())
        assert trial.run() == {"list": 2}
        made = trial.reports()
    with auditing(config, cluster) as trial:
        assert trial.run() == {"list": 2}
        assert trial.reports() == made


def test_the_numbers_of_reports_are_those_of_the_audit(config: Config, cluster: EmbeddedCluster) -> None:
    with auditing(config, cluster) as trial:
        trial.run()
        found = counts(trial.reports())
        assert found["fail"] + found["warn"] == trial.summary.totals.total()
        assert found["pass"] == trial.summary.passes.total()
        assert ending(trial.summary).outcome is Outcome.COMPLETE


def test_without_the_flag_nothing_is_asked(config: Config, cluster: EmbeddedCluster) -> None:
    with auditing(replace(config, reports=ReportsConfig()), cluster) as trial:
        trial.run()
        assert trial.asked == {"list": 2} or trial.asked == {}
        assert trial.reports() == []


def test_an_object_that_is_mended_or_gone_is_so_in_the_reports(config: Config, cluster: EmbeddedCluster) -> None:
    with auditing(config, cluster) as trial:
        trial.run()
        before = counts(trial.reports())
        namespaces = [r for r in trial.reports() if r["scope"]["kind"] == "Namespace" and r["summary"]["fail"]]
        name = namespaces[0]["scope"]["name"]
        found = cluster.get("Namespace", name)
        assert found is not None
        labels = {**found["metadata"].get("labels", {}), "owner": "team-a"}
        cluster.load([{**found, "metadata": {**found["metadata"], "labels": labels}}])
        assert {verb: n for verb, n in trial.run().items() if verb not in READS} == {"patch": 1}
        after = counts(trial.reports())
        assert (after["fail"], after["pass"]) == (before["fail"] - 1, before["pass"] + 1)


def test_a_kind_that_cannot_be_listed_keeps_its_reports(config: Config, cluster: EmbeddedCluster) -> None:
    with auditing(config, cluster) as trial:
        trial.run()
        before = trial.reports()
    cluster.faults.append(Fault("/api/v1/pods", status=403))
    with auditing(config, cluster) as trial:
        asked = trial.run()
        assert trial.reports() == before
        assert not asked.keys() - READS


def test_a_config_that_excludes_a_namespace_makes_its_objects_skipped(config: Config, cluster: EmbeddedCluster) -> None:
    with auditing(config, cluster) as trial:
        trial.run()
        shop = [r["metadata"]["name"] for r in trial.reports() if r["scope"].get("namespace") == "shop"]
        match = [{"processes": ["audit"], "excludedNamespaces": ["shop"]}]
        cluster.load(
            [
                {
                    "apiVersion": POLICIES.api_version,
                    "kind": POLICIES.kind,
                    "metadata": {"name": "config", "namespace": "default"},
                    "spec": {"match": match},
                }
            ]
        )
        trial.run()
        now = {r["metadata"]["name"]: r["summary"] for r in trial.reports() if r["scope"].get("namespace") == "shop"}
        assert now.keys() >= set(shop)
        assert {summary["fail"] + summary["pass"] + summary["warn"] for summary in now.values()} == {0}
        assert all(summary["skip"] for summary in now.values())
        assert trial.run() == {"list": 2}


def test_missing_definitions_are_a_gap_with_the_cure_and_statuses_are_written(
    config: Config, cluster: EmbeddedCluster
) -> None:
    cluster.reset()
    load(cluster, samples_with(FEW))
    with auditing(config, cluster) as trial:
        trial.run()
        [gap] = trial.summary.gaps
        assert "manifests/optional/crds-wgpolicyk8s.io.yaml" in gap.message
        assert ending(trial.summary).outcome is Outcome.UNWRITTEN
        [status] = [obj["status"] for obj in cluster.objects(Kind("constraints.gatekeeper.sh", "v1beta1", FEW[1]))]
        assert status["auditTimestamp"] == trial.summary.info.audit_id
        cluster.load(report_definitions("wgpolicy"))
        trial.run()
        assert trial.summary.gaps == ()
        assert trial.reports()


def test_what_was_written_is_one_line_of_the_log(config: Config, cluster: EmbeddedCluster) -> None:
    with auditing(config, cluster) as trial:
        trial.run()
        trial.run()
        number = len(trial.reports())
    told = [json.loads(line)["msg"] for line in Path(config.log.file).read_text().splitlines()]
    assert [text for text in told if text.startswith("policy reports")] == [f"policy reports: {number} created"]


def test_the_demo_names_the_reports_to_look_at() -> None:
    assert looked_at(Config()) == ""
    wanted = Config(reports=ReportsConfig(api="openreports"))
    assert looked_at(wanted) == "  kubectl get reports.openreports.io,clusterreports.openreports.io -A\n"
