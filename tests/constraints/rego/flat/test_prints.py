from __future__ import annotations

from typing import Any

import pytest

from constraints.drivers.rego import RegoDriver
from constraints.errors import CompileError
from constraints.inventory import EMPTY
from constraints.rego.builtins import Capabilities
from constraints.rego.builtins.outside import Outside
from constraints.rego.policy import Settings


def run(rego: str, review: Any = None, prints: bool = True) -> tuple[list[str], list[str]]:
    """The messages of a template, and what it printed."""
    heard: list[str] = []
    driver = RegoDriver(Settings(Capabilities().builtins(), Outside(print=heard.append), prints=prints))
    program = driver.compile("Probe", {"rego": f"package probe\nimport future.keywords\n{rego}"}).program({})
    return [finding.message for finding in program(review or {}, EMPTY)], heard


def printed(body: str, review: Any = None) -> list[str]:
    """What the body of a rule printed; its variable `m` must come out as a message."""
    found, heard = run(f'violation[{{"msg": "m"}}] {{ {body} }}', review)
    assert found == ["m"]
    return heard


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        pytest.param("print()", [""], id="nothing is an empty line"),
        pytest.param(
            'print("a", 1, 1.5, null, true)', ["a 1 1.5 null true"], id="texts are not quoted, others are JSON"
        ),
        pytest.param('print(["a"], {"k": {2, 1}}, set())', ['["a"] {"k": {1, 2}} set()'], id="composites are Rego"),
        pytest.param('print("x", input.review.nothing)', ["x <undefined>"], id="what is undefined does not fail"),
        pytest.param('print("x", 1 / 0, to_number("y"))', ["x <undefined> <undefined>"], id="failing builtins neither"),
        pytest.param("x := input.review.xs[_]; print(x)", ["1", "2"], id="a line for each solution"),
        pytest.param("xs := {x | x := input.review.xs[_]}; print(xs)", ["{1, 2}"], id="a set is one value"),
        pytest.param('print("a"); print("b")', ["a", "b"], id="in order"),
        pytest.param("print([x | x := input.review.xs[_]; print(x)])", ["1", "2", "[1, 2]"], id="in comprehensions"),
        pytest.param("every x in input.review.xs { print(x) }", ["1", "2"], id="in every"),
        pytest.param('not print("x")', ["x"], id="a negation is dropped"),
        pytest.param("print(input.review.a) with input as 1", ["b"], id="with is dropped"),
        pytest.param("some x; x = input.review.a; print(x, lower(x))", ["b b"], id="of variables and calls"),
    ],
)
def test_a_line_is_printed(body: str, lines: list[str]) -> None:
    assert printed(body, {"xs": [1, 2], "a": "b"}) == lines


def test_what_fails_before_a_print_keeps_it_from_being_said_and_what_fails_behind_does_not() -> None:
    found = run('violation[{"msg": "m"}] { print("a"); input.review.no; print("b") }')
    assert found == ([], ["a"])


def test_rules_and_functions_print_when_they_are_evaluated() -> None:
    rego = """
violation[{"msg": x}] { x := names[_]; print("seen", x, twice(x)) }
names := [upper(x) | x := input.review.xs[_]] { print("names") }
twice(x) := y { print("twice", x); y := concat("", [x, x]) }
"""
    assert run(rego, {"xs": ["a", "b"]}) == (
        ["A", "B"],
        ["names", "twice A", "seen A AA", "twice B", "seen B BB"],
    )


def test_every_evaluation_prints_again() -> None:
    heard: list[str] = []
    driver = RegoDriver(Settings(Capabilities().builtins(), Outside(print=heard.append), prints=True))
    rego = 'package probe\nviolation[{"msg": "m"}] { p; f("same") }\np { print("p") }\nf(x) { print("f", x) }'
    program = driver.compile("Probe", {"rego": rego}).program({})
    for _ in range(3):
        list(program({}, EMPTY))
    assert heard == ["p", "f same"] * 3


def test_without_a_listener_prints_are_erased_and_their_arguments_with_them() -> None:
    rego = 'violation[{"msg": "m"}] { not print(input.nothing); print(undeclared_); print("x") with input as 1 }'
    assert run(rego, prints=False) == (["m"], [])
    assert run('violation[{"msg": "m"}] { print("only") }', prints=False) == (["m"], [])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("print(x); x = 1", "var x is undeclared"),
        ("print(nobody)", "var nobody is undeclared"),
        ("print(input.xs[_])", "var _ is undeclared"),
        ("ys := [y | print(y); y = 1]; count(ys) > 0", "var y is undeclared"),
        ("x := print(1)", "print(1) used as value"),
    ],
)
def test_arguments_must_be_bound_before(body: str, text: str) -> None:
    with pytest.raises(CompileError, match="rego_") as caught:
        printed(body)
    assert text in caught.value.message
