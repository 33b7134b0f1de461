"""Events field by field, and within the limits of the API server whatever objects and policies say."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import orjson
import pytest
from builders import DEPLOYMENT, POD, constraint
from hypothesis import given
from hypothesis import strategies as st

from audit.events.bodies import (
    INSTANCE_BYTES,
    NOTE_BYTES,
    Moment,
    Where,
    audited,
    counted,
    event_name,
    found,
    is_event,
    repeat,
    resolved,
    standing,
)
from audit.ledger import Known, Why
from audit.model import RunInfo
from constraints import Kind, ObjectRef, Violation

SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
MOMENT = Moment(RunInfo.at(1_795_216_641.0), 1_795_216_645.25, "kube-patrol-audit-1")
OURS, INVOLVED = Where("gatekeeper-system", False), Where("gatekeeper-system", True)
WEB = ObjectRef(POD, "shop", "web", "uid-web", {"app": "web"}, "77")
RULE = constraint("must-have-owner", actions=("deny", "warn"), annotations={"team": "x"})
FOUND = Violation(RULE, WEB, "no owner", {"missing": "owner"}, "deny", ("deny", "warn"))
KNOWN = Known("K8sTest/must-have-owner", "deny", WEB, "no owner", "2026-11-20T23:17:21Z", "2026-11-20T23:17:21Z")
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=600)  # half of surrogate pairs, too


def test_gatekeepers_event_has_its_fields_and_is_about_a_uid_of_its_own() -> None:
    assert audited(FOUND, OURS, "web.1", MOMENT) == {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": "web.1",
            "namespace": "gatekeeper-system",
            "annotations": {
                "process": "audit",
                "auditTimestamp": "2026-11-20T23:17:21Z",
                "event_type": "violation_audited",
                "constraint_group": "constraints.gatekeeper.sh",
                "constraint_api_version": "v1beta1",
                "constraint_kind": "K8sTest",
                "constraint_name": "must-have-owner",
                "constraint_namespace": "",
                "constraint_action": "deny",
                "constraint_enforcement_actions": "deny,warn",
                "resource_group": "",
                "resource_api_version": "v1",
                "resource_kind": "Pod",
                "resource_namespace": "shop",
                "resource_name": "web",
            },
        },
        "involvedObject": {
            "kind": "Pod",
            "name": "web",
            "namespace": "gatekeeper-system",
            "uid": "Pod/shop/web/K8sTest//must-have-owner",
        },
        "reason": "AuditViolation",
        "message": "Resource Namespace: shop, Constraint: must-have-owner, Message: no owner",
        "source": {"component": "gatekeeper-audit"},
        "reportingComponent": "gatekeeper-audit",
        "firstTimestamp": "2026-11-20T23:17:25Z",
        "lastTimestamp": "2026-11-20T23:17:25Z",
        "count": 1,
        "type": "Warning",
    }


def test_with_the_involved_namespace_it_is_about_the_object_itself() -> None:
    event = audited(FOUND, INVOLVED, "web.1", MOMENT)
    assert event["metadata"]["namespace"] == "shop"
    assert event["message"] == "Constraint: must-have-owner, Message: no owner"
    assert event["involvedObject"] == {
        "kind": "Pod",
        "name": "web",
        "namespace": "shop",
        "uid": "uid-web",
        "resourceVersion": "77",
    }


def test_objects_that_live_in_no_namespace_have_theirs_in_gatekeepers_all_the_same() -> None:
    event = audited(replace(FOUND, object=ObjectRef(Kind("", "v1", "Node"), "", "n1", "u")), INVOLVED, "n1.1", MOMENT)
    assert event["metadata"]["namespace"] == "gatekeeper-system"
    assert event["involvedObject"] == {"kind": "Node", "name": "n1", "namespace": "gatekeeper-system"}


def test_a_repetition_counts_and_names_its_run() -> None:
    assert repeat(3, MOMENT) == {
        "count": 3,
        "lastTimestamp": "2026-11-20T23:17:25Z",
        "metadata": {"annotations": {"auditTimestamp": "2026-11-20T23:17:21Z"}},
    }
    again = counted(audited(FOUND, OURS, "web.1", MOMENT), MOMENT.now - 60, 3)
    assert (again["count"], again["firstTimestamp"], again["lastTimestamp"]) == (
        3,
        "2026-11-20T23:16:25Z",
        "2026-11-20T23:17:25Z",
    )


def test_a_new_violation_is_told_of_the_object_with_the_constraint_beside_it() -> None:
    event = found(KNOWN, "web.1", MOMENT)
    assert (event["apiVersion"], event["kind"], event["type"]) == ("events.k8s.io/v1", "Event", "Warning")
    assert event["regarding"] == {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": "web",
        "namespace": "shop",
        "uid": "uid-web",
    }
    assert event["related"] == {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "K8sTest",
        "name": "must-have-owner",
    }
    assert (event["reason"], event["action"]) == ("ViolationFound", "Audit")
    assert event["note"] == "K8sTest/must-have-owner: no owner"
    assert event["eventTime"] == "2026-11-20T23:17:25.250000Z"
    assert (event["reportingController"], event["reportingInstance"]) == ("kube-patrol", "kube-patrol-audit-1")
    assert event["metadata"]["namespace"] == "shop"
    assert event["metadata"]["annotations"]["event_type"] == "violation_found"


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (Why.OBJECT_GONE, "object gone"),
        (Why.OBJECT_MENDED, "object mended"),
        (Why.CONSTRAINT_GONE, "constraint gone"),
    ],
)
def test_a_resolved_one_says_why(why: Why, words: str) -> None:
    event = resolved(replace(KNOWN, why=why), "web.1", MOMENT)
    assert (event["reason"], event["type"]) == ("ViolationResolved", "Normal")
    assert event["note"] == f"K8sTest/must-have-owner: resolved ({words}): no owner"
    annotations = event["metadata"]["annotations"]
    assert (annotations["resolved"], annotations["first_audit_id"]) == (why.value, "2026-11-20T23:17:21Z")


def test_events_about_objects_that_live_in_no_namespace_go_to_default() -> None:
    event = found(replace(KNOWN, object=ObjectRef(Kind("", "v1", "Namespace"), "", "shop", "u")), "shop.1", MOMENT)
    assert event["metadata"]["namespace"] == "default"
    assert "namespace" not in event["regarding"]


def test_what_nobody_knows_to_be_new_is_told_of_the_constraint_as_a_number() -> None:
    event = standing("K8sTest/must-have-owner", 1234, "must-have-owner.1", MOMENT)
    assert (event["reason"], event["type"], event["metadata"]["namespace"]) == (
        "ViolationsStanding",
        "Normal",
        "default",
    )
    assert event["regarding"] == found(KNOWN, "x", MOMENT)["related"]
    assert event["note"].startswith("1234 violations ")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("web-7f9c.example.com", "web-7f9c.example.com", id="a DNS name stays"),
        pytest.param("system:controller:ttl", "system-controller-ttl", id="names of roles have colons"),
        pytest.param("a" * 300, "a" * 236, id="a long one is cut"),
        pytest.param("b" * 235 + "." + "c" * 17, "b" * 235, id="never before a dot"),
        pytest.param("Größe", "gr-e", id="what is no letter of a DNS name goes"),
        pytest.param("", "object", id="nothing"),
        pytest.param("\ud800", "object", id="half a pair"),
    ],
)
def test_an_event_is_named_after_its_object(name: str, kept: str) -> None:
    event = event_name(name, "x")
    assert re.fullmatch(rf"{re.escape(kept)}\.[0-9a-f]{{16}}", event)
    assert event_name(name, "y") != event


def test_events_of_both_groups_are_known() -> None:
    assert is_event(Kind("", "v1", "Event"))
    assert is_event(Kind("events.k8s.io", "v1beta1", "Event"))
    assert not is_event(Kind("eventing.knative.dev", "v1", "Event"))
    assert not is_event(DEPLOYMENT)


@given(ANYTHING, ANYTHING, ANYTHING, ANYTHING)
def test_whatever_names_and_messages_say_the_api_server_takes_it(
    name: str, message: str, instance: str, action: str
) -> None:
    item, moment = ObjectRef(POD, "shop", name, "u", None, "1"), replace(MOMENT, instance=instance)
    known = Known(f"K8sTest/{'c' * 253}", action, item, message, "", "", Why.OBJECT_GONE)
    violation = Violation(replace(RULE, name="c" * 253), item, message, {}, action, (action,))
    title = event_name(name, message)
    assert len(title) <= 253
    assert SUBDOMAIN.fullmatch(title)
    for event in (
        found(known, title, moment),
        resolved(known, title, moment),
        standing(known.constraint, 1, title, moment),
    ):
        is_valid(event)
    for where in (OURS, INVOLVED):
        event = audited(violation, where, title, moment)
        orjson.dumps(event)
        assert len(event["message"].encode()) <= NOTE_BYTES


def is_valid(event: Any) -> None:
    orjson.dumps(event)
    assert len(event["note"].encode()) <= NOTE_BYTES
    assert 0 < len(event["reportingInstance"].encode()) <= INSTANCE_BYTES
    assert all(isinstance(value, str) for value in event["metadata"]["annotations"].values())
