"""Which variables of a body are known by constants alone."""

from __future__ import annotations

from typing import Any

import pytest

from constraints.lang.source import Source
from constraints.rego.codegen.operand import Operand, constant
from constraints.rego.codegen.rewrites.known import known
from constraints.rego.syntax.parser import parse_query

PARAMETERS = {"labels": [{"key": "owner"}], "at": 1}
BOUND = {"mine": Operand(name="mine"), "first": constant("owner")}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            "value = labels[key]; want = input.parameters.labels[0]; want.key = key",
            {"want": {"key": "owner"}, "key": "owner"},
            id="what is equal to a part of what is known",
        ),
        pytest.param("y = x; x = first", {"x": "owner", "y": "owner"}, id="statements may stand in any order"),
        pytest.param("x = input.parameters.at; f(x)", {"x": 1}, id="a number that a variable is bound to"),
        pytest.param(
            "value = labels[i]; input.parameters.at = i", {}, id="a number that is compared with, which finds 1.0, too"
        ),
        pytest.param("x = input.parameters.nope; f(x)", {}, id="a parameter that is not there"),
        pytest.param('not x = "a"; f(x)', {}, id="what is negated"),
        pytest.param('x = "a" with input as 1; f(x)', {}, id="what holds for another input"),
        pytest.param('mine = "a"; f(mine)', {}, id="what is bound before"),
        pytest.param('data.lib[key]; key = "a"', {}, id="a key below data, which is found by its text"),
        pytest.param('x = "a"', {}, id="the only statement there is"),
    ],
)
def test_variables_that_must_be_a_constant_are_known_before_the_first_statement(
    body: str, expected: dict[str, Any]
) -> None:
    found = known(parse_query(Source("", body), True), BOUND, PARAMETERS)
    assert {name: one.constant for name, one in found.items()} == expected
