"""Policies in Rego that run away, and those that are only long."""

from __future__ import annotations

import sys
from functools import cache

import pytest
from regodriver import able, little_stack, message, messages

from constraints.drivers.rego import ConstraintProgram
from constraints.errors import EvaluationError
from constraints.inventory import EMPTY
from constraints.model import Finding


def exponential(call: str, depth: int) -> str:
    """Functions that each call the next one thrice."""
    functions = "\n".join(f"f{at}(x) = f{at + 1}(x) + f{at + 1}(x + 1) + f{at + 1}(x + 2)" for at in range(depth))
    return f'package probe\nviolation[{{"msg": "m"}}] {{ {call} > 0 }}\n{functions}\nf{depth}(x) = x'


def nested(depth: int) -> str:
    """Functions that each need the next one."""
    functions = "\n".join(f"f{at}(x) {{ f{at + 1}(x) }}" for at in range(depth))
    return f'package probe\nviolation[{{"msg": "m"}}] {{ f0(input.review.x) }}\n{functions}\nf{depth}(x) {{ x }}'


STACK = 200  # places that Python's stack has for an evaluation
DEEP = 250  # rules, more than that


def row(depth: int, kind: str = "r{at} = x {{ x := r{next} + input.review.x }}", first: str = "= 0") -> str:
    """Rules that each need the next one."""
    rules = "\n".join(kind.format(at=at, next=at + 1) for at in range(depth))
    return f'package probe\nviolation[{{"msg": msg}}] {{ msg := sprintf("%v", [r0]) }}\n{rules}\nr{depth} {first}'


LOOPS = 'package probe\nimport future.keywords\nxs := input.review.xs\nviolation[{{"msg": "m"}}] {{ {} }}'
RUNAWAYS = [
    pytest.param(LOOPS.format("xs[a]; xs[b]; xs[c]; a + b + c < 0"), id="loops in loops"),
    pytest.param(LOOPS.format("ys := [1 | xs[_]; xs[_]; xs[_]; xs[_]; xs[_]]; count(ys) < 0"), id="a comprehension"),
    pytest.param(LOOPS.format("ys := {x | a := xs[_]; b := xs[_]; c := xs[_]; x := a * b * c}; count(ys) < 0"), id="a set"),
    pytest.param(LOOPS.format("every a in xs { every b in xs { every c in xs { a + b + c >= 0 } } }"), id="every in every"),
    pytest.param(LOOPS.format("walk(input, x); walk(input, y); walk(input, z); [x, y] == z"), id="walks in walks"),
    pytest.param(LOOPS.format("p4(1)") + "\np4(x) { xs[a]; p3(a) }\np3(x) { xs[a]; p2(a) }\np2(x) { xs[a]; xs[b]; x == -1 }", id="loops in functions"),
    pytest.param(exponential("f0(input.review.xs[0])", 18), id="functions of the object"),
    pytest.param(exponential("input.review.x; f0(1)", 18), id="functions of constants"),
    pytest.param(nested(DEEP), id="functions deeper than Python's stack"),
]  # fmt: skip


@pytest.mark.parametrize("rego", RUNAWAYS)
def test_a_policy_that_runs_away_is_an_error_for_the_object_and_for_no_other(rego: str) -> None:
    program = able(budget=50_000, stack=STACK).compile("Probe", {"rego": rego}).program({})
    for _ in range(2):
        with little_stack(STACK), pytest.raises(EvaluationError) as caught:
            list(program({"xs": list(range(60)), "x": 1}, EMPTY))
        assert caught.value.code == "budget_exceeded"
        assert list(program({"xs": []}, EMPTY)) in ([], [Finding("m", {})])


@cache
def long_row() -> ConstraintProgram:
    """One whose last rule is any of `xs`."""
    return able().compile("Probe", {"rego": row(DEEP, first="= x { x := input.review.xs[_] }")}).program({})


def test_rules_may_need_each_other_in_a_row_longer_than_pythons_stack() -> None:
    program = long_row()
    with little_stack(STACK):
        found = [list(program({"x": x, "xs": [0]}, EMPTY)) for x in (1, 2)]
        none = list(program({"xs": [0]}, EMPTY))
    assert found == [[Finding(f"{DEEP}", {})], [Finding(f"{2 * DEEP}", {})]]
    assert none == []


