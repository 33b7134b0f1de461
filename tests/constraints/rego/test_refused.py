"""What OPA's compiler refuses is refused in its words; the texts are those of `opa check` 1.17.1."""

from __future__ import annotations

import pytest

from constraints.errors import CompileError
from constraints.lang.source import Source
from constraints.rego.passes import prepare
from constraints.rego.syntax.parser import parse_module


def refusal(text: str, strict: bool = False, v1: bool = True) -> str:
    """The problems of modules (apart by `---`), one a line: those behind the first begin with their place."""
    texts = [one if one.lstrip().startswith("package") else f"package test\n{one}" for one in text.split("\n---\n")]
    modules = [parse_module(Source(f"m{i}.rego", one), v1) for i, one in enumerate(texts)]
    with pytest.raises(CompileError) as caught:
        prepare(modules, strict=strict)
    return caught.value.message


UNSAFE = [
    ("p if { x > 1 }", "x"),
    ("p if { not x }", "x"),
    ("p := x if { true }", "x"),
    ("p contains x if { y = 1 }", "x"),
    ("p[x] := 1 if { y = 1 }", "x"),
    ("p if { x = [y | y = 1; z > y] }", "z"),
    ("p if { x = [x | y = 1] }", "x"),
    ("p if { x == x }", "x"),
    ("p if { a.b.c == 1 }", "a"),
    ("p if { not input.x[_] }", "_"),
    ("p if { y := [x | x = input[_]]; x > 1 }", "x"),
    ('p if { {x: 1} = {"a": 1} }', "x"),
    ("p if { every x in [1] { x == y } }", "y"),
    ("p if { every x in [1] { y := x; y > 0 }; y }", "y"),
    ('p if { some {x: 1} in [{"a": 1}] }', "x"),
    ("p if { input.x with input.y as z }", "z"),
    ("f(x) := 1 if { x } else := z if { y := 2; y }", "z"),
    ("f(input.x) := 1", "input"),
    ('p := $"{x}"', "x"),
]


@pytest.mark.parametrize(("text", "name"), UNSAFE, ids=[text for text, _ in UNSAFE])
def test_an_unsafe_variable_is_named(text: str, name: str) -> None:
    assert refusal(text) == f"rego_unsafe_var_error: var {name} is unsafe"


def test_each_unsafe_variable_has_its_place() -> None:
    text = "p if { x > 1 }\nq if {\n  y > 1\n}"
    assert (
        refusal(text) == "rego_unsafe_var_error: var x is unsafe\nm0.rego:4:3: rego_unsafe_var_error: var y is unsafe"
    )


COMPILE = [
    ("p if { x := 1; x := 2 }", "var x assigned above"),
    ("p if { x = 1; x := 2 }", "var x referenced above"),
    ("p if { some x; x := 2 }", "var x declared above"),
    ("p if { x := x }", "var x referenced above"),
    ("f(x) if { x := 1 }", "arg x redeclared"),
    ("f(x) if { some x; x = 1 }", "arg x redeclared"),
    ("p if { some x; true }", "declared var x unused"),
    ("p if { every k, x in [1] { x > 0 } }", "declared var k unused"),
    ("p if { not x := 1 }", "cannot assign vars inside negated expression"),
    ("p if { [1, x] := [1, 2]; x }", "cannot assign to number"),
    ("p if { input.x := 1 }", "cannot assign to ref"),
    ("p if { count := 1; x := count([1]); x }", "called function count shadowed"),
    ("p if { input := 1; input == 1 }", "variables must not shadow input (use a different variable name)"),
    ("input := 1", "rules must not shadow input (use a different rule name)"),
    ("f(input) := 1", "args must not shadow input (use a different variable name)"),
    ("f(count([1])) := 1", "rule arguments cannot contain calls"),
    ("import data.foo\nimport data.bar.foo\np if foo", "import must not shadow import data.foo"),
    ("p if { input.x with data.test.q.r as 1 }\nq := {}", "with keyword cannot partially replace virtual document(s)"),
    (
        "p if { input.x with walk as 1 }",
        "with keyword replacing built-in function: target must not be a relation",
    ),
    ('p if { x := 1; y := $"{x} {z + 1}"; y }', "var z is undeclared"),
]


@pytest.mark.parametrize(("text", "words"), COMPILE, ids=[text for text, _ in COMPILE])
def test_names_that_cannot_be_used_so(text: str, words: str) -> None:
    assert refusal(text) == f"rego_compile_error: {words}"


