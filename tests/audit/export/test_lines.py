"""Messages that are made for a page at once are those that are made one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from builders import POD, SERVICE, constraint, violation
from exporting import RUN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.export.lines import MessageLines, as_go
from audit.export.message import Told, violation_message
from audit.logs.said import said
from audit.logs.streams import encoded
from constraints import Kind, ObjectRef, Violation

PIECES = ["", "x", "é" * 200, "x" * 256, "<b>&", '"', "half \ud800", "\x1b\n\\", "\u2028\U0001f600"]
TEXT = st.lists(st.sampled_from(PIECES), max_size=2).map("".join)
LABELS = st.one_of(st.none(), st.dictionaries(TEXT, TEXT, max_size=2))
LEAVES = st.one_of(TEXT, st.booleans(), st.none(), st.integers(), st.floats(), st.sets(st.integers(), max_size=1))
DETAILS = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXT, inner, max_size=2))
)
KINDS = st.sampled_from([POD, SERVICE, Kind("apps", "v1", "\ud800"), Kind("", "", "Odd")])
TOLD = st.sampled_from([Told(), Told(True), Told(True, "east & west")])


@st.composite
def violations(draw: st.DrawFn) -> Violation:
    action = draw(st.sampled_from(["deny", "scoped", ""]))
    of = constraint(draw(TEXT), annotations=draw(LABELS), action=action)
    ref = ObjectRef(draw(KINDS), draw(TEXT), draw(TEXT), draw(TEXT), draw(LABELS))
    return Violation(of, ref, draw(TEXT), draw(DETAILS), action, draw(st.sampled_from([(), ("warn", "deny")])))


def seen(of: Violation) -> str:
    return "2026-11-19T00:00:00Z" if of.object.uid else RUN


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(violations(), max_size=6), TOLD)
def test_messages_made_at_once_are_those_made_one_by_one(found: list[Violation], told: Told) -> None:
    lines = MessageLines(RUN, told, seen)
    at_once = [message for half in (found[:3], found[3:]) for message in lines.of([*said(half)])]
    one_by_one = [violation_message(RUN, each, told, seen(each) if told.extended else "") for each in found]
    assert at_once == [as_go(encoded(message)) for message in one_by_one]


def test_what_violations_of_one_object_share_is_not_mixed_with_another_one() -> None:
    found = [violation(constraint(name), pod, message=name + pod) for pod in ("p", "q") for name in "ab"]
    told = [json.loads(message) for message in MessageLines(RUN, Told(), seen).of([*said(found)])]
    assert [(each["name"], each["resourceName"], each["message"]) for each in told] == [
        *(("a", "p", "ap"), ("b", "p", "bp"), ("a", "q", "aq"), ("b", "q", "bq"))
    ]


@pytest.mark.parametrize(
    ("ours", "gos"),
    [
        ({"m": "<a> & b"}, rb'{"m":"\u003ca\u003e \u0026 b"}'),
        ({"m": "\u2028\u2029 â"}, rb'{"m":"\u2028\u2029 ' + "â".encode() + b'"}'),
        ({"m": "\x7f\b\f"}, b'{"m":"\x7f\\b\\f"}'),
    ],
)
def test_json_is_written_as_go_does_it(ours: dict[str, Any], gos: bytes) -> None:
    assert as_go(encoded(ours)) == gos
    assert json.loads(gos) == ours
