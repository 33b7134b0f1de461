"""Clauses of one function: what they find together is found once, and nobody can tell from the answers."""

from __future__ import annotations

from typing import Any

import pytest
from regodriver import DRIVER, findings, messages

from constraints.errors import EvaluationError

SHARED = """
package shared
violation[{"msg": msg}] { msg := said(input.review.object) }
said(c) = msg { port := port_of(c, "http"); port < 1024; msg := sprintf("low: %v", [port]) }
said(c) = msg { not port_of(c, "http"); msg := sprintf("none: %v", [c.name]) }
else = "high" { port_of(c, "http") > 9000 }
port_of(c, name) = port { port := c.ports[lower(name)].number }
"""


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        ({"name": "a", "ports": {"http": {"number": 80}}}, ["low: 80"]),
        ({"name": "a", "ports": {"http": {"number": 8080}}}, []),
        ({"name": "a", "ports": {"http": {"number": 9090}}}, ["high"]),
        ({"name": "a", "ports": {"http": 80}}, ["none: a"]),
        ({"name": "a"}, ["none: a"]),
        ({"ports": {}}, []),
        ("a", []),
    ],
)
def test_what_clauses_find_together_does_not_change_what_they_say(obj: Any, expected: list[str]) -> None:
    assert messages(SHARED, {"object": obj}) == expected


def test_what_the_first_clause_always_asks_is_not_asked_again_by_the_others() -> None:
    code = DRIVER.compile("Shared", {"rego": SHARED}).program({}).explain()
    assert code.count("= port_of_2(c, ") == 1


NEVER = """
package never
violation[{"msg": msg}] { msg := said(input.review.object) }
said(c) = msg { c.spec.on; msg := c.name }
said(c) = "never" { c.spec.on; one_of(c); startswith(input.parameters.text, "x") }
said(c) = msg { c.spec.off; one_of(c); msg := "off" }
one_of(c) = c.spec.a
one_of(c) = c.spec.b
"""


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"on": True}, ["n"]),
        ({"on": True, "a": 1, "b": 1}, ["n"]),
        ({"off": True, "b": 1}, ["off"]),
        ({"a": 1, "b": 2}, []),
    ],
)
def test_a_clause_that_never_holds_says_nothing(spec: Any, expected: list[str]) -> None:
    assert messages(NEVER, {"object": {"name": "n", "spec": spec}}, parameters={"text": "y"}) == expected


@pytest.mark.parametrize("place", ["on", "off"])
def test_a_clause_that_never_holds_may_end_in_an_error(place: str) -> None:
    obj = {"name": "n", "spec": {place: True, "a": 1, "b": 2}}
    with pytest.raises(EvaluationError, match="functions must not produce multiple outputs for same inputs"):
        findings(NEVER, {"object": obj}, parameters={"text": "y"})
