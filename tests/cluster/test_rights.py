"""The rights of our manifests: enough for everything that the program does, and none that it does not use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster.deployed import ACCOUNT, Cluster, manifests
from cluster.policies import config_map, constraint, template
from cluster.server import Request

pytestmark = pytest.mark.cluster
GAPS = 3  # the exit code
Granted = tuple[str, str, str, str]  # verb, group, resource, name ("" where any is allowed)


@pytest.fixture(scope="module")
def asked(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> list[Request]:
    """What the program asks while it does all it can: new and changed policies, a Config, an election, an export, two
    runs.
    """
    folder = tmp_path_factory.mktemp("export")
    api = cluster.api
    cluster.load_policies([template("K8sTestLabels")], [constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"])])
    api.apply(config_map("unowned"))
    sync = {"sync": {"syncOnly": [{"group": "", "version": "v1", "kind": "ConfigMap"}]}}
    metadata = {"name": "config", "namespace": "kube-patrol"}
    api.apply({"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config", "metadata": metadata, "spec": sync})
    wider = {
        "type": "object",
        "properties": {"labels": {"type": "array", "items": {"type": "string"}}, "more": {"type": "string"}},
    }
    api.apply(template("K8sTestLabels", parameters=wider))
    export = ("--enable-violation-export", f"--export-spill-dir={folder / 'spill'}")
    to_nobody(cluster, *export)
    for name in ("audit-connection", "unheeded"):
        api.apply(connection(name, folder / "out"))
    with cluster.patrol().running("--leader-elect=true", "--audit-interval=1", *export) as process:
        process.until(lambda log: len(log.events("audit_finished")) >= 4)  # long enough for the Lease to be renewed
        process.terminate()
        assert process.wait(15).code == 0
    return cluster.asked()


def connection(name: str, path: Path) -> dict[str, Any]:
    return connected(name, "disk", path=str(path), maxAuditResults=1)


def connected(name: str, driver: str, **config: Any) -> dict[str, Any]:
    return {
        "apiVersion": "connection.gatekeeper.sh/v1alpha1",
        "kind": "Connection",
        "metadata": {"name": name, "namespace": "kube-patrol"},
        "spec": {"driver": driver, "config": config},
    }


def to_nobody(cluster: Cluster, *flags: str) -> None:
    """A run whose violations go where nobody listens, with a header from the Secret that may be read."""
    secret = {"name": "kube-patrol-export", "namespace": "kube-patrol"}
    cluster.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": secret, "stringData": {"token": "Bearer x"}})
    headers = {"Authorization": {"secretName": secret["name"], "key": "token"}}
    cluster.api.apply(connected("audit-connection", "http", url="http://127.0.0.1:9/", headers=headers))
    cluster.patrol().once("--shutdown-delay=3", *flags)


def test_connections_are_told_whether_they_are_heeded(cluster: Cluster, asked: list[Request]) -> None:
    home = "/apis/connection.gatekeeper.sh/v1alpha1/namespaces/kube-patrol/connections"
    [heeded], [unheeded] = (
        cluster.api.get(f"{home}/{name}")["status"]["byPod"] for name in ("audit-connection", "unheeded")
    )
    assert heeded["active"] is True
    assert unheeded["errors"][0]["type"] == "UpsertConnection"


def test_nothing_that_the_program_asks_is_forbidden(asked: list[Request]) -> None:
    assert [request for request in asked if request.code in (401, 403)] == []


def test_the_audit_is_complete_with_these_rights(cluster: Cluster, asked: list[Request]) -> None:
    status = cluster.status(constraint("K8sTestLabels", "owned", "ConfigMap"))
    assert "auditGaps" not in status
    assert "unowned" in [violation["name"] for violation in status["violations"]]
    assert {request.verb for request in asked} == {"list", "get", "watch", "create", "update", "patch"}


def test_every_right_is_used(asked: list[Request]) -> None:
    used = {(request.verb, request.group, request.resource, request.name) for request in asked}
    unused = [right for right in granted() if not any(covers(right, request) for request in used)]
    # Asked for by an admission plug-in on behalf of whoever sets an owner that must not be deleted before.
    assert unused == [("update", "templates.gatekeeper.sh", "constrainttemplates/finalizers", "")]


def test_the_right_to_update_finalizers_is_needed_where_owners_are_checked(cluster: Cluster) -> None:
    role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/kube-patrol"
    rules = cluster.api.get(role)["rules"]
    without = [rule for rule in rules if "constrainttemplates/finalizers" not in rule["resources"]]
    assert len(without) == len(rules) - 1
    cluster.api.merge(role, {"rules": without})
    try:
        cluster.api.apply(template("K8sTestRefused"))
        assert cluster.patrol().once().code == GAPS
        status = cluster.api.get("/apis/templates.gatekeeper.sh/v1/constrainttemplates/k8stestrefused")["status"]
    finally:
        cluster.api.merge(role, {"rules": rules})
        cluster.api.send("DELETE", "/apis/templates.gatekeeper.sh/v1/constrainttemplates/k8stestrefused")
    errors = [error["message"] for pod in status["byPod"] for error in pod["errors"]]
    assert "cannot set blockOwnerDeletion" in " ".join(errors)


def test_wildcards_allow_to_list_and_nothing_else() -> None:
    broad = [right for right in granted() if right[1] == "*" or (right[1], right[2]) == ("", "*")]
    assert broad == [("list", "*", "*", "")]


@pytest.mark.parametrize("verb", ["get", "watch", "create", "update", "patch", "delete", "deletecollection"])
@pytest.mark.parametrize("resource", ["pods", "secrets", "configmaps", "namespaces", "serviceaccounts"])
def test_objects_under_audit_can_only_be_listed(cluster: Cluster, verb: str, resource: str) -> None:
    assert not cluster.api.may(ACCOUNT, verb, "", resource, namespace="kube-patrol")


@pytest.mark.parametrize(
    ("verb", "group", "resource"),
    [
        pytest.param("create", "", "pods/exec", id="run a command in a Pod"),
        pytest.param("create", "", "serviceaccounts/token", id="make tokens"),
        pytest.param("impersonate", "", "users", id="be somebody else"),
        pytest.param("create", "rbac.authorization.k8s.io", "clusterrolebindings", id="hand out rights"),
        pytest.param("escalate", "rbac.authorization.k8s.io", "clusterroles", id="widen its own rights"),
        pytest.param("delete", "apiextensions.k8s.io", "customresourcedefinitions", id="delete CRDs"),
        pytest.param("create", "templates.gatekeeper.sh", "constrainttemplates", id="write templates"),
        pytest.param("update", "templates.gatekeeper.sh", "constrainttemplates", id="change templates"),
        pytest.param("patch", "constraints.gatekeeper.sh", "k8stestlabels", id="change constraints"),
        pytest.param("delete", "constraints.gatekeeper.sh", "k8stestlabels", id="delete constraints"),
        pytest.param("delete", "coordination.k8s.io", "leases", id="delete Leases"),
        pytest.param("create", "admissionregistration.k8s.io", "validatingwebhookconfigurations", id="add webhooks"),
    ],
)
def test_dangerous_things_are_not_allowed(cluster: Cluster, verb: str, group: str, resource: str) -> None:
    assert not cluster.api.may(ACCOUNT, verb, group, resource, namespace="kube-patrol")


@pytest.mark.parametrize(
    ("namespace", "name", "allowed"),
    [("kube-patrol", "kube-patrol", True), ("kube-patrol", "another", False), ("kube-system", "kube-patrol", False)],
)
def test_only_our_own_lease_can_be_taken(cluster: Cluster, namespace: str, name: str, allowed: bool) -> None:
    lease = {"namespace": namespace, "name": name}
    assert cluster.api.may(ACCOUNT, "update", "coordination.k8s.io", "leases", **lease) is allowed


def granted() -> Iterator[Granted]:
    """Each right of each Role and ClusterRole of the manifests."""
    for role in (obj for obj in manifests() if obj["kind"] in ("Role", "ClusterRole")):
        for rule in role["rules"]:
            yield from rights_of(rule)


def rights_of(rule: dict[str, Any]) -> Iterator[Granted]:
    for name in rule.get("resourceNames", [""]):
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield from ((verb, group, resource, name) for verb in rule["verbs"])


def covers(right: Granted, request: Granted) -> bool:
    """Whether a request needs a right, by the rules of RBAC."""
    verb, group, resource, name = right
    asked, subresource = request[2], request[2].partition("/")[2]
    return (
        verb == request[0]
        and group in ("*", request[1])
        and (resource in ("*", asked) or (resource.startswith("*/") and resource[2:] == subresource))
        and name in ("", request[3])
    )
