"""Fields are looked up before builtins are called, wherever nobody can tell from errors, prints or answers."""

from __future__ import annotations

import pytest
from regodriver import messages

from constraints.lang.source import Source
from constraints.rego.builtins import BUILTINS
from constraints.rego.codegen.rewrites.early import with_early_fields
from constraints.rego.passes import prepare
from constraints.rego.syntax.parser import parse_module
from constraints.rego.syntax.spelling import body_text

FIELDS = """package a
violation[{"msg": msg}] {
    x := input.review.object
    msg := sprintf("%v", [{x.b: "the field", upper(x.c): "the call"}])
}
"""


def early(body: str) -> str:
    """The body of a rule with early fields; `t` are variables of the compiler."""
    text = f"package a\np if {{ x := input.a; {body} }}\nf(x) := x"
    found = prepare([parse_module(Source("m", text), v1=True)]).rules["a", "p"][0].body
    return body_text(with_early_fields(found, BUILTINS)).removeprefix("x = input.a; ")


@pytest.mark.parametrize(
    ("body", "ordered"),
    [
        pytest.param("m := [upper(x.a), x.b]", "t = x.a; t = x.b; upper(t, t); m = [t, t]", id="before a builtin"),
        pytest.param(
            "m := [upper(lower(x)), x.b]", "t = x.b; lower(x, t); upper(t, t); m = [t, t]", id="before all of several"
        ),
        pytest.param(
            "m := {concat(x, [y | y := data.inventory.z[_]]), x.b}",
            "t = x.b; t = [y | y = data.inventory.z[_]]; concat(x, t, t); m = {t, t}",
            id="before a list that it is given",
        ),
        pytest.param(
            "m := [f(x), x.b]", "data.a.f(x, t); t = x.b; m = [t, t]", id="but a function may end in an error"
        ),
        pytest.param(
            "m := [count([y | y := f(x)]), x.b]",
            "t = [y | data.a.f(x, y)]; t = x.b; count(t, t); m = [t, t]",
            id="also within a list",
        ),
        pytest.param(
            "m := [rand.intn(x, 2), x.b]", "rand.intn(x, 2, t); t = x.b; m = [t, t]", id="and random numbers are drawn"
        ),
        pytest.param(
            "m := [upper(x.a), x.b] with input.c as 1",
            "t = x.a with input.c as 1; upper(t, t) with input.c as 1; t = x.b with input.c as 1; "
            "m = [t, t] with input.c as 1",
            id="nothing moves under a with",
        ),
        pytest.param("upper(x) == x.b", "upper(x, t); t = x.b", id="what is compared keeps its place"),
        pytest.param(
            "startswith(x, upper(x)); m := [x.b]",
            "upper(x, t); startswith(x, t); t = x.b; m = [t]",
            id="a condition keeps others waiting",
        ),
        pytest.param("m := [lower(x), x[_]]", "lower(x, t); t = x[_]; m = [t, t]", id="an iteration is no field"),
        pytest.param(
            "m := [json.unmarshal(x).b, 1]", "json.unmarshal(x, t); t = t.b; m = [t, 1]", id="nor a part of a result"
        ),
    ],
)
def test_fields_come_first(body: str, ordered: str) -> None:
    assert early(body) == ordered


def test_of_equal_keys_the_same_one_counts() -> None:
    assert messages(FIELDS, {"object": {"b": "A", "c": "a"}}) == ['{"A": "the field"}']
