"""A body whose conditions in OPA's rule index fail is not evaluated, so that nothing in it can fail.

Each row was asked of OPA 1.17.1: whether `x`, which no evaluation survives, is reached.
"""

from __future__ import annotations

from typing import Any

import pytest

from constraints.errors import EvaluationError
from constraints.lang.source import Source
from constraints.rego import compile_modules

MODULE = """
package p

import rego.v1

f(_) := 1

q := input.q

"""
FATAL = "x := {1: y | some y in [1, 2]}"
DATA = {"base": {"a": "ab"}}


def reaches(rules: str, given_input: Any) -> bool:
    """Whether the evaluation fails."""
    compiled = compile_modules([Source("p.rego", MODULE + rules.replace("FATAL", FATAL))], v1=True)
    try:
        compiled.query("x = data.p", input=given_input, data=DATA)
    except EvaluationError as error:
        return error.code == "eval_conflict_error"
    return False


@pytest.mark.parametrize(
    ("condition", "given_input", "reached"),
    [
        pytest.param("input.a == 1", {"a": 1}, True, id="a place that holds the constant"),
        pytest.param("input.a == 1", {"a": 2}, False, id="a place that holds another value"),
        pytest.param("1 == input.a", {}, False, id="the constant may stand on the left"),
        pytest.param("input.a == 1", {"a": [1]}, True, id="a collection with the constant in it passes"),
        pytest.param("input.a", {"a": False}, True, id="false is there"),
        pytest.param("input.a", {}, False, id="a place alone must be there"),
        pytest.param("count(input.a) > 9", {}, False, id="what a call is given must be there"),
        pytest.param("count(input.a) > 9", {"a": []}, True, id="what a call makes of it is another question"),
        pytest.param("not f(input.a)", {}, False, id="what a negated call is given must be there"),
        pytest.param("not input.a == 1", {}, True, id="a negation is no condition"),
        pytest.param("input.a == 1 with input.b as 1", {}, True, id="a statement with a with is none"),
        pytest.param("f(1) == 1 with input.b as input.a", {}, False, id="its value is one"),
        pytest.param("input.a == input.b", {}, True, id="two places compared are none"),
        pytest.param("input.a == {1}", {}, True, id="a set is none"),
        pytest.param("input.a = [1, y]", {"a": [1, 2]}, True, id="an array of scalars and variables fits"),
        pytest.param("input.a = [1, y]", {"a": [2, 1]}, False, id="an array of others does not"),
        pytest.param("z := 1; input.a == z", {"a": 2}, False, id="a variable that is a constant"),
        pytest.param("z := input.a; z == 1", {"a": 2}, False, id="a variable that is a place"),
        pytest.param("z := input.a; y := z; y == 1", {"a": 2}, True, id="a variable for such a variable is nothing"),
        pytest.param("input.a[_] == 1", {"a": [2]}, False, id="no item is the constant"),
        pytest.param("some 1 in input.a", {"a": [2]}, False, id="some with a constant"),
        pytest.param("some _ in input.a", {}, True, id="some without one is no condition"),
        pytest.param("1 in input.a", {"a": [2]}, False, id="a member that is a constant"),
        pytest.param("input.a in {1, 2}", {"a": 3}, False, id="no member of a constant set"),
        pytest.param("input.a in {1, 2}", {"a": 2}, True, id="one of its members"),
        pytest.param("every _ in input.a { true }", {}, False, id="the domain of every must be there"),
        pytest.param("every _ in [1] { input.a }", {}, True, id="its body is not looked into"),
        pytest.param("z := [1 | input.a]", {}, True, id="nor is that of a comprehension"),
        pytest.param('z := $"{input.a}"', {}, True, id="nor is a string with values"),
        pytest.param('glob.match("a.*", ["."], input.a)', {"a": "b.c"}, False, id="a glob of names"),
        pytest.param('glob.match("a.*", ["."], input.a)', {"a": "a.c"}, True, id="a glob that fits"),
        pytest.param('glob.match("a?", ["."], input.a)', {"a": "b"}, True, id="a glob of more than names"),
        pytest.param('data.base.a == "x"', {}, False, id="a base document"),
        pytest.param("data.p.q == 2", {}, True, id="a rule is no base document"),
        pytest.param(
            "input.a == 1; f(input.a)", {"a": 2}, True, id="a place that is also looked up must only be there"
        ),
        pytest.param("f(input.a); input.a == 1", {"a": 2}, False, id="the other way round the constant counts"),
        pytest.param("input == 1", {}, False, id="the whole input"),
    ],
)
def test_conditions_come_before_the_body(condition: str, given_input: Any, reached: bool) -> None:
    assert reaches(f"p if {{ FATAL; {condition} }}", given_input) is reached


@pytest.mark.parametrize(
    ("rules", "given_input", "reached"),
    [
        pytest.param("p := input.a if { FATAL }", {}, False, id="a head's value"),
        pytest.param("p contains [input.a] if { FATAL }", {}, False, id="a head's member"),
        pytest.param("p := [x | some x in [input.a]] if { FATAL }", {}, True, id="a closure in a head"),
        pytest.param("p[input.a] := 1 if { FATAL }", {}, False, id="a head's key"),
        pytest.param("p := 1 if { FATAL; input.a } else := 2", {}, False, id="a definition that has an else"),
        pytest.param("p := 1 if { input.a } else := 2 if { FATAL; input.b }", {}, False, id="an else"),
        pytest.param("g(a) if { FATAL; a == 1 }\nr := g(2)", {}, False, id="an argument"),
        pytest.param("g(a) if { FATAL; a == 1 }\nr := g(1)", {}, True, id="an argument that is the constant"),
        pytest.param("p if { FATAL; input.b }\np if { true }", {"b": 1}, False, id="what has no condition comes first"),
        pytest.param("p if { FATAL }\np if { true }", {}, True, id="what has none keeps its place"),
    ],
)
def test_heads_and_arguments_have_conditions(rules: str, given_input: Any, reached: bool) -> None:
    assert reaches(rules, given_input) is reached
