"""Server-side apply: who owns which field."""

from __future__ import annotations

from typing import Any

from audit.embedded import EmbeddedCluster

DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/d"
APPLY = "application/apply-patch+yaml"


def deployment(replicas: int | None = None, **images: str) -> dict[str, Any]:
    containers = [{"name": name, "image": image} for name, image in images.items()]
    spec: dict[str, Any] = {"template": {"spec": {"containers": containers}}} if containers else {}
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def apply(ask: Any, manager: str, obj: Any, path: str = DEPLOYMENT, **query: str) -> Any:
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return ask("PATCH", f"{path}?fieldManager={manager}{more}", obj, Content_Type=APPLY)


def images(obj: Any) -> list[str]:
    return [one.get("image", "") for one in obj["spec"]["template"]["spec"]["containers"]]


def test_applying_what_is_not_there_creates_it(ask: Any) -> None:
    answer = apply(ask, "one", deployment(2, a="a:1"))
    assert answer.status == 201
    (entry,) = answer.json["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("one", "Apply")
    assert entry["fieldsV1"]["f:spec"]["f:replicas"] == {}
    assert 'k:{"name":"a"}' in entry["fieldsV1"]["f:spec"]["f:template"]["f:spec"]["f:containers"]


def test_applying_yaml_is_the_same(ask: Any) -> None:
    body = b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: 3}\n"
    assert apply(ask, "one", body).json["spec"]["replicas"] == 3


def test_applying_again_changes_nothing(ask: Any) -> None:
    first = apply(ask, "one", deployment(2, a="a:1")).json
    again = apply(ask, "one", deployment(2, a="a:1"))
    assert (again.status, again.json) == (200, first)


def test_two_managers_share_an_object(ask: Any) -> None:
    apply(ask, "one", deployment(2, a="a:1"))
    both = apply(ask, "two", deployment(b="b:1"))
    assert both.status == 200
    assert images(both.json) == ["a:1", "b:1"]
    assert both.json["spec"]["replicas"] == 2


def test_a_field_of_somebody_else_is_a_conflict(ask: Any) -> None:
    apply(ask, "one", deployment(2))
    answer = apply(ask, "two", deployment(3))
    assert (answer.status, answer.json["reason"]) == (409, "Conflict")
    assert answer.json["message"] == 'Apply failed with 1 conflict: conflict with "one": .spec.replicas'
    (cause,) = answer.json["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".spec.replicas")


def test_the_same_value_is_no_conflict(ask: Any) -> None:
    apply(ask, "one", deployment(2))
    assert apply(ask, "two", deployment(2)).status == 200


def test_force_takes_the_field(ask: Any) -> None:
    apply(ask, "one", deployment(2))
    taken = apply(ask, "two", deployment(3), force="true").json
    assert taken["spec"]["replicas"] == 3
    assert [entry["manager"] for entry in taken["metadata"]["managedFields"]] == ["two"]


def test_a_field_that_is_no_longer_applied_is_removed(ask: Any) -> None:
    apply(ask, "one", deployment(2, a="a:1", b="b:1"))
    less = apply(ask, "one", deployment(b="b:1")).json
    assert "replicas" not in less["spec"]
    assert images(less) == ["b:1"]


def test_a_field_that_somebody_else_applies_too_stays(ask: Any) -> None:
    apply(ask, "one", deployment(2, a="a:1"))
    apply(ask, "two", deployment(2))
    assert apply(ask, "one", deployment(a="a:1")).json["spec"]["replicas"] == 2


def test_an_update_takes_the_fields_that_it_changes(ask: Any) -> None:
    apply(ask, "one", deployment(2, a="a:1"))
    body = {"spec": {"replicas": 5}}
    ask("PATCH", f"{DEPLOYMENT}?fieldManager=hand", body, Content_Type="application/merge-patch+json")
    message = apply(ask, "one", deployment(2, a="a:1")).json["message"]
    assert message == 'Apply failed with 1 conflict: conflict with "hand" using apps/v1: .spec.replicas'


def test_an_apply_names_its_manager(ask: Any) -> None:
    answer = ask("PATCH", DEPLOYMENT, deployment(1), Content_Type=APPLY)
    assert (answer.status, "fieldManager: Required value" in answer.json["message"]) == (400, True)


def test_a_custom_object_follows_its_schema(cluster: EmbeddedCluster, ask: Any, widgets_served: str) -> None:
    obj = {"apiVersion": "demo.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}}
    assert apply(ask, "one", obj, f"{widgets_served}/w").json["spec"]["color"] == "red"
    wrong = obj | {"spec": {"size": -1}}
    assert apply(ask, "one", wrong, f"{widgets_served}/w").status == 422


def test_a_status_is_applied_on_its_own_path(ask: Any, widgets_served: str) -> None:
    obj = {"apiVersion": "demo.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}}
    status = {"apiVersion": "demo.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "status": {"ready": True}}
    assert apply(ask, "one", status, f"{widgets_served}/w/status").status == 404
    apply(ask, "one", obj, f"{widgets_served}/w")
    found = apply(ask, "two", status, f"{widgets_served}/w/status").json
    assert (found["status"], found["spec"]["size"]) == ({"ready": True}, 1)
    assert {entry.get("subresource", "") for entry in found["metadata"]["managedFields"]} == {"", "status"}
