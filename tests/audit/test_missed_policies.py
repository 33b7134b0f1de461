"""Which runs want another one soon: those that could not read policies, or not write what they found, for a while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from policybuilders import BAD_REGO, samples_with, template

from audit.app import assemble
from audit.auditor import Auditor
from audit.demo import load
from audit.embedded import EmbeddedCluster, Fault
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock, Retries
from audit.metrics.registry import Metrics
from audit.outcomes import misses_policies
from audit.process.leading import Duty
from audit.settings.config import AuditConfig, ClusterConfig, Config

POLICIES = {"K8sRequiredLabels", "K8sDisallowedTags", "K8sUniqueServiceSelector"}  # the last reads the inventory
TEMPLATES = "/apis/templates.gatekeeper.sh/v1/constrainttemplates"
CONSTRAINTS = "/apis/constraints.gatekeeper.sh/v1beta1"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture
def auditor(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Auditor]:
    load(cluster, samples_with(POLICIES))
    connection = connect(Access(str(cluster.kubeconfig(tmp_path / "kubeconfig")), environ={}))
    client = Client(connection, retries=Retries(attempts=2), clock=Clock(sleep=lambda seconds: None))
    config = Config(
        audit=AuditConfig(cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(leader_elect=False),
    )
    yield assemble(config, client, Metrics(), Duty(Event()))
    connection.close()


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        pytest.param(TEMPLATES, {"status": 503}, id="templates"),
        pytest.param(f"{CONSTRAINTS}/k8s*", {"method": "GET", "status": 500}, id="constraints"),
        pytest.param(
            f"{CONSTRAINTS}/k8s*", {"method": "GET", "cut": 0}, id="constraints of which no reply comes through"
        ),
        pytest.param("/apis/config.gatekeeper.sh/v1alpha1/*", {"status": 429}, id="the Config"),
        pytest.param("/apis/syncset.gatekeeper.sh/*", {"body": b"<html>"}, id="SyncSets"),
        pytest.param(CRDS, {"method": "POST", "status": 503}, id="a CRD that cannot be made"),
        pytest.param(
            f"{CONSTRAINTS}/*/status", {"method": "PATCH", "status": 503}, id="a status that cannot be written"
        ),
        pytest.param("*", {"status": 503}, id="everything"),
    ],
)
def test_what_cannot_be_read_or_written_for_a_while_is_tried_again(
    cluster: EmbeddedCluster, auditor: Auditor, path: str, fault: dict[str, Any]
) -> None:
    assert not misses_policies(auditor.run())
    cluster.load([template("K8sLate")])
    cluster.faults.append(Fault(path, times=None, **fault))
    assert misses_policies(auditor.run())
    cluster.faults.clear()
    assert not misses_policies(auditor.run())


def test_what_is_wrong_for_good_wants_no_other_run(cluster: EmbeddedCluster, auditor: Auditor) -> None:
    cluster.load([template("K8sBad", BAD_REGO)])
    cluster.faults.append(Fault("/api/v1/pods", status=503, times=None))
    cluster.faults.append(Fault(f"{CONSTRAINTS}/k8srequiredlabels", status=403, times=None))
    summary = auditor.run()
    assert {gap.reason for gap in summary.gaps} >= {"Forbidden", "ServiceUnavailable"}
    assert [gap.reason for gap in summary.gaps if gap.policy == "K8sBad"] == ["CompileError"]  # as documented
    assert not misses_policies(summary)
