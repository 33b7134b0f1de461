"""Iterations over a few constants are written out."""

from __future__ import annotations

from typing import Any

import pytest

from constraints.lang.source import Source
from constraints.rego.codegen.rewrites.unroll import unrolled
from constraints.rego.codegen.tree import Clause
from constraints.rego.syntax.parser import parse_module
from constraints.rego.syntax.spelling import body_text


def bodies(rules: str, parameters: Any) -> list[str]:
    """The bodies of these rules."""
    module = parse_module(Source("k", f"package k\n\n{rules}"), False)
    clauses = [Clause(rule, "k", ()) for rule in module.rules]
    return [body_text(one.rule.body) for one in unrolled(clauses, parameters)]


@pytest.mark.parametrize(
    ("body", "parameters", "expected"),
    [
        pytest.param(
            "x = input.parameters.labels[_]",
            {"labels": ["a", "b"]},
            ["x = input.parameters.labels[0]", "x = input.parameters.labels[1]"],
            id="a clause for each item",
        ),
        pytest.param(
            "x = input.parameters.labels[_].key",
            {"labels": {"x": 1}},
            ["x = input.parameters.labels.x.key"],
            id="of an object, too",
        ),
        pytest.param(
            'names = ["a", "b"]; x = names[_]',
            {},
            ['names = ["a", "b"]; x = names[0]', 'names = ["a", "b"]; x = names[1]'],
            id="and of an array that stands there",
        ),
    ],
)
def test_iterations_over_a_few_constants_are_written_out(body: str, parameters: Any, expected: list[str]) -> None:
    assert bodies(f"found[x] {{ {body} }}", parameters) == expected


@pytest.mark.parametrize(
    "parameters",
    [
        pytest.param({"labels": []}, id="none"),
        pytest.param({"labels": list(range(7))}, id="many"),
        pytest.param({"labels": "abc"}, id="those of a text"),
        pytest.param({}, id="those of nothing"),
    ],
)
def test_other_iterations_stay_loops(parameters: Any) -> None:
    (found,) = bodies("found[x] { x = input.parameters.labels[_]; not y }", parameters)
    assert found == "x = input.parameters.labels[_]; not y"


def test_a_set_does_not_grow_without_measure() -> None:
    body = "; ".join(f"x{at} = input.parameters.labels[_]" for at in range(4))
    assert len(bodies(f"found[x0] {{ {body} }}", {"labels": list(range(6))})) <= 24
