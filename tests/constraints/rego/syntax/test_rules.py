"""Rules, packages and imports of Rego as trees (shapes: regoshapes)."""

from __future__ import annotations

import pytest
from regoshapes import module, rules

from constraints.lang.source import Span
from constraints.rego.syntax.tree import Import


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        pytest.param("p if true", ["p = true {true}"], id="one expression"),
        pytest.param("p if { x; y }", ["p = true {x; y}"], id="a body"),
        pytest.param("p if {x}", ["p = true {x}"], id="what could be a set is a body"),
        pytest.param('p if {"a": 1}', ['p = true {{"a": 1}}'], id="an object is none"),
        pytest.param("p if {}", ["p = true {{}}"], id="nor is an empty one"),
        pytest.param("p if {x} == y", ["p = true {equal({x}, y)}"], id="a comparison of a set is none"),
        pytest.param("p if {x | y}", ["p = true {set(x | y)}"], id="a comprehension is none"),
        pytest.param("p := 1", ["p := 1"], id="a constant"),
        pytest.param("p = 1", ["p = 1"], id="a constant with one sign"),
        pytest.param("p := x if x := 1", ["p := x {assign(x, 1)}"], id="a value and an expression"),
        pytest.param("p contains 1", ["p contains 1"], id="a member"),
        pytest.param("p contains x if { x = 1 }", ["p contains x {eq(x, 1)}"], id="members"),
        pytest.param("p.q contains x if x", ["p.q contains x {x}"], id="members below a path"),
        pytest.param("p[x].q contains y if z", ["p[x].q contains y {z}"], id="members below a variable"),
        pytest.param("p[x] if x", ["p[x] = true {x}"], id="keys that are true"),
        pytest.param("p[x] := y if z", ["p[x] := y {z}"], id="keys and values"),
        pytest.param("p[x][y] := z if z", ["p[x][y] := z {z}"], id="two keys"),
        pytest.param("p.q.r := 1", ["p.q.r := 1"], id="a constant below a path"),
        pytest.param('p["a b"].c = 1', ['p["a b"].c = 1'], id="a string in a path"),
        pytest.param("p.if.q := 1\nif.p := 2", ["p.if.q := 1", "if.p := 2"], id="keywords in paths"),
        pytest.param("f(x) := y if y := x", ["f(x) := y {assign(y, x)}"], id="a function"),
        pytest.param("f(x, [1, _]) if x", ["f(x, [1, _]) = true {x}"], id="patterns as arguments"),
        pytest.param("p.f(x) = x", ["p.f(x) = x"], id="a function below a path without a body"),
        pytest.param("f (x) := x if x", ["f(x) := x {x}"], id="space before the first access of a head"),
        pytest.param("default p := {x | x := 1}", ["default p := set(x | assign(x, 1))"], id="a default"),
        pytest.param("default p.q = [1, {}]", ["default p.q = [1, {}]"], id="a default below a path"),
        pytest.param("default f(_, x) := 1", ["default f(_, x) := 1"], id="a default of a function"),
        pytest.param("default p", ["default p = true"], id="a default without a value"),
        pytest.param("p := 1 if x else := 2", ["p := 1 {x} else p := 2"], id="else with a value"),
        pytest.param("p if x else if y", ["p = true {x} else p = true {y}"], id="else with a condition"),
        pytest.param(
            "f(a) := 1 if x else = 2 if {y} else := 3",
            ["f(a) := 1 {x} else f(a) = 2 {y} else f(a) := 3"],
            id="several else",
        ),
        pytest.param("p if {a} {b}", ["p = true {a}", "p = true {b}"], id="several bodies"),
        pytest.param("p if x\nelse.q := 1", ["p = true {x}", "else.q := 1"], id="a rule below else"),
        pytest.param("p := 1 q := 2", ["p := 1", "q := 2"], id="statements need no separator"),
        pytest.param("_ := 1", ["$1 := 1"], id="a wildcard as a name"),
    ],
)
def test_v1(text: str, shapes: list[str]) -> None:
    assert rules(text) == shapes


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        pytest.param("p { x; y }", ["p = true {x; y}"], id="a body"),
        pytest.param("p = x { x = 1 }", ["p = x {eq(x, 1)}"], id="a value"),
        pytest.param("p[x] { x = 1 }", ["p contains x {eq(x, 1)}"], id="members"),
        pytest.param("p[1]", ["p contains 1"], id="a member without a body"),
        pytest.param('p.q { true }\nr["a"]', ['p contains "q" {true}', 'r contains "a"'], id="members with a point"),
        pytest.param("p[x] = y { z }", ["p[x] = y {z}"], id="keys and values"),
        pytest.param("p[x] = 1", ["p[x] = 1"], id="keys and values without a body"),
        pytest.param("p.q.r", ["p.q.r = true"], id="a path alone"),
        pytest.param("p.q.r { x }", ["p.q.r = true {x}"], id="a long path is no set"),
        pytest.param("f(x) = y { y = x }", ["f(x) = y {eq(y, x)}"], id="a function"),
        pytest.param("f(x)", ["f(x) = true"], id="a function without a body"),
        pytest.param("f() = x { x = 1 }", ["f = x {eq(x, 1)}"], id="no arguments make no function"),
        pytest.param("p { a } { b }", ["p = true {a}", "p = true {b}"], id="several bodies"),
        pytest.param("p { a } else = 2 { b } else { c }", ["p = true {a} else p = 2 {b} else p = true {c}"], id="else"),
        pytest.param("default p = false", ["default p = false"], id="a default"),
        pytest.param("if { in }\ncontains[every] { x }", ["if = true {in}", "contains contains every {x}"], id="names"),
        pytest.param("p { not x[_] }", ["p = true {not x[_]}"], id="negation"),
        pytest.param("p\n{ x }", ["p = true {x}"], id="a body on the next line"),
    ],
)
def test_v0(text: str, shapes: list[str]) -> None:
    assert rules(text, v1=False) == shapes


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        pytest.param(
            "import future.keywords.in\np { some x in y }", ["p = true {some x in y}"], id="one word is imported"
        ),
        pytest.param(
            "import future.keywords.every\np { every x in y { x in z } }",
            ["p = true {every x in y {internal.member_2(x, z)}}"],
            id="every brings in",
        ),
        pytest.param(
            "import future.keywords\np contains x if { x }\nq { x }",
            ["p contains x {x}", "q = true {x}"],
            id="all words",
        ),
        pytest.param("import rego.v1\np contains x if { x }", ["p contains x {x}"], id="the language"),
        pytest.param(
            "import future.keywords.not\np { not { x; y } with input as 1\n not z }",
            ["p = true {equal(array(true | x; y), []) with input as 1; equal(array(true | z), [])}"],
            id="bodies behind not",
        ),
    ],
)
def test_v0_with_imports_of_the_language(text: str, shapes: list[str]) -> None:
    assert rules(text, v1=False) == shapes


