"""Messages with Gatekeeper's keys in their order (contract section 10)."""

from __future__ import annotations

from builders import constraint, violation
from exporting import RUN

from audit.export.message import end_message, start_message, violation_message
from constraints import Kind


def test_a_run_begins_and_ends_with_id_and_message_only() -> None:
    assert list(start_message(RUN).items()) == [("id", RUN), ("message", "audit is started")]
    assert list(end_message(RUN).items()) == [("id", RUN), ("message", "audit is completed")]


def test_a_violation_has_exactly_gatekeepers_keys_in_their_order() -> None:
    of = constraint("must-have-owner", annotations={"docs": "here"}, action="scoped", actions=("warn",))
    found = violation(of, "web", Kind("apps", "v1", "Deployment"), details={"missing": ["a"]}, actions=("warn",))
    found.object.labels = {"app": "web"}
    assert list(violation_message(RUN, found)) == [
        *("id", "details", "eventType", "group", "version", "kind", "name", "message", "enforcementAction"),
        *("enforcementActions", "constraintAnnotations", "resourceGroup", "resourceAPIVersion", "resourceKind"),
        *("resourceNamespace", "resourceName", "resourceLabels"),
    ]


def test_what_is_empty_is_left_out_and_a_long_message_is_cut() -> None:
    message = violation_message(RUN, violation(constraint("c"), namespace="", message="x" * 300))
    assert list(message) == [
        *("id", "eventType", "group", "version", "kind", "name", "message", "enforcementAction"),
        *("resourceAPIVersion", "resourceKind", "resourceName"),
    ]
    assert message["message"] == "x" * 253 + "..."
