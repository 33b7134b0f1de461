"""All passes together: bodies come out in one form, in an order in which everything is bound before it is needed."""

from __future__ import annotations

import pytest

from constraints.lang.source import Source
from constraints.rego.names.resolved import Resolved
from constraints.rego.passes import prepare
from constraints.rego.query import prepare_query
from constraints.rego.syntax.parser import parse_module, parse_query
from constraints.rego.syntax.spelling import body_text, term_text
from constraints.rego.syntax.tree import Rule


def prepared(*texts: str, keep_prints: bool = False) -> Resolved:
    modules = [parse_module(Source(f"m{i}.rego", text), v1=True) for i, text in enumerate(texts)]
    return prepare(modules, keep_prints=keep_prints)


def rule(text: str) -> Rule:
    """The rule `p` or the function `f` of a module."""
    rules = prepared(f"package a\n{text}").rules
    return rules.get(("a", "p"), rules.get(("a", "f"), ()))[0]


@pytest.mark.parametrize(
    ("body", "ordered"),
    [
        pytest.param("x := 1; y := x", "x = 1; y = x", id="what is safe stays where it was written"),
        pytest.param("y > 1; y = input.a", "y = input.a; gt(y, 1)", id="a comparison waits for its variable"),
        pytest.param("x = y; y = 1", "y = 1; x = y", id="a unification waits until one side is bound"),
        pytest.param("not x; x = 1", "x = 1; not x", id="a negation waits for its variables"),
        pytest.param("[x, 1] = y; y = input", "y = input; [x, 1] = y", id="a pattern waits for its value"),
        pytest.param("x = [y]; y = 1", "y = 1; x = [y]", id="a value waits for its parts"),
        pytest.param("n = count(xs); xs = input.a", "xs = input.a; count(xs, n)", id="a call waits for its arguments"),
        pytest.param("count(xs, n); xs = input.a", "xs = input.a; count(xs, n)", id="also with an output behind them"),
        pytest.param("a = [y | y = x]; x = 1", "x = 1; a = [y | y = x]", id="a closure waits for what it captures"),
        pytest.param(
            "every v in xs { v > n }; xs = input.a; n = 1",
            "xs = input.a; n = 1; t = xs; every _, v in t { gt(v, n) }",
            id="every waits for its domain and its body",
        ),
        pytest.param("some v in xs; xs = [1]", "xs = [1]; v = xs[_]", id="some in waits for its domain"),
        pytest.param(
            "input.a[i] = x; x > j; j = i", "input.a[i] = x; j = i; gt(x, j)", id="keys iterate where they are free"
        ),
        pytest.param("p1 with input as y; y = {}", "y = {}; p1 with input as y", id="with waits for its value"),
        pytest.param(
            "a = [y | y > z; z = 1; y = 2]", "a = [y | z = 1; y = 2; gt(y, z)]", id="a closure is ordered inside"
        ),
        pytest.param(
            "to_number(x[0]) = input.a[x]; input.b[x]",
            "t = input.a[x]; input.b[x]; t = x[0]; to_number(t, t)",
            id="a side that is a call waits for its arguments",
        ),
        pytest.param(
            't := $"{x}"; x = 1',
            "x = 1; internal.template_string([{x}], t)",
            id="a template waits for its variables",
        ),
    ],
)
def test_order_of_a_body(body: str, ordered: str) -> None:
    assert body_text(rule(f"p if {{ {body} }}\np1 := 1").body).replace("data.a.", "") == ordered


