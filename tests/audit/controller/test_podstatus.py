"""This pod's entry in status.byPod: beside those of others, and only when it changes."""

from __future__ import annotations

from typing import Any

import pytest

from audit.controller.podstatus import PodStatus
from constraints.errors import CompileError, ConstraintError, TemplateError
from constraints.lang.source import Span
from constraints.model import AdmissionField

OPERATIONS = ["audit", "status", "kube-patrol"]
PATROL = PodStatus("patrol-0", ("audit", "status"))
GATEKEEPER = {"id": "gatekeeper-audit-7c84869dbf-r5p87", "observedGeneration": 3, "operations": ["audit", "status"]}


def policy(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x", "uid": "u-1", "generation": 3}, "status": status}


def entry(uid: str, **more: Any) -> dict[str, Any]:
    return {"id": "patrol-0", uid: "u-1", "observedGeneration": 3, "operations": OPERATIONS, **more}


def test_a_template_without_errors_is_created() -> None:
    change = PATROL.of_template(policy(), ())
    assert change == {"status": {"created": True, "byPod": [entry("templateUID")]}}


def test_an_error_is_written_with_its_code_message_line_and_column() -> None:
    error = CompileError("var x is unsafe", span=Span(3, 7), source="K8sX")
    change = PATROL.of_template(policy(), (error,))
    errors = [{"code": "ingest_error", "message": "var x is unsafe", "location": "K8sX:3:7"}]
    assert change == {"status": {"byPod": [entry("templateUID", errors=errors)]}}


def test_an_error_without_a_place_has_no_location() -> None:
    change = PATROL.of_template(policy(), (TemplateError("no targets"),))
    assert change is not None
    assert change["status"]["byPod"][0]["errors"] == [{"code": "create_error", "message": "no targets"}]


def test_what_no_audit_has_is_not_auditable_and_no_error() -> None:
    fields = (AdmissionField("input.review.operation", "K8sX/template:4:5"),)
    change = PATROL.of_template(policy(), (), fields)
    marked = [{"field": "input.review.operation", "location": "K8sX/template:4:5"}]
    assert change == {"status": {"created": True, "byPod": [entry("templateUID", notAuditable=marked)]}}
    assert PATROL.of_template(policy(**change["status"]), (), fields) is None
    after = PATROL.of_template(policy(**change["status"]), ())
    assert after == {"status": {"byPod": [entry("templateUID")]}}


def test_created_never_goes_back() -> None:
    change = PATROL.of_template(policy(created=True), (TemplateError("no targets"),))
    assert change is not None
    assert "created" not in change["status"]


def test_an_enforced_constraint_says_so_and_one_in_error_does_not() -> None:
    assert PATROL.of_constraint(policy(), ()) == {"status": {"byPod": [entry("constraintUID", enforced=True)]}}
    change = PATROL.of_constraint(policy(), (ConstraintError("no such action"),))
    errors = [{"code": "constraint_error", "message": "no such action"}]
    assert change == {"status": {"byPod": [entry("constraintUID", errors=errors)]}}


@pytest.mark.parametrize("say", [PATROL.of_template, PATROL.of_constraint])
@pytest.mark.parametrize("errors", [(), (TemplateError("no targets"),)])
def test_nothing_is_written_when_nothing_changes(say: Any, errors: tuple[TemplateError, ...]) -> None:
    change = say(policy(), errors)
    assert change is not None
    assert say(policy(**change["status"]), errors) is None


def test_a_new_generation_is_a_change() -> None:
    change = PATROL.of_constraint(policy(), ())
    assert change is not None
    newer = {"metadata": {"name": "x", "uid": "u-1", "generation": 4}, "status": change["status"]}
    again = PATROL.of_constraint(newer, ())
    assert again is not None
    assert again["status"]["byPod"][0]["observedGeneration"] == 4


def test_entries_of_other_pods_are_kept_and_sorted_by_id() -> None:
    last = {"id": "zeta", "operations": ["webhook"]}
    change = PATROL.of_constraint(policy(byPod=[last, entry("constraintUID"), GATEKEEPER]), ())
    assert change is not None
    assert [each["id"] for each in change["status"]["byPod"]] == [GATEKEEPER["id"], "patrol-0", "zeta"]
    assert change["status"]["byPod"][0] == GATEKEEPER


def test_an_entry_of_an_earlier_pod_of_ours_is_replaced() -> None:
    earlier = {"id": "patrol-9", "operations": ["audit", "kube-patrol"]}
    change = PATROL.of_constraint(policy(byPod=[earlier, GATEKEEPER]), ())
    assert change is not None
    assert [each["id"] for each in change["status"]["byPod"]] == [GATEKEEPER["id"], "patrol-0"]


def test_a_strange_status_is_replaced() -> None:
    change = PATROL.of_constraint({"metadata": {"name": "x"}, "status": {"byPod": [7, "a"]}}, ())
    assert change == {"status": {"byPod": [{"id": "patrol-0", "enforced": True, "operations": OPERATIONS}]}}


@pytest.mark.parametrize(
    ("entries", "speaks"),
    [
        pytest.param([GATEKEEPER], True, id="another pod with the operation status"),
        pytest.param([{"id": "x", "operations": ["webhook"]}], True, id="another pod with the operation webhook"),
        pytest.param([{"id": "x", "operations": ["audit"]}], False, id="another pod that only audits"),
        pytest.param([entry("templateUID")], False, id="our own entry"),
        pytest.param([{"id": "x", "operations": OPERATIONS}], False, id="an entry of an earlier pod of ours"),
        pytest.param([{"id": "x"}, {"operations": "status"}, 5], False, id="entries without operations"),
        pytest.param([], False, id="no entry"),
    ],
)
def test_the_controller_is_known_by_its_operations(entries: list[Any], speaks: bool) -> None:
    assert PATROL.controller_speaks([policy(), policy(byPod=entries)]) is speaks
