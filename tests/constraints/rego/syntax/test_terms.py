"""Terms and expressions of Rego as trees (shapes: regoshapes)."""

from __future__ import annotations

import pytest
from regoshapes import query


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param("null; true; false", "null; true; false", id="words"),
        pytest.param("1; -1; - 1; .5; -.5", "1; -1; -1; 0.5; -0.5", id="numbers"),
        pytest.param(r'"a\n"; `a\n`', r'"a\n"; "a\\n"', id="strings"),
        pytest.param("x.y", "x.y", id="a field"),
        pytest.param('x["a b"][y].z', 'x["a b"][y].z', id="accesses of both kinds"),
        pytest.param("x [y]", "x; [y]", id="an access must touch what it accesses"),
        pytest.param("x[y + 1, 2 in z]", "x[internal.member_3(plus(y, 1), 2, z)]", id="any expression within brackets"),
        pytest.param("input; data", "input; data", id="roots alone are variables"),
        pytest.param("f(x).y[0]", "f(x).y[0]", id="a reference on a call"),
        pytest.param("f(x)(y)", "f(x); y", id="a result is no function"),
        pytest.param('a.b["c"](1)', "a.b.c(1)", id="a function below a path"),
        pytest.param("f(1, [2],)", "f(1, [2])", id="a comma behind the last argument"),
        pytest.param("f()", "f()", id="no arguments"),
        pytest.param("[1, 2][0]; {1}[x]; {1: 2}[1]", "[1, 2][0]; {1}[x]; {1: 2}[1]", id="references on composites"),
        pytest.param("[x | x = 1][0]", "array(x | eq(x, 1))[0]", id="a reference on a comprehension"),
        pytest.param("(a + b).c", "plus(a, b).c", id="a reference on a parenthesis"),
        pytest.param("x.if.package.in", "x.if.package.in", id="keywords behind a point"),
        pytest.param('contains("a", "b")', 'contains("a", "b")', id="contains is a name outside heads"),
        pytest.param("_ = _", "eq(_, _)", id="wildcards"),
        pytest.param("set(); {}; []", "set(); {}; []", id="empty composites"),
        pytest.param("{,1}; [,1]", "{1}; [1]", id="a leading comma, for backwards compatibility"),
        pytest.param('{"a": 1, "b": 2,}', '{"a": 1, "b": 2}', id="a comma behind the last pair"),
        pytest.param("{a: 1, a: 2, 1: 3, true: 4}", "{a: 2, 1: 3, true: 4}", id="of equal keys the last one counts"),
    ],
)
def test_terms(text: str, shape: str) -> None:
    assert query(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param("1 + 2 * 3", "plus(1, mul(2, 3))", id="products before sums"),
        pytest.param("1 - 2 - 3", "minus(minus(1, 2), 3)", id="to the left"),
        pytest.param("8 / 4 % 3", "rem(div(8, 4), 3)", id="products of all kinds to the left"),
        pytest.param("a | b & c", "or(a, and(b, c))", id="intersections before unions"),
        pytest.param("a & b + c", "and(a, plus(b, c))", id="sums before intersections"),
        pytest.param("a | b == c", "equal(or(a, b), c)", id="unions before comparisons"),
        pytest.param("a < b <= c", "lte(lt(a, b), c)", id="comparisons in a row"),
        pytest.param("a == b in c", "internal.member_2(equal(a, b), c)", id="comparisons before membership"),
        pytest.param("a in b in c", "internal.member_2(internal.member_2(a, b), c)", id="membership in a row"),
        pytest.param("a, b in c", "internal.member_3(a, b, c)", id="key and value"),
        pytest.param("f(a, b in c)", "f(a, internal.member_2(b, c))", id="a comma in a list separates"),
        pytest.param("f((a, b in c))", "f(internal.member_3(a, b, c))", id="unless in parentheses"),
        pytest.param("x := a in b", "assign(x, internal.member_2(a, b))", id="assignment last"),
        pytest.param("x = y == z", "eq(x, equal(y, z))", id="unification last"),
        pytest.param("(1 + 2) * 3", "mul(plus(1, 2), 3)", id="parentheses"),
        pytest.param("1 -1", "minus(1, 1)", id="a minus behind a term is an operator"),
        pytest.param("-x.y * 2", "mul(minus(0, x.y), 2)", id="a minus before a reference"),
        pytest.param("x - -f(y)", "minus(x, minus(0, f(y)))", id="a minus before a call"),
    ],
)
def test_operators(text: str, shape: str) -> None:
    assert query(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param("{x | y}", "set(x | y)", id="a set comprehension, not a union"),
        pytest.param("{(x | y)}", "{or(x, y)}", id="a union in parentheses"),
        pytest.param("{x | y, z}", "{or(x, y), z}", id="a comma shows a union"),
        pytest.param("[x | y, z]", "[or(x, y), z]", id="also in an array"),
        pytest.param("{,x | y}", "{or(x, y)}", id="as does a leading comma"),
        pytest.param("{x: y | z}", "object(x: y | z)", id="an object comprehension"),
        pytest.param("{x: y | z, 1: 2}", "{x: or(y, z), 1: 2}", id="a comma shows an object"),
        pytest.param("{a + 1: b | c}", "object(plus(a, 1): b | c)", id="operators in a key"),
        pytest.param("{x | some x; x > 1\nf(x)}", "set(x | some x; gt(x, 1); f(x))", id="a body of several lines"),
        pytest.param("{a | b, c in d}", "set(a | internal.member_3(b, c, d))", id="a comma before in belongs to it"),
        pytest.param("{{a | b, 1} | c, 2}", "{or({or(a, b), 1}, c), 2}", id="unions within unions"),
        pytest.param("[[x | y][0] | z]", "array(array(x | y)[0] | z)", id="comprehensions within comprehensions"),
    ],
)
def test_comprehensions_against_unions(text: str, shape: str) -> None:
    assert query(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param('$""', "template()", id="empty"),
        pytest.param('$"a"', 'template("a")', id="text alone"),
        pytest.param('$"a {x} b"', 'template("a ", x, " b")', id="a variable"),
        pytest.param('$"{x}{y.z}"', "template(x, y.z)", id="no text between expressions"),
        pytest.param('$"{1 + 2}"', "template(plus(1, 2))", id="operators"),
        pytest.param('$"{{x | x = 1}}"', "template(set(x | eq(x, 1)))", id="a comprehension"),
        pytest.param('$"{"b"}"', 'template("b")', id="a string"),
        pytest.param(r'$"\{x} \u0041"', 'template("{x} A")', id="escapes"),
        pytest.param("$`\\n{x}\n`", r'template("\\n", x, "\n")', id="raw"),
        pytest.param('$"{x # y\n}"', "template(x)", id="a comment within"),
        pytest.param('$"{x in y}"', "template(internal.member_2(x, y))", id="membership"),
        pytest.param(
            '$"{input.x with input as 1}"', "template(array(_ | eq(_, input.x) with input as 1)[0])", id="a modifier"
        ),
    ],
)
def test_template_strings(text: str, shape: str) -> None:
    assert query(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param("some x", "some x", id="one name"),
        pytest.param("some x, y, _", "some x, y, _", id="several names"),
        pytest.param("some x in xs", "some x in xs", id="members"),
        pytest.param("some k, v in xs", "some k, v in xs", id="keys and values"),
        pytest.param('some {"a": x}, [y] in f(z)', 'some {"a": x}, [y] in f(z)', id="patterns"),
        pytest.param("some x in xs with input as 1", "some x in xs with input as 1", id="members with a modifier"),
        pytest.param("some x in a | b == c", "some x in equal(or(a, b), c)", id="operators bind tighter than in"),
        pytest.param("every x in xs {x > 1}", "every x in xs {gt(x, 1)}", id="every"),
        pytest.param("every _, v in {1, 2} {v; 1}", "every _, v in {1, 2} {v; 1}", id="every with a key"),
        pytest.param("every x in xs {x} with input as 1", "every x in xs {x} with input as 1", id="every, modified"),
        pytest.param("not x", "not x", id="negation"),
        pytest.param("not x = 1 with input.a.b as 2", "not eq(x, 1) with input.a.b as 2", id="negation, modified"),
        pytest.param("f(x) with f as g with data.y as {1}", "f(x) with f as g with data.y as {1}", id="two modifiers"),
        pytest.param("not.x; some[0]; every.y; in.z", "not.x; some[0]; every.y; in.z", id="keywords as names of rules"),
        pytest.param("x; y\nz", "x; y; z", id="semicolons and lines"),
    ],
)
def test_expressions(text: str, shape: str) -> None:
    assert query(text) == shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param("in; every; if(contains)", "in; every; if(contains)", id="the words that must be imported"),
        pytest.param("some in, if", "some in, if", id="declared"),
    ],
)
def test_v0_has_fewer_keywords(text: str, shape: str) -> None:
    assert query(text, v1=False) == shape


def test_each_wildcard_is_a_variable_of_its_own() -> None:
    from constraints.lang.source import Source
    from constraints.rego.syntax.parser import parse_query

    (expr,) = parse_query(Source("query", "f(_, _)"))
    first, second = expr.what.args  # type: ignore[union-attr]
    assert first != second
