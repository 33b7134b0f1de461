"""CustomResourceDefinitions: served as they come, checked, pruned, in several versions."""

from __future__ import annotations

from typing import Any

import pytest

from audit.embedded import EmbeddedCluster

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def widget(name: str = "w", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "demo.io/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": 1, **spec}}


def test_a_definition_is_established_at_once(ask: Any, widget_definition: dict[str, Any]) -> None:
    created = ask("POST", DEFINITIONS, widget_definition)
    assert created.status == 201
    status = created.json["status"]
    assert {one["type"]: one["status"] for one in status["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert status["acceptedNames"]["singular"] == "widget"
    assert status["acceptedNames"]["listKind"] == "WidgetList"
    assert status["storedVersions"] == ["v1"]


BAD_SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}
BAD_PATTERN = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": BAD_SCHEMA}}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        pytest.param({"group": ""}, "spec.group: Required value", id="no group"),
        pytest.param({"scope": "Moon"}, 'spec.scope: Unsupported value: "Moon"', id="an unknown scope"),
        pytest.param({"names": {"kind": "Widget"}}, "spec.names.plural: Required value", id="no plural"),
        pytest.param({"names": {"kind": "Widget", "plural": "gadgets"}}, "metadata.name: Invalid value", id="another name"),
        pytest.param({"versions": [{"name": "v1", "storage": True}]}, "schemas are required", id="no schema"),
        pytest.param({"versions": [{"storage": True}]}, "spec.versions[0].name: Required value", id="a version without a name"),
        pytest.param({"versions": []}, "exactly one version marked as storage version", id="no version"),
        pytest.param({"versions": [BAD_PATTERN]}, "properties[a].pattern: Invalid value: must be a valid regular expression", id="a pattern that is none"),
        pytest.param({"conversion": {"strategy": "Webhook"}}, "spec.conversion.strategy", id="a conversion webhook"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_invalid(ask: Any, widget_definition: Any, change: Any, text: str) -> None:
    widget_definition["spec"] |= change
    answer = ask("POST", DEFINITIONS, widget_definition)
    assert answer.status == 422
    assert text in answer.json["message"]


def test_defaults_come_and_unknown_fields_go(ask: Any, widgets_served: str) -> None:
    answer = ask("POST", widgets_served, widget(unknown=1, free={"kept": {"deep": 1}}))
    assert answer.json["spec"] == {"size": 1, "color": "red", "free": {"kept": {"deep": 1}}}
    assert answer.headers["warning"] == '299 - "unknown field \\"spec.unknown\\""'


def test_a_warning_about_a_foreign_name_is_plain_text(ask: Any, widgets_served: str) -> None:
    answer = ask("POST", widgets_served, widget(größe=1))
    assert (answer.status, "gr\\u00f6" in answer.headers["warning"]) == (201, True)


def test_unknown_fields_are_refused_when_validation_is_strict(ask: Any, widgets_served: str) -> None:
    answer = ask("POST", f"{widgets_served}?fieldValidation=Strict", widget(unknown=1))
    assert answer.status == 400
    assert answer.json["message"].endswith('strict decoding error: unknown field "spec.unknown"')


def test_what_the_schema_does_not_allow_is_invalid_with_causes(ask: Any, widgets_served: str) -> None:
    answer = ask("POST", widgets_served, widget(size=0, color=7))
    causes = answer.json["details"]["causes"]
    assert (answer.status, answer.json["reason"]) == (422, "Invalid")
    assert answer.json["message"].startswith('Widget.demo.io "w" is invalid: ')
    assert {cause["field"] for cause in causes} == {"spec.size", "spec.color"}
    assert {cause["reason"] for cause in causes} <= {"FieldValueInvalid", "FieldValueTypeInvalid"}


def test_a_required_field_that_is_missing_is_named(ask: Any, widgets_served: str) -> None:
    obj = widget()
    del obj["spec"]["size"]
    (cause,) = ask("POST", widgets_served, obj).json["details"]["causes"]
    assert (cause["field"], cause["reason"]) == ("spec.size", "FieldValueRequired")


def test_every_served_version_shows_the_same_objects(ask: Any, widgets_served: str) -> None:
    ask("POST", widgets_served, widget())
    found = ask("GET", widgets_served.replace("/v1/", "/v1beta1/") + "/w").json
    assert (found["apiVersion"], found["spec"]["size"]) == ("demo.io/v1beta1", 1)


def test_an_object_of_another_version_is_refused(ask: Any, widgets_served: str) -> None:
    answer = ask("POST", widgets_served, widget() | {"apiVersion": "demo.io/v1beta1"})
    assert answer.json["message"].endswith("does not match the expected API version (demo.io/v1)")


def test_a_version_that_is_no_longer_served_is_gone(ask: Any, widgets_served: str, widget_definition: Any) -> None:
    ask("POST", widgets_served, widget())
    versions = [widget_definition["spec"]["versions"][0]]
    body = {"spec": {"versions": versions}}
    changed = ask("PATCH", f"{DEFINITIONS}/widgets.demo.io", body, Content_Type="application/merge-patch+json")
    assert changed.json["metadata"]["generation"] == 2
    assert ask("GET", "/apis/demo.io/v1beta1/widgets").status == 404
    assert len(ask("GET", widgets_served).json["items"]) == 1


def test_a_custom_object_is_updated_from_a_known_state_only(ask: Any, widgets_served: str) -> None:
    ask("POST", widgets_served, widget())
    answer = ask("PUT", f"{widgets_served}/w", widget(size=2))
    assert (answer.status, "must be specified for an update" in answer.json["message"]) == (422, True)


def test_the_status_of_a_custom_object_is_a_merge_patch_away(ask: Any, widgets_served: str) -> None:
    ask("POST", widgets_served, widget() | {"status": {"dropped": True}})
    body = {"status": {"totalViolations": 3}, "spec": {"size": 9}}
    written = ask("PATCH", f"{widgets_served}/w/status", body, Content_Type="application/merge-patch+json").json
    assert written["status"] == {"totalViolations": 3}
    assert (written["spec"]["size"], written["metadata"]["generation"]) == (1, 1)


def test_a_definition_goes_with_its_objects(
    cluster: EmbeddedCluster, ask: Any, widgets_served: str, widget_definition: Any
) -> None:
    ask("POST", widgets_served, widget())
    ask("DELETE", f"{DEFINITIONS}/widgets.demo.io")
    assert ask("GET", widgets_served).status == 404
    cluster.load([widget_definition])
    assert cluster.objects("Widget") == []
