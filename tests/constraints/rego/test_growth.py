"""A policy that makes values larger and larger ends in an error of that evaluation, before memory does."""

from __future__ import annotations

from resource import RUSAGE_SELF, getrusage

import pytest

from constraints.drivers.rego import ConstraintProgram, RegoDriver
from constraints.errors import EvaluationError
from constraints.inventory import EMPTY
from constraints.rego.builtins import Capabilities
from constraints.rego.policy import Settings
from constraints.rego.runtime.context import BUDGET

REVIEW = {"s": "ab", "n": 3, "l": [1, 2, 3], "any": "x"}
MOST = 300 << 10  # KiB
SHARE = 20  # part of the budget that the default tests do with


def program(rules: str, budget: int = BUDGET) -> ConstraintProgram:
    """The program of a policy of v1."""
    return (
        RegoDriver(Settings(Capabilities().builtins(), budget=budget))
        .compile("K", {"version": "v1", "rego": f"package p\n{rules}"})
        .program({})
    )


def again(first: str, step: str) -> str:
    """Forty rules, each of which does the same to the value of the one before."""
    rows = [f"a{at + 1} := {step.replace('X', f'a{at}')}" for at in range(40)]
    return "\n".join([f"a0 := {first}", *rows, once('json.marshal(a40) != "x"')])


def once(body: str) -> str:
    """A policy of one body."""
    return f'violation contains {{"msg": "m"}} if {{ {body} }}'


S, N, L = "input.review.s", "input.review.n", "input.review.l"
LONG = f'long := sprintf("%1000000d", [{N}])'
DOUBLING = [
    pytest.param(S, 'concat("", [X, X])', id="concat"),
    pytest.param(S, 'sprintf("%s%s", [X, X])', id="sprintf"),
    pytest.param(S, 'sprintf("%4s%s", [X, X])', id="sprintf with a width"),
    pytest.param(S, 'sprintf("%v", [[X, X]])', id="sprintf of an array"),
    pytest.param(S, 'replace(X, "a", "aa")', id="replace"),
    pytest.param(S, 'strings.replace_n({"a": "aaaa"}, X)', id="strings.replace_n"),
    pytest.param(S, 'regex.replace(X, "(a+)", "$1$1$1")', id="regex.replace"),
    pytest.param(S, '$"{X}{X}"', id="strings with values"),
    pytest.param(S, 'strings.render_template("{{.x}}{{.x}}", {"x": X})', id="strings.render_template"),
    pytest.param(S, "json.marshal([X, X, X, X])", id="json.marshal"),
    pytest.param(S, "hex.encode(X)", id="hex.encode"),
    pytest.param(S, "concat(X, [X, X, X, X, X, X, X])", id="a separator"),
    pytest.param(L, "array.concat(X, X)", id="array.concat"),
    pytest.param(L, "array.flatten([X, X])", id="array.flatten"),
    pytest.param(L, "[x | some _ in [1, 2]; some x in X]", id="comprehensions"),
    pytest.param(N, "bits.or(bits.lsh(X, 50000), X)", id="shifts"),
]
AT_ONCE = [
    pytest.param(once(f"count(numbers.range({N}, 100000000)) > 0"), id="a long range"),
    pytest.param(once(f"count([1 | some _ in numbers.range({N}, 90000); some _ in numbers.range(1, 90000)]) > 0"), id="ranges in ranges"),
    pytest.param(once(f"count([numbers.range(1, 90000) | some _ in numbers.range({N}, 9000)]) > 0"), id="an array of ranges"),
    pytest.param(once(f'count([sprintf("%9999d", [x]) | some x in numbers.range({N}, 90000)]) > 0'), id="an array of texts"),
    pytest.param(once(f'count(sprintf("{"%999999d" * 99}", numbers.range({N}, 101))) > 0'), id="many widths"),
    pytest.param(once(f'{LONG}; count(concat("", [long | some _ in numbers.range(1, 90000)])) > 0'), id="one text many times"),
    pytest.param(once(f"{LONG}; count(json.marshal([long | some _ in numbers.range(1, 90000)])) > 0"), id="JSON of one text many times"),
    pytest.param(once(f'{LONG}; count(sprintf("%v", [[long | some _ in numbers.range(1, 90000)]])) > 0'), id="an array of one text many times"),
    pytest.param(once(f"{LONG}; count([upper(long) | some _ in numbers.range(1, 90000)]) > 0"), id="copies of one text"),
    pytest.param(once(f"{LONG}; count(json.marshal_with_options(numbers.range({N}, 9000), {{\"indent\": long, \"prefix\": long}})) > 0"), id="a long indent"),
    pytest.param(once(f"bits.lsh({N}, 10000000) > 0"), id="a wide shift"),
    pytest.param(once('count({x | some x in net.cidr_expand("10.0.0.0/11")}) > 0; input.review.n'), id="a wide network"),
    pytest.param(once('strings.render_template("{{$x := .x}}' + "{{$x = print $x $x}}" * 40 + '", {"x": input.review.s}) != ""'), id="a variable of a template"),
]  # fmt: skip