@pytest.mark.parametrize(
    ("body", "ordered"),
    [
        pytest.param(
            'not startswith(input.x, "a")', 't = input.x; not startswith(t, "a")', id="a reference in a negated call"
        ),
        pytest.param("not input.x = 1", "not input.x = 1", id="a reference on a side of a negated unification stays"),
        pytest.param("not input.x == 1", "not input.x = 1", id="or of a comparison for equality"),
        pytest.param("not input.x[input.y]", "t = input.y; not input.x[t]", id="a key that is a reference"),
        pytest.param("not count(input.x) > 1", "t = input.x; count(t, t); not gt(t, 1)", id="an inner call"),
        pytest.param(
            "not input.p with input as input.x", "t = input.x; not input.p with input as t", id="the value of with"
        ),
        pytest.param(
            "some x, y; input.a[x] <= to_number(input.b[y])",
            "t = input.b[y]; to_number(t, t); t = input.a[x]; lte(t, t)",
            id="calls iterate before references",
        ),
        pytest.param(
            "some w; w + input.a[w] > 1",
            "t = input.a[w]; plus(w, t, t); gt(t, 1)",
            id="a reference that binds what stands beside it",
        ),
        pytest.param(
            "some i; input.p with input as input.a[i]",
            "t = input.a[i]; input.p with input as t",
            id="a value of with that iterates",
        ),
    ],
)
def test_what_opa_evaluates_first_stands_before(body: str, ordered: str) -> None:
    assert body_text(rule(f"p if {{ {body} }}").body) == ordered


def test_a_head_that_iterates_does_so_in_the_body() -> None:
    found = rule("p contains input.a[_].name")
    assert body_text(found.body) == "t = input.a[_].name"
    assert term_text(found.head.key or found.head.path[0]) == "t"


@pytest.mark.parametrize(
    ("text", "body", "head"),
    [
        pytest.param("p := count(x) if { x := input.a }", "x = input.a; count(x, t)", "t", id="a call"),
        pytest.param(
            'p := {"m": m, "x": x.a} if { x := input.a; m := upper(x.b) }',
            "x = input.a; t = x.b; upper(t, m); t = x.a",
            '{"m": m, "x": t}',
            id="an object, which stays in the head",
        ),
        pytest.param("p := [{input.a}] if { true }", "t = input.a", "[{t}]", id="an array and a set, too"),
        pytest.param("p := [x | x := input.a[_]]", "t = [x | x = input.a[_]]", "t", id="a closure"),
        pytest.param("default p := [x | some x in {1}]", "true", "[x | t = {1}; x = t[_]]", id="but that of a default"),
    ],
)
def test_a_head_only_puts_together_what_its_body_binds(text: str, body: str, head: str) -> None:
    found = rule(text)
    assert (body_text(found.body) or "true") == body
    assert term_text(found.head.value or found.head.path[0]) == head


@pytest.mark.parametrize(
    ("body", "short"),
    [
        pytest.param("n := count(input.a)", "t = input.a; count(t, n)", id="a result has the name that it is given"),
        pytest.param("count(input.a) = n", "t = input.a; count(t, n)", id="on either side"),
        pytest.param(
            "n := 1; n = count(input.a)", "n = 1; t = input.a; count(t, t); n = t", id="but one that is bound before"
        ),
        pytest.param(
            "n := 1; xs := [x | x := input.a[_]; f(x) == n]",
            "n = 1; xs = [x | x = input.a[_]; data.a.f(x, t); t = n]",
            id="also outside of a closure",
        ),
        pytest.param("[n] = f(input.a)", "t = input.a; data.a.f(t, t); [n] = t", id="nor a pattern"),
        pytest.param(
            "n := count(input.a) with input.b as 1",
            "t = input.a with input.b as 1; count(t, n) with input.b as 1",
            id="whatever is replaced for it",
        ),
        pytest.param(
            "x := [{1: count(y)} | y := input.a[_]]",
            "x = [{1: t} | y = input.a[_]; count(y, t)]",
            id="a composite is the term of its closure",
        ),
        pytest.param(
            'x := $"{input.a} {count(input.b)}"',
            'internal.template_string([{t | t = input.a}, " ", {t | t = input.b; count(t, t)}], x)',
            id="closures are parts of a template",
        ),
        pytest.param("not f(input.a) == 1", "t = input.a; data.a.f(t, t); not t = 1", id="what is negated is no name"),
    ],
)
def test_variables_that_only_hand_a_value_on_are_gone(body: str, short: str) -> None:
    assert body_text(rule(f"p if {{ {body} }}\nf(x) := x").body) == short