def test_functions_may_call_each_other_in_a_row_longer_than_pythons_stack() -> None:
    program = able().compile("Probe", {"rego": nested(700)}).program({})
    limit = sys.getrecursionlimit()
    for _ in range(2):
        assert list(program({"x": 1}, EMPTY)) == [Finding("m", {})]
        assert list(program({"x": False}, EMPTY)) == []
    assert sys.getrecursionlimit() == limit


def test_a_conflict_of_a_rule_that_is_not_needed_is_no_error_of_a_long_row_of_functions() -> None:
    unneeded = "\nc = x { x := [1, 2][_] }\nd { input.review.no; c }"
    program = (
        able().compile("Probe", {"rego": f'{nested(700)}{unneeded}\nviolation[{{"msg": "d"}}] {{ d }}'}).program({})
    )
    assert list(program({"x": 1}, EMPTY)) == [Finding("m", {})]


def test_functions_in_a_row_longer_than_any_stack_are_an_error_and_leave_pythons_stack_as_it_was() -> None:
    program = able(stack=0).compile("Probe", {"rego": nested(700)}).program({})
    limit = sys.getrecursionlimit()
    with pytest.raises(EvaluationError, match="the evaluation nests too deeply"):
        list(program({"x": 1}, EMPTY))
    assert sys.getrecursionlimit() == limit


def test_a_conflict_at_the_end_of_a_long_row_is_reported() -> None:
    program = long_row()
    with little_stack(STACK), pytest.raises(EvaluationError, match="complete rules must not produce multiple outputs"):
        list(program({"x": 1, "xs": [1, 2]}, EMPTY))
    with little_stack(STACK):
        assert list(program({"x": 1, "xs": [0]}, EMPTY)) == [Finding(f"{DEEP}", {})]


def test_a_value_that_a_long_row_of_rules_nests_too_deeply_is_an_error() -> None:
    kind = 'r{at} = x {{ x := object.get({{"v": [r{next}]}}, input.review.v, 0) }}'
    program = able(stack=STACK).compile("Probe", {"rego": row(DEEP, kind)}).program({})
    for _ in range(2):
        with little_stack(STACK), pytest.raises(EvaluationError, match="too deeply"):
            list(program({"v": "v"}, EMPTY))


@pytest.mark.parametrize("call", ["json.marshal(x)", "yaml.marshal(x)", "json.unmarshal(x)", "yaml.unmarshal(x)"])
def test_what_a_builtin_cannot_do_at_the_end_of_a_long_row_is_done_from_the_bottom_up(call: str) -> None:
    first = f"= y {{ x := input.review.text; y := count({call}) }}"
    program = able().compile("Probe", {"rego": row(90, "r{at} = x {{ x := r{next} }}", first)}).program({})
    for places in range(180, 240):
        with little_stack(places):
            found = [one.message for one in program({"text": "[1, [2, [3, [4]]]]"}, EMPTY)]
        assert found in (["2"], ["20"], ["21"], ["22"])


def test_a_budget_is_for_each_evaluation() -> None:
    rego = LOOPS.format("ys := [[a, b] | a := xs[_]; b := xs[_]]; count(ys) > 0")
    program = able(budget=200_000).compile("Probe", {"rego": rego}).program({})
    for _ in range(10):
        assert list(program({"xs": list(range(60))}, EMPTY)) == [Finding("m", {})]


def test_many_calls_of_one_function_with_constants_are_no_running_away() -> None:
    calls = " + ".join(f"f({at}, input.review.one)" for at in range(60))
    assert message(f'msg := sprintf("%d", [{calls}]) }}\nf(x, y) = z {{ z := x * y', {"one": 1}) == [
        str(sum(range(60)))
    ]


@pytest.mark.parametrize("body", ["x := f{}(input.review.n)", "x := f{}(1)"])
def test_long_rows_of_functions_are_answered(body: str) -> None:
    rows = "".join(f"f{at}(x) := y {{ z := f{at - 1}(x); y := z + input.review.n }}\n" for at in range(1, 200))
    rego = f'package probe\nf0(x) := x\n{rows}violation[{{"msg": sprintf("%v", [x])}}] {{ {body.format(199)} }}'
    with little_stack(450):  # two a function, and some to compile them
        assert messages(rego, {"n": 1}) == ["200"]
