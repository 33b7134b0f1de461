"""Sets with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call


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
