"""Each step towards OPA's form of a rule, alone: `t` are variables that the compiler makes."""

from __future__ import annotations

import pytest

from constraints.errors import CompileError
from constraints.lang.source import Source
from constraints.rego.builtins import BUILTINS
from constraints.rego.flat.calls import spread_calls
from constraints.rego.flat.lookups import spread_lookups
from constraints.rego.flat.numbers import number
from constraints.rego.flat.plain import make_plain
from constraints.rego.flat.rules import FlatRule, branches
from constraints.rego.flat.safety import check_head, order_body, order_to_translate
from constraints.rego.flat.templates import Knowledge, spread_templates
from constraints.rego.names.modules import Definition, resolve_modules
from constraints.rego.syntax.parser import parse_module
from constraints.rego.syntax.problems import Problems
from constraints.rego.syntax.spelling import body_text, term_text


def definitions(text: str) -> list[Definition]:
    """The definitions of a module."""
    return resolve_modules(
        [parse_module(Source("m", f"package a\n{text}"), v1=True)], BUILTINS, Problems(), strict=False
    )


def flat(text: str) -> FlatRule:
    """The first definition, behind step one."""
    rule = branches(definitions(text)[0])[0]
    make_plain(rule, keep_prints=False)
    return rule


def arity(name: str) -> int | None:
    return BUILTINS[name].arity if name in BUILTINS else None


def around(problems: Problems) -> Knowledge:
    return Knowledge(arity, lambda ref: False, problems)


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        pytest.param("x := 1", "x = 1", id="an assignment is a unification"),
        pytest.param("some x in input.a", "x = input.a[t]", id="a member is a lookup"),
        pytest.param("some k, x in input.a", "x = input.a[k]", id="with its key"),
        pytest.param("some x in [1]", "x = [1][t]", id="in a term, too"),
        pytest.param("every x in input.a { x > 1 }", "every t, x in input.a { gt(x, 1) }", id="every has a key"),
        pytest.param('print("a")', "true", id="prints are gone, and no body is empty"),
        pytest.param("some x; input.a[x]", "input.a[x]", id="declarations are gone"),
        pytest.param("y := [x | some x in input.a]", "y = [x | x = input.a[t]]", id="in closures, too"),
    ],
)
def test_plain_statements(body: str, plain: str) -> None:
    assert body_text(flat(f"p if {{ {body} }}").body) == plain


@pytest.mark.parametrize(
    ("body", "spread"),
    [
        pytest.param("count(input.a) > 1", "count(input.a, t); gt(t, 1)", id="a call has its result as an argument"),
        pytest.param("not count(input.a) > 1", "count(input.a, t); not gt(t, 1)", id="what is nested is not negated"),
        pytest.param("[1, 2][i] = 2", "t = [1, 2]; t[i] = 2", id="what is looked into is a variable"),
        pytest.param("x := [count(y) | y := input.a]", "x = [t | y = input.a; count(y, t)]", id="within its closure"),
        pytest.param("x := {input.a | true}", "x = {t | t = input.a}", id="the term of a closure is a variable"),
        pytest.param(
            "input.p with input as count(input.q)",
            "count(input.q, t); input.p with input as t",
            id="the value of with comes first",
        ),
        pytest.param(
            "input.p with input as input.q", "t = input.q; input.p with input as t", id="also when it is a reference"
        ),
        pytest.param(
            '{"b": upper(input.b), "a": lower(input.a)}.a',
            'lower(input.a, t); upper(input.b, t); t = {"a": t, "b": t}; t.a',
            id="in the order of keys",
        ),
    ],
)
def test_calls_by_themselves(body: str, spread: str) -> None:
    rule = flat(f"p if {{ {body} }}")
    spread_calls(rule)
    assert body_text(rule.body) == spread


def test_a_head_looks_nothing_up() -> None:
    rule = flat('p[input.k] := {"n": count(x), "v": input.v} if { x := input.a }')
    spread_calls(rule)
    assert body_text(rule.body) == 'x = input.a; t = input.k; count(x, t); t = {"n": t, "v": input.v}'
    assert [term_text(term) for term in (*rule.suffix, rule.value) if term is not None] == ["t", "t"]