def test_a_key_of_a_comprehension_that_iterates_does_so_in_its_body() -> None:
    assert body_text(rule("p if { x := {input.a[_] | true} }").body) == "x = {t | t = input.a[_]}"


def test_prints_are_erased_unless_they_are_kept() -> None:
    text = 'package a\np if { x := 1; print("x is", x) }\nq if print(1)'
    rules = prepared(text).rules
    assert body_text(rules["a", "p"][0].body) == "x = 1"
    assert rules["a", "q"][0].body == ()
    assert body_text(prepared(text, keep_prints=True).rules["a", "q"][0].body) == (
        "t = {t | t = 1}; internal.print([t])"
    )


def test_names_are_unique_in_a_rule() -> None:
    found = rule("p if { x := 1; a := [x | x := 2]; b := {x | some x in [3]}; every x in a { x > b } }")
    names = repr(found.body)
    assert all(f"name='x{mark}'" in names for mark in ("", "#2", "#3", "#4"))


def test_a_closure_captures_what_the_body_mentions() -> None:
    assert "x#2" not in repr(rule("p if { x = 1; a = [y | y = x] }").body)
    assert "x#2" in repr(rule("p if { a = [x | x = input.a]; b = [x | x = input.b] }").body)


def test_names_are_resolved_to_absolute_paths() -> None:
    resolved = prepared(
        "package a.b\nimport data.lib\nimport input.review as r\np if { lib.f(q, r.x) }\nq := lib.k.v",
        "package lib\nf(x, y) := x + y\nk.v := 1",
    )
    assert body_text(resolved.rules["a", "b", "p"][0].body) == "t = data.a.b.q; t = input.review.x; data.lib.f(t, t)"
    assert resolved.graph["a", "b", "p"] == {("lib", "f"), ("a", "b", "q")}
    assert resolved.graph["a", "b", "q"] == {("lib", "k", "v")}
    assert resolved.functions == {"data.lib.f": ("lib", "f")}
    assert resolved.order.index(("a", "b", "q")) < resolved.order.index(("a", "b", "p"))


@pytest.mark.parametrize(
    ("reference", "reached"),
    [
        pytest.param("data.b", {("b", "q"), ("b", "r", "s")}, id="a prefix reaches what is below"),
        pytest.param("data.b.q.x.y", {("b", "q")}, id="a longer path reaches the rule on its way"),
        pytest.param("data.b[x]", {("b", "q"), ("b", "r", "s")}, id="a variable reaches all"),
        pytest.param("data[x].q", {("b", "q")}, id="what is behind a variable counts"),
        pytest.param("data.c", set(), id="base documents are no rules"),
    ],
)
def test_a_reference_reaches_rules(reference: str, reached: set[tuple[str, ...]]) -> None:
    resolved = prepared(f"package a\np := {reference} if {{ some x }}".replace(" if { some x }", ""), B)
    assert resolved.graph["a", "p"] == reached


B = "package b\nq := input.q\nr.s := 2"


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        pytest.param("x > 1; x = data.b.q", "x = data.b.q; gt(x, 1)", id="in safe order"),
        pytest.param("y = [x | x := 1]; x := 2", "y = [x | x = 1]; x = 2", id="with shadowing"),
        pytest.param("not data.b.q == 1", "t = data.b.q; not equal(t, 1)", id="where == is a call as any other"),
    ],
)
def test_a_query(query: str, ordered: str) -> None:
    assert body_text(prepare_query(parse_query(Source("", query), v1=True), prepared(B))) == ordered


def test_variables_of_a_query_keep_their_names() -> None:
    body = prepare_query(parse_query(Source("", "y = [x | x := 1]; x := 2"), v1=True), prepared(B))
    assert "name='x'" in repr(body[1])
    assert "name='x#2'" in repr(body[0])


def test_a_query_can_stand_in_a_package() -> None:
    body = prepare_query(parse_query(Source("", "q = x"), v1=True), prepared(B), package=("b",))
    assert body_text(body) == "data.b.q = x"
