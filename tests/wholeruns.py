"""Whole runs against the embedded cluster, and what they leave behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from audit.app import assemble
from audit.auditor import Auditor
from audit.embedded import EmbeddedCluster
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.metrics.requests import Requests
from audit.process.leading import Duty
from audit.settings.config import Config
from constraints import Kind

CONSTRAINTS = "constraints.gatekeeper.sh"
TOTALS = {
    "K8sAllowedRepos": 2,
    "K8sContainerLimits": 3,
    "K8sDisallowedTags": 2,
    "K8sHttpsOnly": 2,
    "K8sPSPPrivilegedContainer": 1,
    "K8sReplicaLimits": 1,
    "K8sRequiredLabels": 2,
    "K8sUniqueServiceSelector": 2,
}
FEW = {kind: TOTALS[kind] for kind in ("K8sContainerLimits", "K8sHttpsOnly", "K8sUniqueServiceSelector")}


@contextmanager
def auditing(config: Config) -> Iterator[Auditor]:
    """An auditor that never really sleeps."""
    handler = configure_logging(config.log)
    connection = connect(Access(kubeconfig=config.cluster.kubeconfig))
    requests = Requests()
    metrics = Metrics(requests)
    client = Client(connection, on_request=requests.count, clock=Clock(sleep=lambda seconds: None))
    yield assemble(config, client, metrics, Duty(Event()))
    connection.close()
    handler.close()


def events(config: Config, name: str = "") -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in Path(config.log.file).read_text().splitlines()]
    return [line for line in lines if "event_type" in line and name in ("", line["event_type"])]


def statuses(cluster: EmbeddedCluster) -> dict[str, dict[str, Any]]:
    kinds = [kind for kind in TOTALS if cluster.get("ConstraintTemplate", kind.lower())]
    return {kind: next(iter(cluster.objects(Kind(CONSTRAINTS, "v1beta1", kind)))).get("status", {}) for kind in kinds}


def totals(cluster: EmbeddedCluster) -> dict[str, Any]:
    return {kind: status.get("totalViolations") for kind, status in statuses(cluster).items()}


def samples_of(metrics: Metrics, name: str) -> list[Any]:
    return [sample for family in metrics.registry.collect() for sample in family.samples if sample.name == name]