@pytest.mark.parametrize(
    ("body", "spread"),
    [
        pytest.param("startswith(input.a, input.b)", "t = input.a; t = input.b; startswith(t, t)", id="in arguments"),
        pytest.param("not startswith(input.a, x)", "t = input.a; not startswith(t, x)", id="before a negation"),
        pytest.param("input.a == input.b", "input.a = input.b", id="the sides of a unification stay"),
        pytest.param("input.a[input.b] = x", "t = input.b; input.a[t] = x", id="but not their keys"),
        pytest.param("[input.a] = x", "t = input.a; [t] = x", id="nor what is in composites"),
        pytest.param("count([1 | input.a])", "t = [1 | input.a]; count(t)", id="closures in arguments"),
        pytest.param("x = [1 | f(input.a)]", "x = [1 | t = input.a; data.a.f(t)]", id="inside of closures"),
    ],
)
def test_lookups_by_themselves(body: str, spread: str) -> None:
    rule = flat(f"p if {{ some x; {body} }}\nf(x) := x")
    assert body_text(spread_lookups(rule.body, rule.fresh)) == spread


def test_parts_of_template_strings_are_collected() -> None:
    rule = flat('p if { x := input.a; y := $"{x} {input.b}"; z := $"" }')
    problems = Problems()
    spread_templates(rule, around(problems))
    assert body_text(rule.body).split("; ", 1)[1] == (
        'y = internal.template_string([{x}, " ", {t | t = input.b}]); z = internal.template_string([""])'
    )
    assert not problems.found


def test_template_strings_use_what_the_body_binds() -> None:
    rule = flat('p if { x := $"{count(y)}" }')
    problems = Problems()
    spread_templates(rule, around(problems))
    with pytest.raises(CompileError, match="rego_compile_error: var y is undeclared"):
        problems.check()


@pytest.mark.parametrize(
    ("body", "ordered"),
    [
        pytest.param("y > 1; y = input.a", "y = input.a; gt(y, 1)", id="a comparison waits"),
        pytest.param("x = [z | z > y; z = 1]; y = 2", "y = 2; x = [z | z = 1; gt(z, y)]", id="closures and in them"),
    ],
)
def test_safe_order(body: str, ordered: str) -> None:
    rule = flat(f"p if {{ {body} }}")
    problems = Problems()
    order_body(rule, arity, problems)
    assert (body_text(rule.body), list(problems.found)) == (ordered, [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("p if { x > 1 }", "var x is unsafe", id="what is never bound"),
        pytest.param("p if { not input.a[x] }", "var x is unsafe", id="negation binds nothing"),
        pytest.param("p if { y := [1 | z > 1] }", "var z is unsafe", id="in closures"),
    ],
)
def test_unsafe_bodies(text: str, words: str) -> None:
    rule = flat(text)
    problems = Problems()
    order_body(rule, arity, problems)
    with pytest.raises(CompileError, match=words):
        problems.check()


def test_unsafe_heads() -> None:
    problems = Problems()
    check_head(flat("p contains x if { input.a }"), problems)
    with pytest.raises(CompileError, match="var x is unsafe"):
        problems.check()


def test_where_opas_order_is_mistaken_ours_is_not() -> None:
    """OPA takes the result of a call for bound when its arguments are not; it can unify what is not bound yet."""
    rule = flat("p := n if { count({xs}, m); n = m; xs = input.a }")
    order_body(rule, arity, Problems())
    assert body_text(rule.body) == "n = m; xs = input.a; count({xs}, m)"
    assert body_text(order_to_translate(rule, arity) or ()) == "xs = input.a; count({xs}, m); n = m"


def test_variables_have_opas_numbers_step_by_step() -> None:
    found = definitions("p := y if { some x in input.a; y := count(x) }\nq := z if { z := 1 }")
    rules = [branch for one in found for branch in branches(one)]
    for rule in rules:
        make_plain(rule, keep_prints=False)
    for rule in rules:
        spread_calls(rule)
    number(found)
    names = found[0].fresh.opas
    assert (names["x"], names["y"]) == ("__local2__", "__local3__")  # two for the key, then those that were written
    assert found[1].fresh.opas["z"] == "__local4__"
    assert "__local5__" in names.values()  # the result of count, a step later
