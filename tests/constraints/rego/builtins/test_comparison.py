"""Comparison and membership with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import N, S, call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("equal", [1, N("1.0")], "true"),
        ("equal", [1, True], "false"),
        ("equal", ["1", 1], "false"),
        ("equal", [{"a": [1]}, {"a": [N("1.0")]}], "true"),
        ("equal", [S(1, 2), S(2, 1)], "true"),
        ("equal", [0.1, N("0.10")], "true"),
        ("equal", [9.223372036854776e18, 9223372036854776000], "true"),
        ("neq", [None, False], "true"),
        ("neq", [[1], [2]], "true"),
        ("lt", [None, False], "true"),
        ("lt", [False, True], "true"),
        ("lt", [True, 0], "true"),
        ("lt", [5, "a"], "true"),
        ("lt", ["z", []], "true"),
        ("lt", [[], {}], "true"),
        ("lt", [{}, S()], "true"),
        ("lt", [[1, 2], [1, 2, 0]], "true"),
        ("lt", [{"a": 2}, {"b": 1}], "true"),
        ("lt", [{"a": 1}, {"a": 1, "b": 0}], "true"),
        ("lt", [S(1, 5), S(2)], "true"),
        ("lt", [2, 10], "true"),
        ("lt", ["10", "2"], "true"),
        ("lt", [0.1, N("0.1000000000000000000001")], "true"),
        ("lte", [1, 1], "true"),
        ("lte", [2, 1], "false"),
        ("gt", [2.5, 2], "true"),
        ("gt", [[], "a"], "true"),
        ("gte", [S(), S()], "true"),
        ("gte", [1, 2], "false"),
        ("internal.member_2", [1, [0, 1]], "true"),
        ("internal.member_2", [1, S(1)], "true"),
        ("internal.member_2", [1, {"a": 1}], "true"),
        ("internal.member_2", ["a", {"a": 1}], "false"),
        ("internal.member_2", ["a", "abc"], "false"),
        ("internal.member_2", [True, [1]], "false"),
        ("internal.member_3", [0, 1, [1]], "true"),
        ("internal.member_3", ["a", 1, {"a": 1}], "true"),
        ("internal.member_3", [1, 1, S(1)], "false"),
        ("internal.member_3", [5, 1, [1]], "false"),
        ("internal.member_3", [0, "a", "abc"], "false"),
    ],
)
def test_answers_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