STEP_BY_STEP = [
    pytest.param(again(L, 'object.get({"v": [X, X]}, input.review.any, {"v": [X, X]})'), id="arrays of arrays"),
    pytest.param(again("{1, 2}", 'X | {object.get({"v": [x, y]}, "v", x) | some x in X; some y in X}'), id="unions of sets"),
    pytest.param(once(f"count({{[x, y] | some x in numbers.range({N}, 9000); some y in numbers.range(1, 9000)}}) > 0"), id="a set of pairs"),
    pytest.param(once('strings.render_template("{{range .n}}{{range $.n}}x{{end}}{{end}}", {"n": numbers.range(input.review.n, 9000)}) != ""'), id="loops of a template"),
    pytest.param(f"q contains [x, y] if {{ some x in numbers.range({N}, 9000); some y in numbers.range(1, 9000) }}\n" + once("count(q) > 0"), id="a set of a rule"),
    pytest.param(f"q[x][y] := 1 if {{ some x in numbers.range({N}, 9000); some y in numbers.range(1, 9000) }}\n" + once("count(q) > 0"), id="an object of a rule"),
]  # fmt: skip


def stopped(rules: str, share: int = 1) -> bool:
    """Whether the policy ends in an error about its size, and in little memory."""
    found = program(rules, BUDGET // share)
    before = getrusage(RUSAGE_SELF).ru_maxrss
    with pytest.raises(EvaluationError) as caught:
        list(found(REVIEW, EMPTY))
    return caught.value.code == "budget_exceeded" and getrusage(RUSAGE_SELF).ru_maxrss - before < MOST


@pytest.mark.parametrize(("first", "step"), DOUBLING)
def test_what_makes_a_value_larger_again_and_again_is_stopped(first: str, step: str) -> None:
    assert stopped(again(first, step), SHARE)


@pytest.mark.parametrize("rules", AT_ONCE)
def test_what_makes_a_large_value_at_once_is_stopped(rules: str) -> None:
    assert stopped(rules, SHARE)


@pytest.mark.parametrize("rules", STEP_BY_STEP)
def test_what_grows_step_by_step_is_stopped(rules: str) -> None:
    assert stopped(rules, SHARE)


GROWING = [*(pytest.param(again(*one.values), id=one.id) for one in DOUBLING), *AT_ONCE, *STEP_BY_STEP]


@pytest.mark.slow
@pytest.mark.parametrize("rules", GROWING)
def test_the_whole_budget_is_enough_to_stop_what_grows(rules: str) -> None:
    assert stopped(rules)


def test_constants_do_not_grow_when_a_policy_is_compiled() -> None:
    assert stopped(again('"abcdefgh"', 'concat("", [X, X])'))


def test_squares_of_squares_have_no_end_of_digits() -> None:
    found = program(
        "\n".join(
            ["a0 := count(input.review.l)", *[f"a{at + 1} := a{at} * a{at}" for at in range(30)], once("a30 > 0")]
        )
    )
    with pytest.raises(EvaluationError, match="a number is out of range"):
        list(found(REVIEW, EMPTY))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('x := concat("", [sprintf("%999999d", [input.review.n]), "x"]); count(x) > 0', id="a text"),
        pytest.param("count(numbers.range(input.review.n, 400000)) > 0", id="an array"),
        pytest.param("count([x | some x in numbers.range(input.review.n, 200000)]) > 0", id="a comprehension"),
    ],
)
def test_what_is_merely_large_is_allowed(body: str) -> None:
    assert len(list(program(once(body))(REVIEW, EMPTY))) == 1
