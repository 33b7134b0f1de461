"""Templates that nest more deeply than Python's stack goes: answered, up to a depth that nobody writes."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from audit.hooks.engines import engines
from constraints.errors import CompileError
from constraints.inventory import EMPTY

LEVELS = 1_000
ROW = 2_000


def policy(body: str) -> dict[str, str]:
    """The source of a template with one violation."""
    return {"rego": f'package probe\nviolation[{{"msg": msg}}] {{ {body} }}'}


def said(body: str, review: Any = None) -> list[str]:
    """The messages of a policy, compiled as a run does but with all the time it takes."""
    driver = engines()["Rego"]
    program = driver.compile("Probe", policy(body)).program({})
    return [finding.message for finding in program({"object": {"x": 1}} if review is None else review, EMPTY)]


def nested(opening: str, core: str, closing: str) -> str:
    """A core within so many brackets."""
    return opening * LEVELS + core + closing * LEVELS


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        pytest.param(f"count({nested('[', '1', ']')}) == 1; msg := `one`", "one", id="arrays"),
        pytest.param(f"x := {nested('[', 'input.x', ']')}; msg := `all`", None, id="undefined"),
        pytest.param(
            f"x := {nested('{', 'input.review.object.x', '}')}; msg := sprintf(`%d`, [count(x)])", "1", id="sets"
        ),
        pytest.param(f"x := {nested('(', '7', ')')}; msg := sprintf(`%d`, [x])", "7", id="parentheses"),
        pytest.param(
            f"y := input.review.object.x; x := {nested('(', 'y', '+1)')}; msg := sprintf(`%d`, [x])", "1001", id="sums"
        ),
        pytest.param(
            f"y := input.review.object.x; x := {nested('abs(', 'y', ')')}; msg := sprintf(`%d`, [x])", "1", id="calls"
        ),
        pytest.param(
            "x := {0}" + "".join(f"|{{{i}}}" for i in range(1, ROW)) + "; msg := sprintf(`%d`, [count(x)])",
            str(ROW),
            id="a row of unions",
        ),
        pytest.param(
            f"y := input.review.object.x; x := {'+'.join('y' * ROW)}; msg := sprintf(`%d`, [x])",
            str(ROW),
            id="a row of sums",
        ),
    ],
)
def test_a_deep_policy_is_answered(body: str, answer: str | None) -> None:
    assert said(body) == ([] if answer is None else [answer])


def test_what_is_deeper_than_any_stack_is_refused_with_its_place() -> None:
    with pytest.raises(CompileError, match="max parsing recursion depth exceeded") as caught:
        engines()["Rego"].compile("Probe", policy(f"x := {'[' * 200_000}"))
    assert caught.value.span is not None
    assert caught.value.span.line == 2


def test_a_deep_policy_leaves_the_stack_as_it_was() -> None:
    before = sys.getrecursionlimit()
    said(f"x := {nested('[', '1', ']')}; msg := `one`")
    assert sys.getrecursionlimit() == before


def test_a_mistake_in_a_deep_policy_has_its_place() -> None:
    with pytest.raises(CompileError, match="var z is unsafe") as caught:
        engines()["Rego"].compile("Probe", policy(f"msg := `a`\n x := {nested('[', 'z', ']')}"))
    assert caught.value.span is not None
    assert caught.value.span.line == 3


def test_the_python_of_a_deep_policy_can_be_read() -> None:
    program: Any = (
        engines()["Rego"]
        .compile("Probe", policy(f"y := input.review.object.x; x := {nested('(', 'y', '+1)')}; x > 1; msg := `a`"))
        .program({})
    )
    assert "B_plus" in program.explain()
