"""Types that cannot fit are refused, in the words of `opa check` 1.17.1; what may fit is not."""

from __future__ import annotations

import pytest

from constraints.errors import CompileError
from constraints.lang.source import Source
from constraints.rego.names.resolved import Resolved
from constraints.rego.passes import prepare
from constraints.rego.syntax.parser import parse_module


def compiled(text: str) -> Resolved:
    return prepare([parse_module(Source("m.rego", f"package test\n{text}"), v1=True)])


REFUSED = [
    ('p if { 1 == "a" }', "match error"),
    ("p if { x := 1; x = null }", "match error"),
    ('p if { not 1 == "a" }', "match error"),
    ("p if { [1, 2] == [1] }", "match error"),
    ('p if { {"a": 1} == {"b": 1} }', "match error"),
    ('p if { some x in [1, 2]; x == "a" }', "match error"),
    ('p if { x := [y | y := 1]; x == ["a"] }', "match error"),
    ('f(x) if { x == "a"; x == 1 }', "match error"),
    ('p if { q == "b" }\nq := 1', "match error"),
    ('p if { q.a == "b" }\nq[x] := 1 if { x := "a" }', "match error"),
    ("p if { count(1) }", "count: invalid argument(s)"),
    ('p if { x := count("a") + "b"; x }', "plus: invalid argument(s)"),
    ('p if { plus(1, 2, "a") }', "plus: invalid argument(s)"),
    ('f(x) := x + 1\np if { f("a") }', "data.test.f: invalid argument(s)"),
    ('f("a") := 1\nf(null) := 2\np if { f(1) }', "data.test.f: invalid argument(s)"),
    ("p if { x := 1; x.foo }", "undefined ref: x.foo"),
    ('p if { x := {"a": {"b": 1}}; x.a.c }', "undefined ref: x.a.c"),
    ("p if { x := [1, 2]; x[5] }", "undefined ref: x[5]"),
    ('q := {"a": 1}\np if { q.b }', "undefined ref: data.test.q.b"),
    ("q contains 1\np if { q.a }", "undefined ref: data.test.q.a"),
    ("p if { some y in 5; y }", "match error"),
    ("p if { x := 1; some y in x; y }", "undefined ref: x[_]"),
    ("f(x) := x\np if { f }", "function data.test.f used as reference, not called"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_cannot_fit(text: str, words: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(text)
    assert caught.value.message.splitlines()[0] == f"rego_type_error: {words}"


ALLOWED = [
    'p if { input.x == "a"; input.x == 1 }',
    'p if { x := input.x; x == "a"; x == 1 }',
    'p if { 1 < "a"; 1 != "a" }',
    'f(x) := x + 1\nf(x) := x if { is_string(x) }\np if { f("a") }',
    'q := 1\nq := "a" if { input }\np if { q == "a" }',
    'default q := false\nq := "x" if { input }\np if { q == "x" }',
    'q := {"a": 1}\nq := {"b": 1} if { input }\np if { q.b }',
    "q.r := 1\np if { data.test.q.s }",
    'p if { x := object.get({}, "a", 1); x == "b" }',
    'p if { a := [1, "a"]; a[_] == "a" }',
    "p if { x := {k: v | some k, v in input}; x.a.b }",
    'p if { x := json.unmarshal("a"); x.foo == 1 }',
    'p if { every x in [1] { x == "a" } }',
    "p if { x := {}; x.a }",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_may_fit(text: str) -> None:
    assert compiled(text).rules


def test_numbers_that_are_no_index_find_nothing_in_an_array() -> None:
    with pytest.raises(CompileError, match="undefined ref"):
        compiled("f(x) := sort(x)[12345678901234567890]")


DOUBLED = [
    pytest.param("a0 := 1\n" + "".join(f"a{i} := [a{i - 1}, a{i - 1}]\n" for i in range(1, 60)), id="arrays"),
    pytest.param(
        "a0 := 1\n" + "".join(f'a{i} := {{"x": a{i - 1}, "y": a{i - 1}}}\n' for i in range(1, 60)), id="objects"
    ),
    pytest.param("a0 := 1\n" + "".join(f"a{i} := [a{i - 1}, 1]\n" for i in range(1, 1500)), id="levels"),
]


@pytest.mark.parametrize("text", DOUBLED)
def test_a_policy_whose_types_grow_without_end_is_compiled(text: str) -> None:
    assert compiled(text).rules


def test_a_policy_whose_closures_nest_is_compiled() -> None:
    term = "input.x"
    for depth in range(24):
        term = f"[x{depth} | some x{depth} in {term}]"
    assert compiled(f"p := {term}").rules
