"""Creating, replacing, patching and deleting objects."""

from __future__ import annotations

from typing import Any

import pytest

from audit.embedded import EmbeddedCluster

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"


def deployment(**spec: Any) -> dict[str, Any]:
    containers = [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]
    return {
        "metadata": {"name": "d"},
        "spec": {"replicas": 1, "template": {"spec": {"containers": containers}}, **spec},
    }


def patch(ask: Any, path: str, body: Any, kind: str = MERGE) -> Any:
    return ask("PATCH", path, body, Content_Type=kind)


def test_a_new_object_gets_what_the_server_sets(ask: Any) -> None:
    answer = ask("POST", DEPLOYMENTS, deployment())
    metadata = answer.json["metadata"]
    assert answer.status == 201
    assert (answer.json["kind"], answer.json["apiVersion"]) == ("Deployment", "apps/v1")
    assert metadata["generation"] == 1
    assert metadata["namespace"] == "default"
    assert {"uid", "resourceVersion", "creationTimestamp"} <= set(metadata)


def test_a_new_object_cannot_choose_its_uid_or_status(ask: Any) -> None:
    obj = deployment() | {"status": {"replicas": 7}}
    obj["metadata"] |= {"uid": "mine", "creationTimestamp": "2001-01-01T00:00:00Z"}
    created = ask("POST", DEPLOYMENTS, obj).json
    assert created["metadata"]["uid"] != "mine"
    assert not created["metadata"]["creationTimestamp"].startswith("2001")
    assert "status" not in created


def test_a_name_is_made_from_generate_name(ask: Any) -> None:
    name = ask("POST", MAPS, {"metadata": {"generateName": "x-"}}).json["metadata"]["name"]
    assert name.startswith("x-")
    assert len(name) == 7


def test_the_same_name_again_is_a_conflict(ask: Any) -> None:
    ask("POST", MAPS, {"metadata": {"name": "x"}})
    answer = ask("POST", MAPS, {"metadata": {"name": "x"}})
    assert (answer.status, answer.json["reason"]) == (409, "AlreadyExists")
    assert answer.json["message"] == 'configmaps "x" already exists'


def test_a_missing_namespace_is_not_found(ask: Any) -> None:
    answer = ask("POST", "/api/v1/namespaces/nowhere/configmaps", {"metadata": {"name": "x"}})
    assert (answer.status, answer.json["message"]) == (404, 'namespaces "nowhere" not found')


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        pytest.param(b"{", 400, "error decoding the body", id="not JSON"),
        pytest.param([1], 400, "it is not an object", id="not an object"),
        pytest.param({"kind": "Pod"}, 400, "cannot be handled as a ConfigMap", id="another kind"),
        pytest.param({"apiVersion": "v2"}, 400, "does not match the expected API version (v1)", id="another version"),
        pytest.param({}, 422, "name or generateName is required", id="no name"),
        pytest.param({"metadata": {"name": "A_b"}}, 422, 'Invalid value: "A_b"', id="a name that is not allowed"),
        pytest.param({"metadata": {"name": "a", "namespace": "b"}}, 400, "does not match the namespace", id="another namespace"),
        pytest.param({"metadata": {"name": "a", "labels": {"x": 1}}}, 400, "metadata.labels", id="a label that is a number"),
    ],
)  # fmt: skip
def test_a_wrong_body_is_refused(ask: Any, body: Any, status: int, text: str) -> None:
    answer = ask("POST", MAPS, body)
    assert answer.status == status
    assert text in answer.json["message"]


def test_an_object_that_etcd_would_not_take_is_refused_in_its_words(ask: Any) -> None:
    large = {"metadata": {"name": "x"}, "data": {"x": "x" * 1_600_000}}
    answer = ask("POST", MAPS, large)
    assert (answer.status, answer.json["message"]) == (500, "etcdserver: request is too large")
    ask("POST", MAPS, {"metadata": {"name": "x"}})
    assert patch(ask, f"{MAPS}/x", {"data": large["data"]}).status == 500
    assert "data" not in ask("GET", f"{MAPS}/x").json


