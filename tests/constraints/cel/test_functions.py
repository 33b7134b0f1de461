"""What each function gives in Kubernetes 1.36, with usual arguments, odd ones and wrong ones: functions.jsonl.

Recorded from Kubernetes' own library, with the version of cel-go that Gatekeeper has.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from recordedexpressions import Recorded

from constraints.cel import Invalid
from constraints.cel.overloads import FUNCTIONS, Function
from constraints.cel.parser import parse
from constraints.cel.scan import every
from constraints.cel.syntax import Call, Index, qualified

RECORDED = Recorded.read(Path(__file__).parent / "functions.jsonl")
EDGES = Recorded.read(Path(__file__).parent / "edges.jsonl")


def test_functions_give_what_they_give_in_kubernetes() -> None:
    assert RECORDED.differ() == {}


def called(text: str) -> Iterator[str]:
    """The names of the functions that an expression calls, once its macros are expanded; none where it is no
    expression.
    """
    try:
        root = parse(text)
    except Invalid:
        return
    for node in every(root):
        if isinstance(node, Call):
            yield node.function
            if node.target is not None:
                yield f"{qualified(node.target)}.{node.function}"
        elif isinstance(node, Index):
            yield "_[?_]" if node.optional else "_[_]"


def with_cases(answer: str) -> set[str]:
    """The functions that some expression calls whose recorded answer is of this sort."""
    recorded = {**RECORDED.rows, **EDGES.rows}
    return {name for text, row in recorded.items() if answer in row for name in called(text)}


def is_answerable(function: Function) -> bool:
    """Whether there are values that it takes: an authorizer is one that no policy of an audit has."""
    return not any("authorization" in str(each.arguments[0]) for each in function.overloads if each.arguments)


def test_every_function_has_a_case_that_gives_a_value() -> None:
    cased = with_cases("value")
    assert [name for name, each in FUNCTIONS.items() if is_answerable(each) and name not in cased] == [], (
        "write rows with Kubernetes' answers into functions.jsonl"
    )


def test_what_no_value_can_be_asked_has_a_case_that_fails() -> None:
    asked = [name for name, each in FUNCTIONS.items() if not is_answerable(each)]
    assert "check" in asked
    assert set(asked) - with_cases("error") == set()
