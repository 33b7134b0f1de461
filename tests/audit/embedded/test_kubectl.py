"""kubectl against the embedded cluster; skipped where there is no kubectl."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.embedded import EmbeddedCluster

pytestmark = pytest.mark.program("kubectl")
Kubectl = Callable[..., str]


@pytest.fixture
def kubectl(cluster: EmbeddedCluster, tmp_path: Path) -> Kubectl:
    """`kubectl(*arguments, file=objects)`: what it prints; it fails the test when kubectl fails."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "KUBECONFIG": str(cluster.kubeconfig(tmp_path / "config")),
    }

    def run(*arguments: str, file: list[Any] | None = None) -> str:
        more = []
        if file is not None:
            (tmp_path / "objects.yaml").write_text(yaml.safe_dump_all(file))
            more = ["-f", str(tmp_path / "objects.yaml")]
        done = subprocess.run(
            ["kubectl", *arguments, *more], env=environment, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def widget(size: int) -> dict[str, Any]:
    return {"apiVersion": "demo.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": size}}


def deployment(image: str) -> dict[str, Any]:
    spec = {"containers": [{"name": "c", "image": image}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": spec}
    whole = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": whole}


def test_a_definition_and_its_objects_are_applied_and_shown(kubectl: Kubectl, widget_definition: Any) -> None:
    assert "created" in kubectl("apply", file=[widget_definition])
    assert kubectl("apply", file=[widget(3)]) == "widget.demo.io/w created\n"
    assert kubectl("apply", file=[widget(3)]) == "widget.demo.io/w unchanged\n"
    assert kubectl("apply", file=[widget(4)]) == "widget.demo.io/w configured\n"
    assert kubectl("get", "demo").split() == ["NAME", "SIZE", "w", "4"]
    described = kubectl("describe", "wd", "w")
    assert "Size:   4" in described
    assert "Events:" in described


def test_a_deployment_is_applied_by_strategic_merge(kubectl: Kubectl, cluster: EmbeddedCluster) -> None:
    kubectl("apply", file=[deployment("x:1")])
    assert kubectl("apply", file=[deployment("x:2")]) == "deployment.apps/d configured\n"
    found = cluster.get("Deployment", "d", "default")
    assert found is not None
    assert found["spec"]["template"]["spec"]["containers"] == [{"name": "c", "image": "x:2"}]
    assert any(asked.method == "PATCH" for asked in cluster.asked)


def test_server_side_apply_keeps_fields_of_others(kubectl: Kubectl, cluster: EmbeddedCluster) -> None:
    kubectl("apply", "--server-side", file=[deployment("x:1")])
    kubectl("label", "deployment", "d", "team=blue")
    kubectl("apply", "--server-side", file=[deployment("x:2")])
    found = cluster.get("Deployment", "d", "default")
    assert found is not None
    assert found["metadata"]["labels"] == {"team": "blue"}


def test_pods_are_shown_wide_and_as_yaml(kubectl: Kubectl, cluster: EmbeddedCluster) -> None:
    spec = {"containers": [{"name": "c", "image": "x"}], "nodeName": "n1"}
    cluster.load([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "team"}, "spec": spec}])
    head, row = kubectl("get", "pods", "-A", "-o", "wide").splitlines()
    assert head.split() == ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]
    assert row.split()[:4] == ["team", "p", "0/1", "Pending"]
    (item,) = yaml.safe_load(kubectl("get", "pods", "-A", "-o", "yaml"))["items"]
    assert (item["kind"], item["spec"]["nodeName"]) == ("Pod", "n1")
    assert "Node:" in kubectl("describe", "pod", "-n", "team", "p")


def test_objects_are_deleted_and_waited_for(kubectl: Kubectl, cluster: EmbeddedCluster) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}}
    configmap = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "team"}}
    kubectl("create", file=[namespace, configmap])
    assert "deleted" in kubectl("delete", "namespace", "team")
    assert cluster.get("ConfigMap", "x", "team") is None
