"""Policy reports on a real API server: what kubectl shows of them, whose they are, and with which rights."""

from __future__ import annotations

import re
import subprocess

import pytest
from cluster.api import Object, Refused, apply_all
from cluster.deployed import MANIFESTS, Cluster, documents, without_rights
from cluster.patrol import Outcome, environment
from cluster.policies import config_map, constraint, template
from cluster.programs import program
from cluster.test_rights import covers, rights_of

pytestmark = pytest.mark.cluster
UNWRITTEN = 4  # the exit code
OPTIONAL = MANIFESTS / "optional"
RIGHTS = OPTIONAL / "reports.yaml"
GROUPS = {"wgpolicy": "wgpolicyk8s.io", "openreports": "openreports.io"}
COLLECTIONS = {
    "wgpolicy": [
        "/apis/wgpolicyk8s.io/v1alpha2/policyreports",
        "/apis/wgpolicyk8s.io/v1alpha2/clusterpolicyreports",
    ],
    "openreports": ["/apis/openreports.io/v1alpha1/reports", "/apis/openreports.io/v1alpha1/clusterreports"],
}
WRITES = {"create", "patch", "delete"}
NAMESPACES = {"kinds": [{"apiGroups": [""], "kinds": ["Namespace"]}]}
OWNED = constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"])
TEAMED = constraint("K8sTestLabels", "teamed", "ConfigMap", ["team"], enforcementAction="dryrun")
SPACES = constraint("K8sTestLabels", "spaces", "Namespace", ["owner"], match=NAMESPACES)


@pytest.fixture(scope="module")
def loaded(cluster: Cluster) -> Cluster:
    """A cluster with the CRDs and rights of reports, and few ConfigMaps in the namespace `default`."""
    for group in GROUPS.values():
        apply_all(cluster.api, documents(OPTIONAL / f"crds-{group}.yaml"))
    apply_all(cluster.api, documents(RIGHTS))
    severe = {**template("K8sTestLabels"), "metadata": {"name": "k8stestlabels"}}
    severe["metadata"]["annotations"] = {"policies.kyverno.io/severity": "high"}
    cluster.load_policies([severe], [OWNED, TEAMED, SPACES])
    apply_all(cluster.api, [config_map("settings"), config_map("flags", labels={"owner": "me", "team": "a"})])
    return cluster


def audit(cluster: Cluster, *flags: str, api: str = "wgpolicy") -> Outcome:
    return cluster.patrol().once(f"--policy-reports={api}", *flags)


def reports(cluster: Cluster, api: str = "wgpolicy") -> list[Object]:
    return [obj for path in COLLECTIONS[api] for obj in cluster.api.items(path)]


def about(cluster: Cluster, name: str, api: str = "wgpolicy") -> Object:
    [found] = [obj for obj in reports(cluster, api) if obj["scope"]["name"] == name]
    return found


def written(cluster: Cluster, *flags: str, api: str = "wgpolicy") -> int:
    """How many writes of reports one audit asks for."""

    def asked() -> int:
        return sum(r.group == GROUPS[api] and r.verb in WRITES for r in cluster.asked())

    before = asked()
    outcome = audit(cluster, *flags, api=api)
    assert outcome.code == 0, outcome.told()
    return asked() - before