def test_namespaces_carry_their_name_as_a_label(ask: Any) -> None:
    made = ask("POST", "/api/v1/namespaces", {"metadata": {"name": "team"}}).json
    assert made["metadata"]["labels"] == {"kubernetes.io/metadata.name": "team"}
    assert made["status"] == {"phase": "Active"}


def test_an_update_from_an_old_state_is_a_conflict(ask: Any) -> None:
    old = ask("POST", MAPS, {"metadata": {"name": "x"}}).json
    assert ask("PUT", f"{MAPS}/x", old | {"data": {"k": "1"}}).status == 200
    answer = ask("PUT", f"{MAPS}/x", old | {"data": {"k": "2"}})
    assert (answer.status, answer.json["reason"]) == (409, "Conflict")
    assert answer.json["message"].startswith(
        'Operation cannot be fulfilled on configmaps "x": the object has been modified'
    )


def test_an_update_that_changes_nothing_is_no_write(ask: Any) -> None:
    made = ask("POST", MAPS, {"metadata": {"name": "x"}}).json
    assert ask("PUT", f"{MAPS}/x", made).json["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_the_generation_counts_changes_of_the_spec_only(ask: Any) -> None:
    ask("POST", DEPLOYMENTS, deployment())
    assert patch(ask, f"{DEPLOYMENTS}/d", {"metadata": {"labels": {"a": "b"}}}).json["metadata"]["generation"] == 1
    assert patch(ask, f"{DEPLOYMENTS}/d", {"spec": {"replicas": 2}}).json["metadata"]["generation"] == 2


def test_the_status_is_written_on_its_own_path_only(ask: Any) -> None:
    ask("POST", DEPLOYMENTS, deployment())
    assert "status" not in patch(ask, f"{DEPLOYMENTS}/d", {"status": {"replicas": 3}}).json
    both = {"spec": {"replicas": 9}, "status": {"replicas": 3}, "metadata": {"labels": {"a": "b"}}}
    written = patch(ask, f"{DEPLOYMENTS}/d/status", both).json
    assert written["status"] == {"replicas": 3}
    assert written["spec"]["replicas"] == 1
    assert "labels" not in written["metadata"]
    assert written["metadata"]["generation"] == 1


def test_a_merge_patch_removes_with_null_and_replaces_lists(ask: Any) -> None:
    ask("POST", DEPLOYMENTS, deployment())
    body = {"spec": {"replicas": None, "template": {"spec": {"containers": [{"name": "c"}]}}}}
    spec = patch(ask, f"{DEPLOYMENTS}/d", body).json["spec"]
    assert "replicas" not in spec
    assert spec["template"]["spec"]["containers"] == [{"name": "c"}]


def test_a_strategic_patch_merges_containers_by_name(ask: Any) -> None:
    ask("POST", DEPLOYMENTS, deployment())
    body = {"spec": {"template": {"spec": {"containers": [{"name": "b", "image": "b:2"}]}}}}
    spec = patch(ask, f"{DEPLOYMENTS}/d", body, STRATEGIC).json["spec"]
    assert [one["image"] for one in spec["template"]["spec"]["containers"]] == ["a:1", "b:2"]


def test_a_json_patch_is_done_step_by_step(ask: Any) -> None:
    ask("POST", MAPS, {"metadata": {"name": "x"}, "data": {"a/b": "1"}})
    steps = [{"op": "test", "path": "/data/a~1b", "value": "1"}, {"op": "add", "path": "/data/c", "value": "2"}]
    assert patch(ask, f"{MAPS}/x", steps, "application/json-patch+json").json["data"] == {"a/b": "1", "c": "2"}
    wrong = [{"op": "remove", "path": "/data/nothing"}]
    assert patch(ask, f"{MAPS}/x", wrong, "application/json-patch+json").status == 422


def test_an_unknown_kind_of_patch_is_not_supported(ask: Any) -> None:
    ask("POST", MAPS, {"metadata": {"name": "x"}})
    assert patch(ask, f"{MAPS}/x", {}, "application/json").status == 415


def test_a_patch_cannot_rename_or_move(ask: Any) -> None:
    ask("POST", MAPS, {"metadata": {"name": "x"}})
    assert patch(ask, f"{MAPS}/x", {"metadata": {"name": "y"}}).status == 400
    assert patch(ask, f"{MAPS}/x", {"metadata": {"namespace": "z"}}).json["metadata"]["namespace"] == "default"


def test_a_patch_of_nothing_is_not_found(ask: Any) -> None:
    answer = patch(ask, f"{MAPS}/x", {})
    assert (answer.status, answer.json["message"]) == (404, 'configmaps "x" not found')
    assert answer.json["details"] == {"name": "x", "kind": "configmaps"}


def test_a_dry_run_writes_nothing(cluster: EmbeddedCluster, ask: Any) -> None:
    assert ask("POST", f"{MAPS}?dryRun=All", {"metadata": {"name": "x"}}).status == 201
    assert cluster.get("ConfigMap", "x", "default") is None


def test_a_deleted_object_is_gone(ask: Any) -> None:
    uid = ask("POST", MAPS, {"metadata": {"name": "x"}}).json["metadata"]["uid"]
    answer = ask("DELETE", f"{MAPS}/x")
    assert (answer.json["status"], answer.json["details"]["uid"]) == ("Success", uid)
    assert ask("GET", f"{MAPS}/x").status == 404


def test_a_delete_of_another_object_of_the_same_name_is_a_conflict(ask: Any) -> None:
    ask("POST", MAPS, {"metadata": {"name": "x"}})
    answer = ask("DELETE", f"{MAPS}/x", {"preconditions": {"uid": "another"}})
    assert (answer.status, "UID in precondition: another" in answer.json["message"]) == (409, True)


def test_a_finalizer_keeps_an_object_until_it_is_removed(cluster: EmbeddedCluster, ask: Any) -> None:
    ask("POST", MAPS, {"metadata": {"name": "x", "finalizers": ["a/b"]}})
    assert "deletionTimestamp" in ask("DELETE", f"{MAPS}/x").json["metadata"]
    assert cluster.get("ConfigMap", "x", "default") is not None
    assert patch(ask, f"{MAPS}/x", {"metadata": {"finalizers": None}}).status == 200
    assert cluster.get("ConfigMap", "x", "default") is None


def test_a_namespace_goes_with_what_is_in_it(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.load([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "team"}}])
    assert ask("DELETE", "/api/v1/namespaces/team").status == 200
    assert cluster.objects("ConfigMap") == []


