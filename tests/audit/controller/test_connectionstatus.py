"""What pods say in the status of a Connection, one beside the other."""

from __future__ import annotations

from typing import Any

import pytest
from policybuilders import samples_with

from audit.controller.connectionstatus import ConnectionStatus
from audit.controller.podstatus import PodStatus
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.export.publishing import Publishing
from audit.kube.auth import Access, connect
from audit.kube.client import Client
from audit.kube.patch import StatusWriter

NOW = 1_795_216_641.0
HOME, NAME = "patrol", "audit-connection"


class Pods:
    """Pods that export by the same Connection."""

    def __init__(self, cluster: EmbeddedCluster, kubeconfig: str) -> None:
        self.cluster = cluster
        self.writer = StatusWriter(Client(connect(Access(kubeconfig=kubeconfig))))
        metadata = {"name": NAME, "namespace": HOME}
        kind = {"apiVersion": "connection.gatekeeper.sh/v1alpha1", "kind": "Connection"}
        cluster.load([{**kind, "metadata": metadata, "spec": {"driver": "stdout", "config": {}}}])

    @property
    def connection(self) -> dict[str, Any]:
        found = self.cluster.get("Connection", NAME, HOME)
        assert found is not None
        return found

    def tell(self, pod: str, at: float, *errors: str, why: str = "") -> None:
        published = None if why else Publishing(not errors, at, at, errors)
        status = ConnectionStatus(self.writer, PodStatus(pod, ("audit",)), 900.0, lambda: at)
        status.tell(self.connection, why, published)

    def told(self) -> dict[str, list[str]]:
        """The errors of each pod."""
        entries = self.connection["status"]["byPod"]
        return {entry["id"]: [error["message"] for error in entry.get("errors", ())] for entry in entries}


@pytest.fixture
def pods(cluster: EmbeddedCluster, tmp_path: Any) -> Pods:
    load(cluster, samples_with(["K8sHttpsOnly"]))
    cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}])
    return Pods(cluster, str(cluster.kubeconfig(tmp_path / "kubeconfig")))


def test_two_pods_that_export_by_one_connection_tell_beside_each_other(pods: Pods) -> None:
    pods.tell("pod-a", NOW)
    pods.tell("pod-b", NOW + 1, "another process exports to /tmp")
    pods.tell("pod-a", NOW + 2)
    assert pods.told() == {"pod-a": [], "pod-b": ["another process exports to /tmp"]}


def test_a_pod_that_tries_to_publish_no_more_is_forgotten_after_a_time(pods: Pods) -> None:
    pods.tell("pod-a", NOW, "target: down")
    pods.tell("pod-b", NOW + 899)
    assert set(pods.told()) == {"pod-a", "pod-b"}
    pods.tell("pod-b", NOW + 901)
    assert set(pods.told()) == {"pod-b"}


def test_a_pod_that_never_published_is_forgotten_at_once(pods: Pods) -> None:
    pods.tell("pod-a", NOW, why="it makes no sense")
    pods.tell("pod-b", NOW)
    assert set(pods.told()) == {"pod-b"}