def kubectl(cluster: Cluster, *words: str) -> str:
    config = cluster.kubeconfig(cluster.server.token, cluster.folder)
    variables = {**environment(), "KUBECONFIG": str(config), "HOME": str(cluster.folder)}
    done = subprocess.run([program("kubectl"), *words], env=variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("api", GROUPS)
def test_what_is_there_is_written_once_and_then_nothing(loaded: Cluster, api: str) -> None:
    assert written(loaded, api=api) == len(reports(loaded, api)) > 0
    made = reports(loaded, api)
    assert written(loaded, api=api) == 0
    assert reports(loaded, api) == made
    assert about(loaded, "settings", api)["summary"] == {"pass": 0, "fail": 1, "warn": 1, "error": 0, "skip": 0}
    assert about(loaded, "flags", api)["summary"] == {"pass": 2, "fail": 0, "warn": 0, "error": 0, "skip": 0}


def test_kubectl_shows_the_columns_that_users_of_kyverno_know(loaded: Cluster) -> None:
    audit(loaded)
    rows = [line.split() for line in kubectl(loaded, "get", "polr", "-A").splitlines()]
    assert rows[0] == ["NAMESPACE", "NAME", "KIND", "NAME", "PASS", "FAIL", "WARN", "ERROR", "SKIP", "AGE"]
    [row] = [row for row in rows if "settings" in row]
    uid = loaded.api.get("/api/v1/namespaces/default/configmaps/settings")["metadata"]["uid"]
    assert row[:-1] == ["default", f"kube-patrol-{uid}", "ConfigMap", "settings", "0", "1", "1", "0", "0"]
    rows = [line.split() for line in kubectl(loaded, "get", "cpolr").splitlines()]
    assert rows[0] == ["NAME", "KIND", "NAME", "PASS", "FAIL", "WARN", "ERROR", "SKIP", "AGE"]
    assert {row[1] for row in rows[1:]} == {"Namespace"}


def test_kubectl_shows_reports_of_openreports_too(loaded: Cluster) -> None:
    audit(loaded, api="openreports")
    rows = [line.split() for line in kubectl(loaded, "get", "reps,creps", "-A", "-o", "wide").splitlines()]
    assert rows[0] == ["NAMESPACE", "NAME", "KIND", "NAME", "PASS", "FAIL", "WARN", "ERROR", "SKIP", "AGE"]


def test_kubectl_describes_a_report_as_users_of_kyverno_know_it(loaded: Cluster) -> None:
    audit(loaded)
    name = about(loaded, "settings")["metadata"]["name"]
    text = kubectl(loaded, "describe", "policyreport", name, "-n", "default")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in (
        "Labels: app.kubernetes.io/managed-by=kube-patrol",
        "Annotations: <none>",
        "API Version: wgpolicyk8s.io/v1alpha2",
        "Kind: PolicyReport",
        "Message: settings has no label owner",
        "Policy: owned",
        "Result: fail",
        "Rule: K8sTestLabels",
        "Scored: true",
        "Severity: high",
        "Source: kube-patrol",
        "Enforcement Action: dryrun",
        "Events: <none>",
    ):
        assert line in lines
    headings = [line for line in text.splitlines() if re.match(r"\w", line)]
    assert [h.partition(":")[0] for h in headings][-4:] == ["Results", "Scope", "Summary", "Events"]


def test_the_reports_belong_to_their_objects(loaded: Cluster) -> None:
    audit(loaded)
    for report in reports(loaded):
        [owner], scope = report["metadata"]["ownerReferences"], report["scope"]
        assert owner == {name: scope[name] for name in ("apiVersion", "kind", "name", "uid")}
        assert report["metadata"].get("namespace") == scope.get("namespace")


def test_what_changes_is_patched_and_what_is_gone_is_swept(loaded: Cluster) -> None:
    loaded.api.apply(config_map("passing"))
    audit(loaded)
    loaded.api.apply(config_map("passing", labels={"owner": "me"}))
    assert written(loaded) == 1
    assert about(loaded, "passing")["summary"] == {"pass": 1, "fail": 0, "warn": 1, "error": 0, "skip": 0}
    loaded.api.send("DELETE", "/api/v1/namespaces/default/configmaps/passing")  # nobody collects garbage here
    assert written(loaded) == 1
    assert [obj for obj in reports(loaded) if obj["scope"]["name"] == "passing"] == []


def test_a_report_of_another_engine_stays_and_the_audit_says_so(loaded: Cluster) -> None:
    audit(loaded)
    ours = about(loaded, "settings")
    labels = {"app.kubernetes.io/managed-by": "kyverno"}
    uid = ours["scope"]["uid"]
    theirs = {**ours, "metadata": {"name": uid, "namespace": "default", "labels": labels}, "results": []}
    loaded.api.create(theirs)
    before = loaded.api.get(loaded.api.path(theirs))
    outcome = audit(loaded, "--policy-report-names=uid")
    assert outcome.code == UNWRITTEN, outcome.told()
    [gap] = outcome.log.events("audit_gap")
    assert f"default/{uid}" in gap["msg"]
    assert loaded.api.get(loaded.api.path(theirs)) == before
    loaded.api.send("DELETE", loaded.api.path(theirs))
    assert audit(loaded, "--policy-report-names=uid").code == 0
    assert about(loaded, "settings")["metadata"]["name"] == uid
    assert audit(loaded).code == 0
    assert about(loaded, "settings")["metadata"]["name"] == f"kube-patrol-{uid}"


def test_what_somebody_writes_by_hand_is_put_right(loaded: Cluster) -> None:
    audit(loaded)
    report = about(loaded, "settings")
    path = loaded.api.path(report)
    loaded.api.merge(path, {"results": [], "summary": {"fail": 0}, "metadata": {"labels": {"team": "a"}}})
    assert written(loaded) == 1
    after = loaded.api.get(path)
    assert (after["summary"], len(after["results"])) == (report["summary"], len(report["results"]))
    assert after["metadata"]["labels"]["team"] == "a"


def test_details_and_results_are_as_few_as_is_wanted(loaded: Cluster) -> None:
    audit(loaded)
    audit(loaded, "--policy-reports-detail=summary", "--report-results=fail")
    assert {obj["scope"]["name"] for obj in reports(loaded) if obj["scope"]["kind"] == "ConfigMap"} == {"settings"}
    report = about(loaded, "settings")
    assert report["summary"] == {"pass": 0, "fail": 1, "warn": 1, "error": 0, "skip": 0}
    assert "results" not in report
    assert written(loaded, "--policy-reports-detail=summary", "--report-results=fail") == 0


def test_a_message_without_end_and_odd_names_are_taken(loaded: Cluster) -> None:
    rego = (
        'package long\n\nviolation[{"msg": msg}] { n := numbers.range(1, 400)[_]; msg := sprintf("%v %v", [n, big]) }\n'
    )
    big = 'big := concat("", [c | numbers.range(1, 3000)[_]; c := "ü"])\n'
    roles = {"kinds": [{"apiGroups": ["rbac.authorization.k8s.io"], "kinds": ["ClusterRole"]}], "name": "system:node"}
    loaded.api.apply(template("K8sTestLong", rego + big))
    assert loaded.patrol().once().code == 0
    wide = constraint("K8sTestLong", "wide", "ClusterRole", match=roles)
    loaded.api.apply(wide)
    try:
        outcome = audit(loaded)
        assert outcome.code == 0, outcome.told()
        parts = [obj for obj in reports(loaded) if obj["scope"]["name"] == "system:node"]
        assert len(parts) == 2
        assert sum(part["summary"]["fail"] for part in parts) == 400
        assert written(loaded) == 0
    finally:
        loaded.api.send("DELETE", loaded.api.path(wide))
    assert written(loaded) == 2


def test_a_process_that_is_killed_while_it_writes_leaves_what_the_next_one_finishes(loaded: Cluster) -> None:
    audit(loaded)
    for path in COLLECTIONS["wgpolicy"]:
        for obj in loaded.api.items(path):
            loaded.api.send("DELETE", loaded.api.path(obj))
    apply_all(loaded.api, [config_map(f"many-{number}") for number in range(80)])
    with loaded.patrol().running("--once", "--policy-reports=wgpolicy", "--report-writers=1") as process:
        process.until(lambda log: reports(loaded))
        process.kill()
    assert 0 < len(reports(loaded)) < 80
    assert audit(loaded).code == 0
    assert len({obj["scope"]["uid"] for obj in reports(loaded)}) == len(reports(loaded)) > 80
    assert written(loaded) == 0


def test_a_namespace_that_is_being_deleted_is_no_failure(loaded: Cluster) -> None:
    space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "passing"}}
    match = {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}], "namespaces": ["passing"]}
    apply_all(loaded.api, [space, config_map("short", "passing")])
    loaded.api.apply(constraint("K8sTestLabels", "elsewhere", "ConfigMap", ["owner"], match=match))
    loaded.api.send("DELETE", "/api/v1/namespaces/passing")  # no controller empties it: it stays terminating
    outcome = audit(loaded)
    assert outcome.code == 0, outcome.told()


