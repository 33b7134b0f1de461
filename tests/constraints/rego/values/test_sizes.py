"""What a builtin or an operator does costs steps by the size of what it is given."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pytest
from largeoperands import OUTSIDE, operands

from constraints.drivers.rego import RegoDriver
from constraints.errors import EvaluationError
from constraints.inventory import EMPTY
from constraints.model import Finding
from constraints.rego.builtins import BUILTINS, BuiltinError
from constraints.rego.policy import Settings
from constraints.rego.runtime.context import BUDGET
from constraints.rego.values.kinds import Value
from constraints.rego.values.sizes import limited_to

SIZE: Final = 5_000
LEAST: Final = SIZE // 100
FREE: Final = frozenset(
    [
        "abs",
        "array.concat",
        "array.reverse",
        "array.slice",
        "assign",
        "bits.and",
        "bits.lsh",
        "bits.negate",
        "bits.or",
        "bits.rsh",
        "bits.xor",
        "cast_array",
        "cast_boolean",
        "cast_null",
        "cast_object",
        "cast_set",
        "cast_string",
        "ceil",
        "concat",
        "contains",
        "count",
        "div",
        "endswith",
        "eq",
        "floor",
        "format_int",
        "glob.quote_meta",
        "graph.reachable_paths",
        "indexof",
        "internal.member_3",
        "internal.template_string",
        "io.jwt.decode",
        "is_array",
        "is_boolean",
        "is_null",
        "is_number",
        "is_object",
        "is_set",
        "is_string",
        "json.marshal_with_options",
        "lower",
        "minus",
        "mul",
        "net.cidr_contains",
        "net.cidr_expand",
        "net.cidr_intersects",
        "net.cidr_is_valid",
        "net.cidr_overlap",
        "numbers.range",
        "numbers.range_step",
        "object.get",
        "plus",
        "rego.metadata.chain",
        "rego.metadata.rule",
        "rem",
        "round",
        "semver.compare",
        "semver.is_valid",
        "startswith",
        "strings.any_prefix_match",
        "strings.any_suffix_match",
        "strings.reverse",
        "substring",
        "time.add_date",
        "time.clock",
        "time.date",
        "time.diff",
        "time.format",
        "time.parse_ns",
        "time.weekday",
        "to_number",
        "trim_prefix",
        "trim_space",
        "trim_suffix",
        "type_name",
        "units.parse",
        "units.parse_bytes",
        "upper",
        "uuid.parse",
        "walk",
    ]
)
"""Builtins whose work does not grow with these arguments, or is counted where its result goes."""
PREFIX = ("io.jwt.verify_",)


def spent(run: Callable[..., Value], arguments: list[Value]) -> int:
    """The steps of one call, more than there were when it is stopped."""
    most = 20 * SIZE
    with limited_to(most) as steps:
        with suppress(BuiltinError, EvaluationError):
            run(*arguments)
        return most - steps.left


def charged() -> list[str]:
    """The builtins that are to cost steps for large arguments."""
    usable = (name for name in BUILTINS if name not in OUTSIDE | FREE and not name.startswith(PREFIX))
    return [name for name in usable if not BUILTINS[name].missing]


@pytest.mark.parametrize("name", charged())
def test_large_arguments_of_a_builtin_cost_steps(name: str) -> None:
    steps = spent(BUILTINS[name].run, operands(name, SIZE))
    assert steps >= LEAST, (
        f"{name} costs {steps} steps for {SIZE} characters or items: let it `spend` by their number, give it arguments"
        " that it takes in largeoperands.SPECIAL, or name it in FREE if its work does not grow with them"
    )


def test_small_arguments_cost_nearly_none() -> None:
    costs = {
        name: spent(BUILTINS[name].run, operands(name, 3)) for name in ("concat", "max", "object.union", "sort", "trim")
    }
    assert max(costs.values()) < 10


A = "a := numbers.range(input.n, 100000)"
LOOP = "i := numbers.range(1, 20000)[_]"
TEXT = 's := sprintf("%500000d", [input.n])'


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"{A}; max(a) > i", id="max"),
        pytest.param(f"{A}; sum(a) > i", id="sum"),
        pytest.param(f'{A}; not "x" in a', id="in"),
        pytest.param(f"{A}; a == array.concat(a, [])", id="equality"),
        pytest.param(f"{A}; not a < a", id="order"),
        pytest.param(f"{A}; b := {{x | x := a[_]}}; count(b - {{i}}) > 1", id="difference of sets"),
        pytest.param(f"{A}; b := {{x | x := a[_]}}; count(b & {{x | x := a[_]}}) > 1", id="intersection"),
        pytest.param(f"{A}; count({{[a, i]}}) == 1; count({{a, i}}) == 2", id="literals with large members"),
        pytest.param(
            f'{A}; o := {{sprintf("%d", [x]): x | x := a[_]}}; object.subset(o, object.union(o, {{}}))',
            id="object.subset",
        ),
        pytest.param(f'{TEXT}; not regex.match("x{{2}}y", concat("", [s, sprintf("%d", [i])]))', id="regex.match"),
        pytest.param(
            f"{A}; x := [a, a, a, a]; y := [x, x, x, x]; z := [y, y, y, y]; z == [y, y, y, array.concat(y, [])]",
            id="shared structures",
        ),
    ],
)
def test_operands_that_are_looked_at_again_and_again_use_up_the_steps(body: str) -> None:
    rego = f'package p\nimport future.keywords.in\nviolation[{{"msg": "m"}}] {{ count([1 | {LOOP}; {body.replace("input.n", "input.review.n")}]) >= 0 }}'
    with pytest.raises(EvaluationError, match="needs more steps"):
        asked(rego, BUDGET // 5)


def asked(rego: str, budget: int = BUDGET) -> list[Finding]:
    driver = RegoDriver(Settings(BUILTINS, budget=budget))
    return list(driver.compile("K", {"rego": rego}).program({})({"n": 1}, EMPTY))


CHAIN = "\n".join(
    [*(f"f{at}(x) = y {{ y := f{at - 1}(x + 1) + f{at - 1}(x + 2) }}" for at in range(1, 26)), "f0(x) = x"]
)
COUNTED = "f(a, b) = y { y := count([1 | j := numbers.range(1, 3000)[_]; j > a]) + count(b) }"
SEEN = "f(x) = y { y := count([1 | input.review.q[_]]) }"
WORK = "count([1 | i := numbers.range(1, 300)[_]; j := numbers.range(1, 300)[_]; i > j]) > 0"


@pytest.mark.parametrize(
    ("functions", "body", "answer"),
    [
        pytest.param(CHAIN, "x := f25(input.review.n + 4)", "1426063360", id="each calls two others"),
        pytest.param(
            COUNTED,
            'x := count([1 | i := numbers.range(1, 3000)[_]; f(i % 7, {"a": [i % 3]}) > 0])',
            "3000",
            id="in a loop, with few different arguments",
        ),
        pytest.param(
            SEEN,
            f'a := f(1) with input.review as {{"q": [1, 2]}}; {WORK}; b := f(1) with input.review as {{"q": [1]}}; x := [a, b, f(1)]',
            "[2, 1, 0]",
            id="another input gives another answer",
        ),
    ],
)
def test_calls_with_equal_arguments_are_made_once_where_that_matters(functions: str, body: str, answer: str) -> None:
    rego = f'package p\n{functions}\nviolation[{{"msg": m}}] {{ {body}; m := sprintf("%v", [x]) }}'
    assert [found.message for found in asked(rego)] == [answer]


def _shared(text: str) -> Value:
    """An object of few keys that holds itself again and again: there are 2^40 ways down."""
    value: Value = {text: 1}
    for _ in range(40):
        value = {"l": value, "r": value}
    return value


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param("object.union", [_shared("a"), _shared("b")], id="a union"),
        pytest.param("object.union_n", [[_shared("a"), _shared("b")]], id="a union of many"),
        pytest.param(
            "strings.render_template",
            ["{{range .l}}{{range $.l}}{{range $.l}}{{range $.l}}{{end}}{{end}}{{end}}{{end}}", {"l": [1] * 200}],
            id="empty loops in loops",
        ),
    ],
)
def test_small_values_cost_steps_where_there_is_no_end_of_them(name: str, arguments: list[Value]) -> None:
    with limited_to(BUDGET // 10), pytest.raises(EvaluationError, match="more steps"):
        BUILTINS[name].run(*arguments)
