"""Lines that are made for a page at once are those that the formatter makes one by one."""

from __future__ import annotations

import logging
from typing import Any

from builders import POD, SERVICE, constraint, violation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from audit.fields import truncate, violation_fields
from audit.logs.lines import ViolationLines
from audit.logs.said import said
from audit.logs.streams import LineFormatter
from audit.settings.config import LogConfig
from constraints import ObjectRef, Violation
from constraints.model import Kind

PIECES = ["", "x", "é" * 200, "x" * 256, "<msg>", '"<ts>"', "half \ud800", "\x1b\n\\", "\u2028\U0001f600"]
TEXT = st.lists(st.sampled_from(PIECES), max_size=2).map("".join)
LABELS = st.one_of(st.none(), st.dictionaries(TEXT, TEXT, max_size=2))
KEYS = st.one_of(TEXT, st.booleans(), st.integers(-3, 3), st.floats(), st.none())
LEAVES = st.one_of(TEXT, st.booleans(), st.none(), st.integers(), st.floats(), st.sets(st.integers(), max_size=1))
DETAILS = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(KEYS, inner, max_size=2))
)
KINDS = st.sampled_from([POD, SERVICE, Kind("<name>", "v1", "\ud800")])


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@st.composite
def violations(draw: st.DrawFn) -> Violation:
    action = draw(st.sampled_from(["deny", "scoped", "<labels>"]))
    of = constraint(draw(TEXT), annotations=draw(LABELS), action=action)
    details = draw(st.one_of(DETAILS, st.sampled_from([{}, nested(198), nested(253), nested(254), 2**70])))
    ref = ObjectRef(draw(KINDS), draw(TEXT), draw(TEXT), "", draw(LABELS))
    return Violation(of, ref, draw(TEXT), details, action, draw(st.sampled_from([(), ("warn", "deny")])))


def fields(of: Violation) -> dict[str, Any]:
    return {"msg": truncate(of.message), "process": "audit", "audit_id": "2026-11-20T23:17:21Z", **violation_fields(of)}


LEVEL_KEYS = st.sampled_from(["level", "msg", "ts", "details", "resource_name", "severity", "process", "half \ud800"])


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(violations(), max_size=8), LEVEL_KEYS, st.sampled_from(["lower", "capitalcolor"]), st.floats(0, 1e10))
@example([violation(constraint("c"), details={True: 1.0})], "half \ud800", "lower", 1.5)
def test_lines_made_at_once_are_those_of_the_formatter(
    found: list[Violation], level_key: str, encoder: str, created: float
) -> None:
    formatter = LineFormatter(LogConfig(level_key=level_key, level_encoder=encoder))
    one_by_one = []
    for each in found:
        record = logging.LogRecord("controller", logging.INFO, "", 0, fields(each), None, None)  # type: ignore[arg-type]
        record.created = created
        one_by_one.append(formatter.format(record))
    at_once = logging.LogRecord("controller", logging.INFO, "", 0, "", None, None)
    at_once.created = created
    lines = ViolationLines(fields)
    half = len(found) // 2
    text = b"".join(lines.lines(said(part), formatter, at_once) for part in (found[:half], found[half:]))
    assert text.decode() == "".join(f"{line}\n" for line in one_by_one)


def test_what_lines_have_in_common_is_asked_of_the_formatter_once() -> None:
    asked: list[str] = []

    class Counting(LineFormatter):
        def format(self, record: logging.LogRecord) -> str:
            asked.append(record.name)
            return super().format(record)

    record = logging.LogRecord("controller", logging.INFO, "", 0, "", None, None)
    found = [violation(constraint(name), f"p{number}") for number in range(100) for name in "ab"]
    assert len(ViolationLines(fields).lines(said(found), Counting(LogConfig()), record).splitlines()) == 200
    assert len(asked) == 2