def test_every_right_for_reports_is_used_and_none_is_missed(loaded: Cluster) -> None:
    asked = [request for request in loaded.asked() if request.group in GROUPS.values() and request.verb != "list"]
    used = {(request.verb, request.group, request.resource, request.name) for request in asked}
    rights = [right for rule in documents(RIGHTS)[0]["rules"] for right in rights_of(rule)]
    unused = [right for right in rights if not any(covers(right, request) for request in used)]
    assert {right[1] for right in unused} <= {"openreports.io"}  # whose reports were only made here
    assert {right[0] for right in unused} <= {"get", "patch", "delete"}
    assert [request for request in asked if request.code == 403 and request.namespace != "passing"] == []


def test_without_the_rights_or_the_definitions_the_audit_goes_on_and_names_the_cure(loaded: Cluster) -> None:
    loaded.api.apply(config_map("another"))
    with without_rights(loaded, RIGHTS):
        outcome = audit(loaded)
    assert outcome.code == UNWRITTEN, outcome.told()
    [gap] = [line["msg"] for line in outcome.log.events("audit_gap")]
    assert "manifests/optional/reports.yaml" in gap
    for crd in documents(OPTIONAL / "crds-openreports.io.yaml"):
        loaded.api.send("DELETE", loaded.api.path(crd))
    until_refused(loaded, COLLECTIONS["openreports"][0])
    outcome = audit(loaded, api="openreports")
    assert outcome.code == UNWRITTEN, outcome.told()
    [gap] = [line["msg"] for line in outcome.log.events("audit_gap")]
    assert "manifests/optional/crds-openreports.io.yaml" in gap
    assert loaded.status(OWNED)["auditTimestamp"] == outcome.log.events("audit_finished")[0]["audit_id"]


def until_refused(cluster: Cluster, path: str) -> None:
    """Wait until a kind is served no more."""
    for _ in range(100):
        try:
            cluster.api.get(path)
        except Refused:
            return
    raise AssertionError(f"{path} is still served")
