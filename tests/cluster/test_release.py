"""Releases of the chart in a real cluster: installed, told what they ask, used, and uninstalled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cluster.api import Refused
from cluster.deployed import ACCOUNT, MANIFESTS, Cluster, documents
from cluster.patrol import QUIET, patrol
from cluster.policies import config_map, constraint, template
from cluster.releases import CHART, DAPR_ANNOTATIONS, DISK, Helm

pytestmark = pytest.mark.cluster
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-patrol/deployments/kube-patrol-audit"


@pytest.mark.usefixtures("bare")
def test_values_for_gatekeepers_webhook_are_accepted_and_told(helm: Helm) -> None:
    values = {
        "replicas": 3,
        "validatingWebhookURL": None,
        "postInstall": {"labelNamespace": {"enabled": True}},
        "controllerManager": {"exemptNamespaces": ["kube-system"]},
        "audit": {"disableCertRotation": False, "connection": "mine"},
        "auditFromCache": False,
    }
    command = ("install", "kube-patrol", str(CHART), "--dry-run=client", "--namespace=kube-patrol")
    told = helm.does(*command, values=values)
    assert told.endswith(
        "These values are Gatekeeper's and have no effect here: "
        "auditFromCache, controllerManager, postInstall, replicas, audit.disableCertRotation\n"
    )
    assert "no effect" not in helm.does(*command)


def test_a_release_is_installed_exports_to_a_folder_tells_who_reads_it_and_leaves(
    bare: Cluster, helm: Helm, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    where = ("kube-patrol", str(CHART), "--namespace=kube-patrol")
    helm.does("install", *where, "--create-namespace")
    assert bare.api.get(DEPLOYMENT)["spec"]["replicas"] == 2
    assert not bare.api.may(ACCOUNT, "get", "connection.gatekeeper.sh", "connections", namespace="kube-patrol")
    paths = {"exportVolumeMount": {"path": str(tmp_path)}, "exportConnection": {"path": f"{tmp_path}/topics"}}
    told = helm.does("upgrade", *where, *DISK, values={"audit": paths, "auditPodAnnotations": DAPR_ANNOTATIONS})
    follow = "kubectl logs -n kube-patrol -l app.kubernetes.io/name=kube-patrol,gatekeeper.sh/operation=audit -c"
    assert f"exported to {tmp_path}/topics, and the container reader prints them:\n\n  {follow} reader\n" in told
    changed = helm.does("upgrade", *where, *DISK, "--dry-run=client", "--set=audit.exportSidecar.name=tail")
    assert f"{follow} tail\n" in changed
    assert follow not in helm.does("upgrade", *where, *DISK, "--dry-run=client", "--set=audit.disableAuditSidecar=true")
    bare.load_policies([template("K8sTestLabels")], [constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"])])
    bare.api.apply(config_map("unowned"))

    audit, reader = bare.api.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
    spill = f"--export-spill-dir={tmp_path / 'spill'}"
    outcome = bare.patrol().once(*audit["args"][1:], *QUIET, spill)  # as the kubelet starts it, with its rights
    assert outcome.code == 0, outcome.told()
    with patrol([*reader["args"], "--once"]) as process:
        printed = process.communicate(timeout=60)[0].splitlines()
    exported = [json.loads(line) for line in printed]
    assert [exported[0]["message"], exported[-1]["message"]] == ["audit is started", "audit is completed"]
    assert "unowned" in [message.get("resourceName") for message in exported]
    connection = "/apis/connection.gatekeeper.sh/v1alpha1/namespaces/kube-patrol/connections/audit-connection"
    assert bare.api.get(connection)["status"]["byPod"][0]["active"] is True

    helm.does("uninstall", "kube-patrol", "--namespace=kube-patrol")
    with pytest.raises(Refused, match="NotFound"):
        bare.api.get(DEPLOYMENT)
    crds = bare.api.items("/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
    assert {obj["metadata"]["name"] for path in (MANIFESTS / "crds").iterdir() for obj in documents(path)} <= {
        crd["metadata"]["name"] for crd in crds
    }  # and with them all policies
    record_property("exported", len(exported))


def test_everything_at_once_is_accepted_by_server_side_apply(bare: Cluster, helm: Helm) -> None:
    values = {
        "emitAuditEvents": True,
        "auditEventsInvolvedNamespace": True,
        "auditEventsOnChange": True,
        "resultsDir": "/var/lib/kube-patrol",
        "commonLabels": {"team": "platform"},
        "commonAnnotations": {"note": "by helm"},
        "podLabels": {"pod": "label"},
        "extraEnvs": [{"name": "TZ", "value": "UTC"}],
        "image": {"pullSecrets": [{"name": "registry"}]},
        "audit": {
            "hostNetwork": True,
            "dnsPolicy": "ClusterFirstWithHostNet",
            "priorityClassName": "system-cluster-critical",
            "tolerations": [{"operator": "Exists"}],
            "topologySpreadConstraints": [],
            "extraRules": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}],
        },
    }
    bare.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-patrol"}})
    for obj in helm.render("--include-crds", *DISK, values=values):
        applied = bare.api.apply(obj)
        assert applied["metadata"]["name"] == obj["metadata"]["name"]
    assert bare.api.may(ACCOUNT, "create", "events.k8s.io", "events", namespace="default")