@pytest.mark.parametrize(
    ("text", "package"),
    [
        pytest.param("package a", ("a",), id="one name"),
        pytest.param("package a.b.c", ("a", "b", "c"), id="several names"),
        pytest.param('package a["b c"].d', ("a", "b c", "d"), id="a string"),
        pytest.param("package if.not", ("if", "not"), id="keywords"),
        pytest.param("# METADATA\n# title: x\npackage\ta # b", ("a",), id="comments around it"),
    ],
)
def test_packages(text: str, package: tuple[str, ...]) -> None:
    assert module(text).package == package


@pytest.mark.parametrize(
    ("text", "imports"),
    [
        pytest.param("import data.a.b", [Import(("data", "a", "b"), "b")], id="the last part is the name"),
        pytest.param("import data.a as b", [Import(("data", "a"), "b")], id="an alias"),
        pytest.param('import data.a["b c"]', [Import(("data", "a", "b c"), "b c")], id="a string"),
        pytest.param(
            "import input\nimport input.x", [Import(("input",), "input"), Import(("input", "x"), "x")], id="input"
        ),
        pytest.param("import data.if.x", [Import(("data", "if", "x"), "x")], id="a keyword within"),
        pytest.param("import data.if as x", [Import(("data", "if"), "x")], id="a keyword at the end with an alias"),
        pytest.param("import rego.v1\nimport future.keywords.if", [], id="the language leaves nothing"),
    ],
)
def test_imports(text: str, imports: list[Import]) -> None:
    assert list(module(f"package p\n{text}").imports) == imports


def test_a_module_knows_where_it_comes_from_and_which_syntax_it_has() -> None:
    found = module("\npackage p\nimport rego.v1", v1=False)
    assert (found.source, found.v1, found.span) == ("policy", True, Span(2, 1))
    assert not module("package p\nimport future.keywords", v1=False).v1


def test_rules_and_their_parts_know_where_they_stand() -> None:
    (rule,) = module("package p\n\n q := x.y if {\n\tnot f(1)\n} else := 2").rules
    assert (rule.span, rule.head.span, rule.head.value.span) == (Span(3, 2), Span(3, 2), Span(3, 7))  # type: ignore[union-attr]
    assert (rule.body[0].span, rule.body[0].what.span) == (Span(4, 2), Span(4, 6))
    assert rule.else_ is not None
    assert rule.else_.span == Span(5, 3)


def test_a_later_body_stands_at_its_bracket() -> None:
    _, second = module("package p\nq { a }\n  { b }", v1=False).rules
    assert (second.span, second.head.span) == (Span(3, 3), Span(3, 3))