def test_what_an_object_owns_goes_with_it(cluster: EmbeddedCluster, ask: Any) -> None:
    uid = ask("POST", MAPS, {"metadata": {"name": "owner"}}).json["metadata"]["uid"]
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid}
    ask("POST", MAPS, {"metadata": {"name": "owned", "ownerReferences": [owner]}})
    ask("DELETE", f"{MAPS}/owner")
    assert cluster.objects("ConfigMap") == []


def test_a_collection_is_deleted_by_selector(cluster: EmbeddedCluster, ask: Any) -> None:
    for name in ("a", "b"):
        ask("POST", MAPS, {"metadata": {"name": name, "labels": {"name": name}}})
    assert ask("DELETE", f"{MAPS}?labelSelector=name%3Da").status == 200
    assert [obj["metadata"]["name"] for obj in cluster.objects("ConfigMap")] == ["b"]


def test_events_are_one_set_of_objects_in_two_groups(ask: Any) -> None:
    event = {"metadata": {"name": "e"}, "involvedObject": {"kind": "Pod", "name": "p"}, "message": "hello"}
    ask("POST", "/api/v1/namespaces/default/events", event)
    found = ask("GET", "/apis/events.k8s.io/v1/events").json["items"][0]
    assert (found["note"], found["regarding"]["name"]) == ("hello", "p")
    ask("PATCH", "/apis/events.k8s.io/v1/namespaces/default/events/e", {"note": "bye"}, Content_Type=MERGE)
    assert ask("GET", "/api/v1/namespaces/default/events/e").json["message"] == "bye"


def test_protobuf_is_not_supported(ask: Any) -> None:
    answer = ask("POST", MAPS, b"k8s\x00", Content_Type="application/vnd.kubernetes.protobuf")
    assert (answer.status, answer.json["reason"]) == (415, "UnsupportedMediaType")


def test_a_method_that_a_path_does_not_have_is_refused(ask: Any) -> None:
    assert ask("PUT", MAPS, {}).status == 405
