"""Sets with the answers of OPA 1.17.1."""

from __future__ import annotations

import tracemalloc
from random import Random
from typing import Any

import pytest
from regocalls import N, S, call

from constraints.rego.builtins import BUILTINS
from constraints.rego.values.kinds import RegoSet
from constraints.rego.values.text import text


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("and", [S(1, 2), S(2, 3)], "{2}"),
        ("and", [S(1), S(2)], "set()"),
        ("and", [S(), 1], "eval_type_error: operand 2 must be set but got number"),
        ("and", [[1], S(1)], "eval_type_error: operand 1 must be set but got array"),
        ("or", [S(1), S(2)], "{1, 2}"),
        ("or", [S(), S()], "set()"),
        ("set_diff", [S(1, 2), S(2)], "{1}"),
        ("set_diff", [S(1), [1]], "eval_type_error: operand 2 must be set but got array"),
        ("intersection", [S(S(1, 2), S(2, 3))], "{2}"),
        ("intersection", [S()], "set()"),
        ("intersection", [S(1)], "eval_type_error: operand 1 must be set but got number"),
        ("intersection", [[]], "eval_type_error: operand 1 must be set but got array"),
        ("union", [S(S(1), S(2))], "{1, 2}"),
        ("union", [S()], "set()"),
        ("union", [S(S(1), 2)], "eval_type_error: operand 1 must be set but got number"),
    ],
)
def test_answers_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer


@pytest.mark.parametrize("seed", range(30))
def test_sets_are_taken_together_as_in_their_order(seed: int) -> None:
    chance = Random(seed)
    written = [N("1"), N("1.0"), N("10e-1"), "a", True, None, N("2"), N("2.0")]
    sets = S(*[S(*chance.choices(written, k=chance.randint(1, 5))) for _ in range(4)])
    united: dict[Any, Any] = {}
    for one in sets:
        united |= one.by_key
    assert call("union", sets) == text(RegoSet(united))
    common, *others = sets
    for one in others:
        few, many = (common, one) if len(common) <= len(one) else (one, common)
        common = RegoSet({key: member for key, member in few.by_key.items() if key in many.by_key})
    assert call("intersection", sets) == text(common)


@pytest.mark.parametrize(("name", "size"), [("union", 20_000), ("intersection", 0)])
def test_many_sets_are_taken_together_without_putting_them_in_order(name: str, size: int) -> None:
    sets = RegoSet.of([S(i) for i in range(20_000)])
    tracemalloc.start()
    try:
        found = BUILTINS[name].run(sets)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) == size
    assert most < 150 * len(sets)
