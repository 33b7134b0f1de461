"""What depends on a constraint alone is done before the first review, and nobody can tell from the answers."""

from __future__ import annotations

from typing import Any

import pytest

from constraints.drivers.rego import ConstraintProgram, RegoDriver
from constraints.errors import EvaluationError
from constraints.inventory import EMPTY

REQUIRED = """
package required

violation[{"msg": "missing", "details": {"labels": missing}}] {
  provided := {label | input.review.object.labels[label]}
  required := {label | label := input.parameters.labels[_].key}
  missing := required - provided
  count(missing) > 0
}

violation[{"msg": msg}] {
  value := input.review.object.labels[key]
  expected := input.parameters.labels[_]
  expected.key == key
  not regex.match(expected.allowed, value)
  msg := sprintf("%v: %v", [key, value])
}
"""


def program(parameters: Any, rego: str = REQUIRED) -> ConstraintProgram:
    """The program of a constraint with these parameters."""
    return RegoDriver().compile("K", {"rego": rego}).program(parameters)


def findings(found: ConstraintProgram, labels: Any) -> list[tuple[str, Any]]:
    """Messages and details for an object with these labels."""
    return [(one.message, one.details) for one in found({"object": {"labels": labels}}, EMPTY)]


PARAMETERS = {"labels": [{"key": "owner", "allowed": "^a"}, {"key": "team", "allowed": "b$"}]}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"owner": "ann", "team": "bob"}, []),
        ({"owner": "bob", "team": "bob"}, [("owner: bob", {})]),
        ({"owner": False, "team": "bob"}, [("missing", {"labels": ["owner"]}), ("owner: false", {})]),
        (["owner"], [("missing", {"labels": ["owner", "team"]})]),
        ("owner", [("missing", {"labels": ["owner", "team"]})]),
        (None, [("missing", {"labels": ["owner", "team"]})]),
    ],
)
def test_labels_of_any_type_are_compared_with_the_parameters(labels: Any, expected: list[Any]) -> None:
    assert sorted(findings(program(PARAMETERS), labels), key=str) == sorted(expected, key=str)


def test_a_key_that_must_equal_a_constant_is_looked_up() -> None:
    assert "for " not in program(PARAMETERS).explain()


def test_a_number_finds_an_item_of_an_array_by_comparison() -> None:
    rego = 'package k\n\nviolation[{"msg": "found"}] { x := input.review.object.labels[i]; i == input.parameters.at }'
    assert findings(program({"at": 1}, rego), ["a", "b"]) == [("found", {})]
    assert findings(program({"at": "1"}, rego), ["a", "b"]) == []


def test_random_numbers_are_not_drawn_when_the_policy_is_compiled() -> None:
    rego = (
        'package k\n\nviolation[{"msg": msg}] { xs := {x | x := rand.intn("a", 5)}; msg := sprintf("%v", [count(xs)]) }'
    )
    assert "rand_intn" in program({}, rego).explain()


CONFLICT = '{k: v | k := "a"; v := [1, 2][_]}'
DEAR = "[1 | numbers.range(1, 1000)[_]; numbers.range(1, 1000)[_]]"


def test_an_error_of_what_could_be_computed_early_is_that_of_the_reviews_that_come_there() -> None:
    rego = f'package k\n\nviolation[{{"msg": "m"}}] {{ input.review.object.labels; count({CONFLICT}) > 0 }}'
    found = program({}, rego)
    assert list(found({"object": {}}, EMPTY)) == []
    with pytest.raises(EvaluationError, match="object keys must be unique"):
        findings(found, ["x"])


def test_what_takes_many_steps_is_left_to_the_reviews() -> None:
    rego = f'package k\n\nviolation[{{"msg": msg}}] {{ msg := sprintf("%d", [count({DEAR})]) }}'
    found = program({}, rego)
    assert "for " in found.explain()
    assert findings(found, []) == [("1000000", {})]


def test_of_equal_findings_with_details_one_remains() -> None:
    rego = 'package k\n\nviolation[{"msg": "m", "details": {"a": a}}] { a := input.review.object.labels[_] }'
    assert findings(program({}, rego), ["x", "x", "y"]) == [("m", {"a": "x"}), ("m", {"a": "y"})]
