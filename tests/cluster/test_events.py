"""Kubernetes Events of both kinds as a real API server takes them, and with which rights."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from cluster.api import apply_all
from cluster.deployed import MANIFESTS, Cluster, documents, without_rights
from cluster.patrol import Running
from cluster.policies import config_map, constraint, template
from cluster.test_rights import covers, rights_of

pytestmark = pytest.mark.cluster
UNWRITTEN = 4  # the exit code
RIGHTS = MANIFESTS / "optional" / "events.yaml"
ROLES = {"kinds": [{"apiGroups": ["rbac.authorization.k8s.io"], "kinds": ["ClusterRole"]}]}
LONG = """package long

violation[{"msg": msg}] {
  msg := concat("", [c | numbers.range(1, 2000)[_]; c := "ü"])
}
violation[{"msg": "\\u0000 \\u001b[31m and \\ud83d\\ude00"}]
"""
OWNED = constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"])


@pytest.fixture(scope="module")
def loaded(cluster: Cluster) -> Cluster:
    """A cluster with two ConfigMaps that break a constraint, in the namespace `default`."""
    apply_all(cluster.api, documents(RIGHTS))
    cluster.load_policies([template("K8sTestLabels"), template("K8sTestLong", LONG)], [OWNED])
    apply_all(cluster.api, [config_map("unowned"), config_map("mended")])
    return cluster


def events(cluster: Cluster, reason: str, about: str = "") -> list[Any]:
    """Those of the core group; they are the same ones in both groups."""
    found = [event for event in cluster.api.items("/api/v1/events") if event["reason"] == reason]
    return [event for event in found if about in ("", event["involvedObject"]["name"])]


def next_run(process: Running) -> str:
    """Wait for the next whole run; gives its audit_id."""
    before = len(process.log.events("audit_finished"))
    process.until(lambda log: len(log.events("audit_finished")) > before + 1)
    return str(process.log.events("audit_finished")[-1]["audit_id"])


def test_what_appears_and_what_is_resolved_is_told_of_the_object(loaded: Cluster) -> None:
    with loaded.patrol().running("--audit-events-on-change", "--audit-interval=1") as process:
        next_run(process)
        assert [len(events(loaded, "ViolationFound", name)) for name in ("unowned", "mended")] == [1, 1]
        loaded.api.apply(config_map("mended", labels={"owner": "me"}))
        loaded.api.apply(config_map("late"))
        next_run(process)
        process.terminate()
        assert process.wait(15).code == 0
    [found], [resolved] = events(loaded, "ViolationFound", "late"), events(loaded, "ViolationResolved", "mended")
    late = loaded.api.get("/api/v1/namespaces/default/configmaps/late")["metadata"]
    assert (found["involvedObject"]["apiVersion"], found["involvedObject"]["uid"]) == ("v1", late["uid"])
    assert (found["type"], found["message"]) == ("Warning", "K8sTestLabels/owned: late has no label owner")
    assert (resolved["type"], resolved["metadata"]["annotations"]["resolved"]) == ("Normal", "object_mended")
    new = f"/apis/events.k8s.io/v1/namespaces/default/events/{found['metadata']['name']}"
    assert loaded.api.get(new)["related"]["name"] == "owned"


def test_after_a_restart_nothing_is_told_again(loaded: Cluster) -> None:
    assert loaded.patrol().once().code == 0  # so that statuses are those of now
    before = Counter(event["reason"] for event in loaded.api.items("/api/v1/events"))
    assert loaded.patrol("c").once("--audit-events-on-change").code == 0
    assert Counter(event["reason"] for event in loaded.api.items("/api/v1/events")) == before


def test_gatekeepers_events_are_counted_from_run_to_run(loaded: Cluster) -> None:
    flags = ("--emit-audit-events", "--audit-interval=1")
    with loaded.patrol().running(*flags) as process:
        next_run(process)
        last = next_run(process)
        process.terminate()
        assert process.wait(15).code == 0
    [event] = events(loaded, "AuditViolation", "unowned")
    assert event["count"] >= 2
    assert event["metadata"]["annotations"]["auditTimestamp"] >= last
    assert event["metadata"]["namespace"] == event["involvedObject"]["namespace"] == "kube-patrol"
    assert event["involvedObject"]["uid"] == "ConfigMap/default/unowned/K8sTestLabels//owned"
    assert event["source"] == {"component": "gatekeeper-audit"}


def test_gatekeepers_events_of_the_involved_namespace_are_those_of_the_object(loaded: Cluster) -> None:
    assert loaded.patrol().once("--emit-audit-events", "--audit-events-involved-namespace").code == 0
    [event] = [e for e in events(loaded, "AuditViolation", "unowned") if e["metadata"]["namespace"] == "default"]
    unowned = loaded.api.get("/api/v1/namespaces/default/configmaps/unowned")["metadata"]
    about = event["involvedObject"]
    assert (about["uid"], about["resourceVersion"]) == (unowned["uid"], unowned["resourceVersion"])


def test_names_that_no_event_can_have_and_messages_without_end_are_taken(loaded: Cluster) -> None:
    wide = constraint("K8sTestLong", "wide", "ConfigMap", match=ROLES)
    loaded.api.apply(wide)
    try:
        flags = ("--emit-audit-events", "--audit-events-on-change", "--audit-events-limit=0")
        outcome = loaded.patrol().once(*flags, "--audit-events-involved-namespace")
        assert outcome.code == 0, outcome.told()
        about = "system:controller:job-controller"
        told = [*events(loaded, "ViolationFound", about), *events(loaded, "AuditViolation", about)]
        assert [(event["metadata"]["namespace"], len(event["message"].encode()) <= 1024) for event in told] == [
            *[("default", True)] * 2,
            *[("kube-patrol", True)] * 2,
        ]
    finally:
        loaded.api.send("DELETE", loaded.api.path(wide))


def test_a_constraint_that_is_gone_resolves_what_broke_it(loaded: Cluster) -> None:
    passing = constraint("K8sTestLabels", "passing", "ConfigMap", ["team"])
    with loaded.patrol().running("--audit-events-on-change", "--audit-interval=1") as process:
        loaded.api.apply(passing)
        next_run(process)
        next_run(process)
        loaded.api.send("DELETE", loaded.api.path(passing))
        next_run(process)
        process.terminate()
        assert process.wait(15).code == 0
    why = Counter(each["metadata"]["annotations"]["resolved"] for each in events(loaded, "ViolationResolved"))
    assert why["constraint_gone"] >= 2


def test_objects_that_are_gone_with_their_namespace_are_no_failure(loaded: Cluster) -> None:
    passing = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "passing"}}
    everywhere = {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}], "namespaces": ["passing"]}
    apply_all(loaded.api, [passing, config_map("short", "passing")])
    loaded.api.apply(constraint("K8sTestLabels", "elsewhere", "ConfigMap", ["owner"], match=everywhere))
    with loaded.patrol().running("--audit-events-on-change", "--audit-interval=1") as process:
        next_run(process)
        [event] = events(loaded, "ViolationFound", "short")
        loaded.api.send("DELETE", "/api/v1/namespaces/passing")  # no controller empties it: it stays terminating
        loaded.api.send("DELETE", "/api/v1/namespaces/passing/configmaps/short")
        next_run(process)
        next_run(process)
        process.terminate()
        assert process.wait(15).code == 0
        assert {line["outcome"] for line in process.log.events("audit_finished")} == {"complete"}
        assert any("ViolationResolved gone (1)" in line["msg"] for line in process.log.events())
    assert event["metadata"]["namespace"] == "passing"


def test_every_right_for_events_is_used_and_no_other_is_missed(loaded: Cluster) -> None:
    asked = [request for request in loaded.asked() if request.resource == "events" and request.verb != "list"]
    used = {(request.verb, request.group, request.resource, request.name) for request in asked}
    rights = [right for rule in documents(RIGHTS)[0]["rules"] for right in rights_of(rule)]
    assert [right for right in rights if not any(covers(right, request) for request in used)] == []
    terminating = [request for request in asked if request.code == 403]
    assert {request.verb for request in terminating} <= {"create"}
    assert len(terminating) <= 1


def test_without_the_rights_statuses_are_written_and_the_right_is_named(loaded: Cluster) -> None:
    loaded.api.apply(config_map("another"))
    with without_rights(loaded, RIGHTS):
        outcome = loaded.patrol().once("--audit-events-on-change", "--emit-audit-events")
    assert outcome.code == UNWRITTEN, outcome.told()
    gaps = [line["msg"] for line in outcome.log.events("audit_gap")]
    assert len(gaps) == 2
    assert 'cannot create resource "events" in API group "" in the namespace "kube-patrol"' in gaps[0]
    assert 'cannot create resource "events" in API group "events.k8s.io" in the namespace "default"' in gaps[1]
    assert all(gap.endswith("manifests/optional/events.yaml") for gap in gaps)
    assert loaded.status(OWNED)["auditTimestamp"] == outcome.log.events("audit_finished")[0]["audit_id"]
