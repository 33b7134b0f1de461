"""The names under which a violation is told, and the cut of its message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from audit.fields import (
    FIELDS,
    annotations_of,
    constraint_fields,
    export_fields,
    numbered,
    truncate,
    valid_text,
    violation_fields,
)
from constraints import Constraint
from constraints.model import Kind, ObjectRef, Violation

CONSTRAINT = Constraint(
    kind="K8sRequiredLabels",
    name="must-have-owner",
    uid="c-1",
    generation=1,
    annotations={"team": "platform"},
    api_version="constraints.gatekeeper.sh/v1alpha1",
    match={},
    parameters={},
    action="deny",
    actions=("deny",),
    obj={},
)
DEPLOYMENT = ObjectRef(Kind("apps", "v1", "Deployment"), "shop", "web", "d-1", {"app": "web"})
VIOLATION = Violation(CONSTRAINT, DEPLOYMENT, "no owner", {"missing": ["owner"]}, "deny")


def test_a_logged_violation_has_the_keys_of_gatekeeper_in_its_order() -> None:
    assert list(violation_fields(VIOLATION).items()) == [
        ("details", {"missing": ["owner"]}),
        ("event_type", "violation_audited"),
        ("semantic", True),
        ("constraint_group", "constraints.gatekeeper.sh"),
        ("constraint_api_version", "v1beta1"),
        ("constraint_kind", "K8sRequiredLabels"),
        ("constraint_name", "must-have-owner"),
        ("constraint_namespace", ""),
        ("constraint_action", "deny"),
        ("constraint_enforcement_actions", []),
        ("constraint_annotations", {"team": "platform"}),
        ("resource_group", "apps"),
        ("resource_api_version", "v1"),
        ("resource_kind", "Deployment"),
        ("resource_namespace", "shop"),
        ("resource_name", "web"),
        ("resource_labels", {"app": "web"}),
    ]


def test_an_exported_violation_has_the_keys_of_gatekeeper_in_its_order() -> None:
    assert list(export_fields(replace(VIOLATION, actions=("warn",)))) == [
        "details",
        "eventType",
        "group",
        "version",
        "kind",
        "name",  # a constraint has no namespace
        "message",
        "enforcementAction",
        "enforcementActions",
        "constraintAnnotations",
        "resourceGroup",
        "resourceAPIVersion",
        "resourceKind",
        "resourceNamespace",
        "resourceName",
        "resourceLabels",
    ]
    assert export_fields(VIOLATION)["message"] == "no owner"


def test_log_and_export_say_the_same_under_their_two_names() -> None:
    logged, exported = violation_fields(VIOLATION), export_fields(VIOLATION)
    both = {f.log: f.export for f in FIELDS if f.log and f.export}
    assert {log: exported[export] for log, export in both.items() if export in exported} == {
        log: logged[log] for log in both if logged[log]
    }


def test_scoped_actions_are_a_list_and_failed_evaluations_have_no_details() -> None:
    fields = violation_fields(replace(VIOLATION, action="scoped", actions=("warn", "deny"), details=None))
    assert fields["constraint_action"] == "scoped"
    assert fields["constraint_enforcement_actions"] == ["warn", "deny"]
    assert fields["details"] is None


@pytest.mark.parametrize(
    ("annotations", "told"),
    [
        pytest.param(None, None, id="none at all is null"),
        pytest.param({"kubectl.kubernetes.io/last-applied-configuration": "{}"}, {}, id="only kubectl's is empty"),
        pytest.param(
            {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "x"}, {"team": "x"}, id="others stay"
        ),
    ],
)
def test_annotations_are_told_without_the_copy_that_kubectl_keeps(
    annotations: dict[str, str] | None, told: dict[str, str] | None
) -> None:
    assert annotations_of(replace(CONSTRAINT, annotations=annotations)) == told


def test_an_object_without_labels_has_null() -> None:
    assert violation_fields(replace(VIOLATION, object=replace(DEPLOYMENT, labels=None)))["resource_labels"] is None


def test_a_constraint_is_named_alike_in_both_events() -> None:
    named = constraint_fields(CONSTRAINT.kind, CONSTRAINT.name)
    assert named.items() <= violation_fields(VIOLATION).items()
    assert len(named) == 5


@pytest.mark.parametrize(
    ("message", "cut"),
    [
        pytest.param("x" * 256, "x" * 256, id="256 bytes stay"),
        pytest.param("x" * 257, "x" * 253 + "...", id="one more is cut to 253 and dots"),
        pytest.param("é" * 128, "é" * 128, id="bytes are counted, not characters"),
        pytest.param("é" * 129, "é" * 126 + "...", id="a character of two bytes is not divided"),
        pytest.param("x" * 252 + "🚀🚀", "x" * 252 + "...", id="nor one of four"),
        pytest.param("x" * 249 + "🚀🚀", "x" * 249 + "🚀...", id="one that ends at the border stays"),
        pytest.param("x\ud800" + "y" * 300, "x�" + "y" * 249 + "...", id="half a surrogate pair is replaced first"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_message_is_cut_between_characters(message: str, cut: str) -> None:
    assert truncate(message) == cut
    assert len(cut.encode()) <= 256


def test_a_surrogate_pair_in_two_halves_is_one_character() -> None:
    assert valid_text("\ud83d\ude80 \ude80") == "🚀 �"


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (1, ("gap",), "1 gap"),
        (0, ("gap",), "0 gaps"),
        (2, ("gap",), "2 gaps"),
        (1, ("Event was", "Events were"), "1 Event was"),
        (2, ("Event was", "Events were"), "2 Events were"),
    ],
)
def test_one_is_told_in_the_singular(number: int, words: tuple[str, ...], text: str) -> None:
    assert numbered(number, *words) == text
