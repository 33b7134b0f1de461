"""What is iterated again and again within a loop is looked up, with the answers that a search gives."""

from __future__ import annotations

from typing import Any, Final

import pytest
from regodriver import able, findings, messages

from constraints.errors import EvaluationError
from constraints.inventory import EMPTY

HEAD: Final = "package probe\nimport future.keywords.in\nimport future.keywords.every\n"
ITEMS: Final[list[Any]] = [
    {"n": "a", "k": 1, "t": ["x"]},
    {"n": "b", "k": 2, "t": ["x", "y"]},
    {"n": "a", "k": 1.0, "t": []},
    {"k": 1},
    {"n": None, "k": False, "t": {"x": "y"}},
    {"n": "b", "k": 2, "t": ["x", "y"]},
    "a",
    ["a"],
]


def answer(body: str, more: str = "", **review: Any) -> list[str]:
    """What a policy finds for each `x` of the items, as `<what x is> <what is found>`."""
    rego = HEAD + f'violation[{{"msg": msg}}] {{ {body}; msg := sprintf("%v %v", [x, found]) }}\n{more}'
    return messages(rego, {"items": ITEMS, **review})


PAIRS: Final = [
    ("x := input.review.items[_]; found := [y | ", "y := input.review.items[_]", "; y == x]"),
    ("x := input.review.items[_]; found := [y | ", "y := input.review.items[_]", "; y.n == x.n]"),
    ("x := input.review.items[_]; found := {y | ", "y := input.review.items[_]", "; x.k == y.k; y.t == x.t}"),
    ("x := input.review.items[_]; found := {i: y | ", "y := input.review.items[i]", "; y.n = x.n; y.k = 1}"),
    ("x := input.review.items[_]; found := [y | ", "y := input.review.items[_]; is_object(y)", "; y.n == x.n]"),
    ("x := input.review.items[_]; found := [i | ", "some i; y := input.review.items[i]; not is_string(y)", "; y == x]"),
    ("some x in input.review.items; found := [[i, y] | ", "some i, y in input.review.items", "; y.n == x.n]"),
    ("some x in items; found := count([y | ", "some y in items", "; y.n == x.n])"),
    ("x := items[_]; found := [y | ", "y := items[_]; z := y.k", "; y.n == x.n; z == x.k]"),
    ("x := input.review.items[_]; found := [y | ", "y := input.review.items[_]", "; y.n == x.n; y.t[_] == x.t[_]]"),
    ("x := input.review.items[_]; found := [y | ", "y := input.review.items[_]", "; lower(y.n) == x.n]"),
    ("x := input.review.items[_]; found := [y | ", "y := input.review.nothing[_]", "; y == x]"),
    ("x := input.review.items[_]; found := [y | ", "y := input.review.items[_].t[_]", "; y == x]"),
    ("x := input.review.items[_]; ", "y := input.review.items[_]", "; y.n == x.n; found := y.k"),
    ("x := input.review.items[_]; not ", "none", "; found := 1"),
]
MORE: Final = "items := input.review.items\nnone { false }"


@pytest.mark.parametrize(("before", "iterated", "behind"), PAIRS)
def test_a_table_gives_what_a_search_gives(before: str, iterated: str, behind: str) -> None:
    looked_up = answer(before + iterated + behind, MORE)
    searched = answer(before + iterated + "; [y, x] == [y, x]" * ("y" in iterated) + behind, MORE)
    assert looked_up == searched
    assert looked_up or "nothing" in iterated


def test_each_object_has_a_table_of_its_own() -> None:
    rego = (
        HEAD
        + """violation[{"msg": msg}] {
        x := input.review.items[_]; found := [y | y := input.review.items[_]; y == x]; msg := sprintf("%v", [found])
    }"""
    )
    program = able().compile("Probe", {"rego": rego}).program({})
    for item in ("a", "b", "a"):
        assert [one.message for one in program({"items": [item]}, EMPTY)] == [f'["{item}"]']


@pytest.mark.parametrize("kind", ["[]", "{}"])
def test_thousands_of_items_are_compared_with_each_other_in_few_steps(kind: str) -> None:
    body = f"x := input.review.items[_]; found := {kind[0]}y | y := input.review.items[_]; y == x{kind[1]}; count(found) != 1"
    rego = HEAD + f'violation[{{"msg": "odd"}}] {{ {body} }}'
    assert messages(rego, {"items": list(range(20_000))}, driver=able(budget=2_000_000)) == []


def test_rows_that_are_found_cost_steps() -> None:
    rego = (
        HEAD
        + """violation[{"msg": "m"}] {
        x := input.review.items[_]; found := [1 | y := input.review.items[_]; y == x; y != x]; count(found) > 0
    }"""
    )
    with pytest.raises(EvaluationError, match="more steps"):
        findings(rego, {"items": [1] * 5_000}, driver=able(budget=2_000_000))
