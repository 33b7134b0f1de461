"""Small functions are written where they are called, and nobody can tell from the answers."""

from __future__ import annotations

from typing import Any

import pytest
from regodriver import DRIVER, messages

from constraints.errors import EvaluationError

FIELDS = """
package fields
violation[{"msg": msg}] {
  c := input.review.object.containers[_]
  value := field_or(c, "user", input.review.object)
  msg := sprintf("%v: %v", [c.name, value])
}
violation[{"msg": msg}] { c := input.review.object.containers[_]; not has(c, "group"); msg := c.name }
field_or(c, name, _) := field(c, name)
field_or(c, name, pod) := value { not has(c, name); value := field(pod, name) }
has(c, name) { field(c, name) }
has(c, name) { field(c, name) == false }
field(c, name) := c.security[name]
"""


def code(rego: str) -> str:
    """The Python that a policy becomes."""
    return DRIVER.compile("Fields", {"rego": rego}).program({}).explain()


@pytest.mark.parametrize(
    ("security", "of_pod", "expected"),
    [
        ({"user": 1, "group": 2}, {}, ["a: 1"]),
        ({"user": False, "group": False}, {"user": 3}, ["a: false"]),
        ({}, {"user": 3}, ["a", "a: 3"]),
        ({"group": 0}, {}, []),
        ("text", {"user": [1]}, ["a", "a: [1]"]),
    ],
)
def test_small_functions_answer_as_others(security: Any, of_pod: Any, expected: list[str]) -> None:
    obj = {"containers": [{"name": "a", "security": security}], "security": of_pod}
    assert messages(FIELDS, {"object": obj}) == expected
    called = FIELDS.replace("= c.security[name]", '= c.security[name] { not lower("A") == "b" }')
    assert messages(called, {"object": obj}) == expected


def test_small_functions_are_written_where_they_are_called_and_look_for_a_field_once() -> None:
    assert [line for line in code(FIELDS).splitlines() if line.startswith("def ")] == ["def evaluate(c):"]
    assert [code(FIELDS).count(f".get('{name}'") for name in ("user", "group")] == [2, 1]


CALLED = [
    pytest.param('f(x) { lower(x) == "a" }', id="that takes long"),
    pytest.param("f(x) { x[_] == 1 }", id="with a loop"),
    pytest.param("f(x) { count([y | y := x[_]]) == 1 }", id="with a body of its own"),
    pytest.param("f(x) { x == 1 } else { x == 2 }", id="with a second choice"),
    pytest.param("default f(_) := false\nf(x) { x == 1 }", id="with a default"),
    pytest.param("f(1) { true }\nf(x) { x == 2 }\nf(x) { x == 3 }", id="of many clauses"),
    pytest.param("f(x) { g(x) }\ng(x) { h(x) }\nh(x) { i(x) }\ni(x) { x == 1 }", id="in front of a row of others"),
]


@pytest.mark.parametrize("functions", CALLED)
def test_a_function_is_called(functions: str) -> None:
    assert "def f(c" in code(f'package a\nviolation[{{"msg": "m"}}] {{ f(input.review.object) }}\n{functions}')


def test_answers_of_a_small_function_that_differ_are_an_error() -> None:
    rego = 'package a\nviolation[{"msg": m}] { m := f(input.review.object) }\nf(x) := x.a\nf(x) := x.b'
    assert messages(rego, {"object": {"a": "m", "b": "m"}}) == ["m"]
    with pytest.raises(EvaluationError, match="template:4: eval_conflict_error: functions must not produce multiple"):
        messages(rego, {"object": {"a": "m", "b": "n"}})
