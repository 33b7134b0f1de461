"""What Gatekeeper makes of references to libraries, and of operators called by their names; each row seen with
gator.
"""

from __future__ import annotations

import pytest

from constraints.drivers.rego import RegoDriver
from constraints.errors import CompileError
from constraints.inventory import EMPTY

LIBS = (
    'package lib.l\ncpu = 2\nnums = [1, 2]\nkey = "num"\nf(x) = y { y := x + 1 }\nok { true }\nset[x] { x := nums[_] }',
    "package lib.m\nplain = data.lib.l.cpu\nnested = [data.lib.l.cpu]",
)
REVIEW = {"object": {"spec": {"num": 5}}}


def answers(body: str, rules: str = "", *, libs: tuple[str, ...] = LIBS, package: str = "p") -> list[str]:
    """What a policy says of `r`, which a body binds; nothing where it is undefined."""
    rego = f'package {package}\nimport future.keywords\n{rules}\nviolation[{{"msg": m}}] {{ {body}; m := sprintf("%v", [r]) }}'
    program = RegoDriver().compile("K", {"rego": rego, "libs": list(libs)}).program({})
    return [finding.message for finding in program(REVIEW, EMPTY)]


@pytest.mark.parametrize(
    ("body", "rules", "found"),
    [
        ("r := data.lib.l.cpu", "", "2"),
        ("data.lib.l.ok; r := 1", "", "1"),
        ("r := 1; 2 == data.lib.l.cpu", "", "1"),
        ("data.lib.l.f(1, r)", "", "2"),
        ("data.lib.l.f(data.lib.l.cpu, r)", "", "3"),
        ("walk(data.lib.l.set, [[], r])", "", "{1, 2}"),
        ("i := data.lib.l.cpu; r := data.lib.l.nums[i - 1]", "", "2"),
        ("a with input.x as data.lib.l.cpu; r := 1", "a { input.x == 2 }", "1"),
        ("a with data.lib.l.cpu as 3; r := 1", "a { data.lib.l.cpu == 3 }", "1"),
        ("r := a", "a = data.lib.l.cpu { true }", "2"),
        ("r := a", "a = 1 { false } else = data.lib.l.cpu { true }", "2"),
        ("r := a", "a[data.lib.l.cpu] { true }", "{2}"),
        ("r := a", "a[data.lib.l.key] = 1 { true }", '{"num": 1}'),
        ("r := a", 'a["k"] = data.lib.l.cpu { true }', '{"k": 2}'),
        ("r := 1; every x in data.lib.l.nums { x > 0; data.lib.l.cpu >= x }", "", "1"),
        ("r := 1; r in data.lib.l.nums", "", "1"),
        ("r := data.lib.m.plain", "", "2"),
        ("r := [l.cpu, l.f(l.cpu)]", "import data.lib.l", "[2, 3]"),
        ("r := data.lib[x].cpu", "", "2"),
    ],
)
def test_libraries_are_found_where_gatekeeper_looks_for_them(body: str, rules: str, found: str) -> None:
    assert answers(body, rules) == [found]


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("r := [data.lib.l.cpu]", ""),
        ('r := {"a": data.lib.l.cpu}', ""),
        ("r := {data.lib.l.cpu}", ""),
        ("r := 1 + data.lib.l.cpu", ""),
        ("r := count(data.lib.l.set)", ""),
        ("r := input.object.spec[data.lib.l.key]", ""),
        ("r := data.lib.l.nums[data.lib.l.cpu - 1]", ""),
        ("some r in data.lib.l.nums", ""),
        ("r := a", "a = [data.lib.l.cpu] { true }"),
        ("r := data.lib.m.nested", ""),
    ],
)
def test_they_are_nowhere_inside_of_terms(body: str, rules: str) -> None:
    assert answers(body, rules) == []


def test_a_comprehension_over_a_full_name_is_empty() -> None:
    assert answers("r := [x | x := data.lib.l.nums[_]]") == ["[]"]


def test_a_policy_is_not_in_the_package_of_a_library_of_its_name() -> None:
    assert answers("r := [cpu | cpu := 3]", package="lib.l") == ["[3]"]
    with pytest.raises(CompileError, match="var cpu is unsafe"):
        answers("r := cpu", package="lib.l")


MISMATCH = [
    ("r := abs(data.lib.l.f(1))", "", "undefined function data.lib.l.f"),
    ("r := and(1)", "and(x) = x", "and: arity mismatch\n\thave: (number)\n\twant: (set[any],set[any])"),
    ("x := 1; r := plus(x)", "", "plus: arity mismatch\n\thave: (var)\n\twant: (number,number)"),
    (
        "r := mul(1, 2, [])",
        "mul(x, y, z) = x",
        "mul: arity mismatch\n\thave: (number,number,array)\n\twant: (number,number)",
    ),
    (
        "r := minus(input)",
        "",
        "minus: arity mismatch\n\thave: (ref)\n\twant: (any<number, set[any]>,any<number, set[any]>)",
    ),
]


@pytest.mark.parametrize(("body", "rules", "text"), MISMATCH)
def test_operators_are_refused_by_their_names(body: str, rules: str, text: str) -> None:
    with pytest.raises(CompileError) as caught:
        answers(body, rules)
    assert caught.value.message == f"rego_type_error: {text}"


@pytest.mark.parametrize(
    ("body", "rules"), [("r := or(1, 2)", "or(x, y) = x"), ("mul(1, 2, 3); r := 1", "mul(x, y, z) = x")]
)
def test_functions_with_the_names_of_operators_are_fine_with_their_arguments(body: str, rules: str) -> None:
    assert answers(body, rules) == ["1"]


F, G, TWICE, RULE = "f(x) { x == 1 }", "g(x, y) = y { x == y }", "h(x) = 3 { x }", "q = 2 { true }"
UNKNOWN = "rego_type_error: match error\n\tleft  : ???\n\tright : ???"


@pytest.mark.parametrize(
    ("library", "body", "text"),
    [
        ((F,), "r := data.lib.h[_]", UNKNOWN),
        ((F, G), "r := data.lib.h[_]", UNKNOWN),
        ((F, G), "[k, r] = [1, data.lib.h[_]]", ""),
        ((F, TWICE), "r = data.lib.h[k]", UNKNOWN),
        ((F, G, TWICE), "x := data.lib.h; r := x[k]", UNKNOWN),
        ((F, G, RULE), "r := data.lib.h[_]", ""),
        ((RULE, F), "r := data.lib.h[_]", ""),
        ((F, G), "data.lib.h[k]; r := k", ""),
        ((F, G), "r := data.lib.h", ""),
    ],
)
def test_functions_iterated_as_values_have_no_type(library: tuple[str, ...], body: str, text: str) -> None:
    lib = "\n".join(("package lib.h", *library))
    if not text:
        assert isinstance(answers(body, libs=(lib,)), list)
        return
    with pytest.raises(CompileError) as caught:
        answers(body, libs=(lib,))
    assert caught.value.message == text