TYPES = [
    ("p if { foo(1) }", "undefined function foo"),
    ("p if { data.foo.bar(1) }", "undefined function data.foo.bar"),
    ("p if { q(1) }\nq := 1", "undefined function data.test.q"),
    ("p if { count() }", "count: arity mismatch"),
    ("p if { count([1], 2, 3) }", "count: arity mismatch"),
    ("p if { x := count([1], [2]); x }", "count: arity mismatch"),
    ("p if { f(1) }\nf(x, y) := x + y", "function data.test.f has arity 2, got 1 argument"),
    ("p if { x := f(1, 2, 3); x }\nf(x, y) := x + y", "function data.test.f has arity 2, got 3 arguments"),
    ("p if { x := print(1); x }", "print(1) used as value"),
    ("p := 1\np contains 2", "conflicting rules data.test.p found"),
    ("p := 1\np(x) := x", "conflicting rules data.test.p found"),
    ("f(x) := x\nf(x, y) := x + y", "conflicting rules data.test.f found"),
    ("p.q := 1\np.q.r := 2", "rule data.test.p.q conflicts with [data.test.p.q.r]"),
    ("p[x] := 1 if { x = 1 }\np.foo(x) := x", "rule data.test.p[x] conflicts with [data.test.p.foo]"),
    ("p.q := 1\n---\npackage test.p.q", "package test.p.q conflicts with rule p.q defined at m0.rego:2"),
    (
        "default p := 1\ndefault p := 2",
        "multiple default rules data.test.p found at m0.rego:2, m0.rego:3",
    ),
    ("p if { input.x with foo as 1 }", "with keyword target must reference existing input, data, or a function"),
    ("p if { f(1) with f as g }\nf(x) := x\ng(x, y) := x + y", "data.test.f: arity mismatch"),
    ("p if { any([true]) }", "deprecated built-in function calls in expression: any"),
]


@pytest.mark.parametrize(("text", "words"), TYPES, ids=[text for text, _ in TYPES])
def test_rules_and_calls_that_do_not_fit(text: str, words: str) -> None:
    assert refusal(text) == f"rego_type_error: {words}"


RECURSION = [
    ("p if { p }", ["rule data.test.p is recursive: data.test.p -> data.test.p"]),
    ("f(x) if { f(x) }", ["rule data.test.f is recursive: data.test.f -> data.test.f"]),
    ("p := 1 if { data.test[_] }", ["rule data.test.p is recursive: data.test.p -> data.test.p"]),
    (
        "p if { q }\nq if { x := {y | p; y := 1}; x }",
        [
            "rule data.test.p is recursive: data.test.p -> data.test.q -> data.test.p",
            "rule data.test.q is recursive: data.test.q -> data.test.p -> data.test.q",
        ],
    ),
]


@pytest.mark.parametrize(("text", "words"), RECURSION, ids=[text for text, _ in RECURSION])
def test_recursion(text: str, words: list[str]) -> None:
    lines = refusal(text).splitlines()
    assert [line.partition("rego_recursion_error: ")[2] for line in lines] == words


STRICT = [
    ("import data.foo\np := 1", "import data.foo unused"),
    ("import data.foo as bar\np := 1", "import data.foo as bar unused"),
    ("p if { x := 1 }", "assigned var x unused"),
    ("f(x) := 1", "unused argument x. (hint: use _ (wildcard variable) instead)"),
    ("p := [x | x := 1; y := 2]", "assigned var y unused"),
]


@pytest.mark.parametrize(("text", "words"), STRICT, ids=[text for text, _ in STRICT])
def test_what_only_strict_mode_refuses(text: str, words: str) -> None:
    assert refusal(text, strict=True) == f"rego_compile_error: {words}"
    prepare([parse_module(Source("m.rego", f"package test\n{text}"), v1=True)])


ALLOWED = [
    "f(x, y) := 1 if { y } else := x",
    "f(x, x) := 1",
    "p[x.y] := 1 if { x := input }",
    "p if { plus(1, 2, x); x == 3 }",
    'p if { {"a": x} = input; x }',
    "p if { x := 1; [y | y := x; x := 2] }",
    "p.q.r := 1\np.q[x] := 2 if { x := 1 }",
    "p := q.r\nq.s := p",
    "p if { f(1) with f as g }\nf(x) := x\ng(x) := x",
    "p if { input.x with count as 1 }",
    "p if { some x in [1]; [y | some x in [2]; y := x] }",
    "import data.test.q\np if { q := 1; q }",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_looks_odd_and_is_allowed(text: str) -> None:
    assert prepare([parse_module(Source("m.rego", f"package test\n{text}"), v1=True)]).rules


def test_v0_allows_what_v1_refuses() -> None:
    text = "package test\nimport data.a.foo\nimport data.b.foo\np { input := 1; any([foo, input]) }"
    assert prepare([parse_module(Source("m.rego", text), v1=False)]).rules


def test_at_most_ten_problems_are_told() -> None:
    text = "\n".join(f"p{i} if {{ x > 1 }}" for i in range(20))
    assert len(refusal(text).splitlines()) == 10
