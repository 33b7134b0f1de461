"""Messages with Gatekeeper's keys in their order (compatibility, section 10)."""

from __future__ import annotations

import pytest
from builders import POD, constraint, summary, violation
from exporting import NEXT, RUN

from audit.export.message import (
    Sent,
    Told,
    end_message,
    interrupted_message,
    resolved_message,
    start_message,
    violation_id,
    violation_message,
)
from audit.ledger import Known, Why
from constraints import Cause, Gap, Kind, ObjectRef
from constraints.model import Json

PLAIN, MORE = Told(), Told(extended=True, cluster="east")


def test_a_run_begins_and_ends_with_id_and_message_only() -> None:
    assert list(start_message(RUN, PLAIN).items()) == [("id", RUN), ("message", "audit is started")]
    assert list(end_message(RUN, PLAIN, Sent(), summary()).items()) == [("id", RUN), ("message", "audit is completed")]


@pytest.mark.parametrize(("cause", "complete"), [(Cause.SINK, True), (Cause.LIST, False)])
def test_an_audit_is_complete_also_when_others_could_not_write_what_it_found(cause: Cause, complete: bool) -> None:
    told = end_message(RUN, MORE, Sent(), summary(gaps=(Gap(cause, "Forbidden", "not allowed"),)))["extended"]
    assert (told["complete"], told["counts"]["gaps"]) == (complete, 1)


def test_a_violation_has_exactly_gatekeepers_keys_in_their_order() -> None:
    of = constraint("must-have-owner", annotations={"docs": "here"}, action="scoped", actions=("warn",))
    found = violation(of, "web", Kind("apps", "v1", "Deployment"), details={"missing": ["a"]}, actions=("warn",))
    found.object.labels = {"app": "web"}
    assert list(violation_message(RUN, found, PLAIN)) == [
        *("id", "details", "eventType", "group", "version", "kind", "name", "message", "enforcementAction"),
        *("enforcementActions", "constraintAnnotations", "resourceGroup", "resourceAPIVersion", "resourceKind"),
        *("resourceNamespace", "resourceName", "resourceLabels"),
    ]


def test_what_is_empty_is_left_out_and_a_long_message_is_cut() -> None:
    found = violation(constraint("c"), namespace="", message="x" * 300, details=None)
    message = violation_message(RUN, found, PLAIN)
    assert list(message) == [
        *("id", "eventType", "group", "version", "kind", "name", "message", "enforcementAction"),
        *("resourceAPIVersion", "resourceKind", "resourceName"),
    ]
    assert message["message"] == "x" * 253 + "..."


@pytest.mark.parametrize("details", [{}, [], "", 0, False])
def test_details_that_are_empty_are_told_as_gatekeeper_does(details: Json) -> None:
    assert violation_message(RUN, violation(constraint("c"), details=details), PLAIN)["details"] == details


def test_the_extended_field_comes_last_and_has_the_whole_message() -> None:
    message = violation_message(RUN, violation(constraint("c"), message="x" * 300), MORE, RUN)
    assert list(message)[-1] == "extended"
    assert list(message["extended"]) == ["id", "message", "first_seen", "cluster"]
    assert message["extended"]["message"] == "x" * 300


def test_the_id_of_a_violation_tells_it_from_all_others_but_not_from_itself() -> None:
    ref = ObjectRef(POD, "ns", "p", "u")
    same = [
        violation_id("east", "K/c", ref, "m"),
        violation_id("east", "K/c", ObjectRef(Kind("", "v2", "Pod"), *("ns", "p", "u")), "m"),
    ]
    others = [
        violation_id("west", "K/c", ref, "m"),
        violation_id("east", "K/d", ref, "m"),
        violation_id("east", "K/c", ref, "\ud800"),
        violation_id("east", "K/c", ObjectRef(POD, "ns", "p", "made anew"), "m"),
        violation_id("east", "K/c", ObjectRef(POD, "n", "sp", "u"), "m"),
    ]
    assert same == ["f2fa7ae21ae3b728a3d006e299f7ccc8"] * 2  # the same after each restart
    assert len({*same, *others}) == 6


def test_what_is_resolved_has_the_keys_and_the_id_of_its_violation() -> None:
    found = violation(constraint("c"), details=None)
    known = Known("K8sTest/c", "deny", found.object, found.message, RUN, RUN, Why.OBJECT_GONE)
    there, gone = violation_message(RUN, found, MORE, RUN), resolved_message(NEXT, known, MORE)
    assert gone["eventType"] == "violation_resolved"
    assert gone["extended"] == there["extended"] | {"resolved": "object_gone"}
    assert {**gone, "id": RUN, "eventType": "violation_audited", "extended": there["extended"]} == there
    assert list(resolved_message(NEXT, known, PLAIN)) == list(violation_message(NEXT, found, PLAIN))


def test_a_run_of_a_killed_process_is_not_called_completed() -> None:
    assert interrupted_message(RUN, PLAIN, Sent(5, 1)) is None  # Gatekeeper has no message for that
    message = interrupted_message(RUN, MORE, Sent(5, 1))
    assert message is not None
    assert list(message.items())[:2] == [("id", RUN), ("message", "audit is interrupted")]
    told = {"outcome": "interrupted", "complete": False, "counts": {"sent": 5, "dropped": 1}, "cluster": "east"}
    assert message["extended"] == told
