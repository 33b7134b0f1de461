"""The cluster as Python sees it: loading, reading, starting, stopping."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.embedded import EmbeddedCluster
from audit.errors import AuditError, InputError
from constraints.model import Kind


def pod(name: str, namespace: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": {"phase": "Running"}}


def test_namespaces_that_are_missing_are_created(cluster: EmbeddedCluster) -> None:
    assert cluster.load([pod("p", "team")]) == 1
    assert cluster.get("Namespace", "team") is not None


def test_definitions_go_before_their_objects(cluster: EmbeddedCluster, widget_definition: dict[str, Any]) -> None:
    widget = {"apiVersion": "demo.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}}
    cluster.load([widget, widget_definition])
    found = cluster.get(Kind("demo.io", "v1", "Widget"), "w", "default")
    assert found is not None
    assert found["spec"]["color"] == "red"


def test_what_is_loaded_keeps_its_status_and_uid(cluster: EmbeddedCluster) -> None:
    given = pod("p", "team")
    given["metadata"]["uid"] = "u"
    cluster.load([given])
    found = cluster.get("Pod", "p", "team")
    assert found is not None
    assert (found["status"], found["metadata"]["uid"]) == ({"phase": "Running"}, "u")
    assert "resourceVersion" not in given["metadata"]


def test_loading_again_replaces_and_keeps_the_uid(cluster: EmbeddedCluster) -> None:
    cluster.load([pod("p", "team")])
    first = cluster.get("Pod", "p", "team")
    cluster.load([pod("p", "team") | {"status": {"phase": "Failed"}}])
    (second,) = cluster.objects("Pod")
    assert first is not None
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert second["status"]["phase"] == "Failed"


@pytest.mark.parametrize(
    ("obj", "text"),
    [
        pytest.param({"apiVersion": "x/v1", "kind": "Y", "metadata": {"name": "n"}}, "does not serve the kind x/v1/Y", id="an unknown kind"),
        pytest.param({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "n"}, "spec": {1: 2}}, "Pod n: Dict key must be str", id="a key that is no text"),
        pytest.param({"apiVersion": "v1", "kind": "Pod"}, "Pod None: an object needs apiVersion, kind and metadata", id="no metadata"),
        pytest.param({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "A"}}, 'Pod A: Pod "A" is invalid', id="a name that is not allowed"),
    ],
)  # fmt: skip
def test_what_cannot_be_loaded_is_named(cluster: EmbeddedCluster, obj: Any, text: str) -> None:
    with pytest.raises(InputError) as error:
        cluster.load([obj])
    assert text in str(error.value)


def test_a_new_cluster_has_the_first_namespaces(cluster: EmbeddedCluster) -> None:
    names = [obj["metadata"]["name"] for obj in cluster.objects("Namespace")]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]


def test_a_kubeconfig_names_the_server_and_the_token(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    content = yaml.safe_load(cluster.kubeconfig(tmp_path / "config", token="t").read_text())
    assert content["clusters"][0]["cluster"]["server"] == cluster.url
    assert content["users"][0]["user"] == {"token": "t"}


def test_a_closed_cluster_no_longer_answers() -> None:
    with EmbeddedCluster() as cluster:
        port = int(cluster.url.rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))


def test_a_port_that_is_taken_is_named(cluster: EmbeddedCluster) -> None:
    port = int(cluster.url.rpartition(":")[2])
    with pytest.raises(AuditError, match=f"cannot listen on port {port}"):
        EmbeddedCluster(port=port).start()
