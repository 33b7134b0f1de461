"""Arrays with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("array.concat", [[1], [2]], "[1, 2]"),
        ("array.concat", [[], []], "[]"),
        ("array.concat", [[1], {}], "eval_type_error: operand 2 must be array but got object"),
        ("array.concat", ["a", []], "eval_type_error: operand 1 must be array but got string"),
        ("array.flatten", [[1, [2, [3]], S(4)]], "[1, 2, [3], {4}]"),
        ("array.flatten", [[]], "[]"),
        ("array.flatten", [1], "eval_type_error: operand 1 must be array but got number"),
        ("array.slice", [[1, 2, 3], 1, 2], "[2]"),
        ("array.slice", [[1, 2, 3], -1, 5], "[1, 2, 3]"),
        ("array.slice", [[1, 2, 3], 2, 1], "[]"),
        (
            "array.slice",
            [[1], 0, 1.5],
            "eval_type_error: operand 3 must be integer number but got floating-point number",
        ),
        ("array.slice", [[1], "a", 1], "eval_type_error: operand 2 must be number but got string"),
        ("array.reverse", [[1, 2]], "[2, 1]"),
        ("array.reverse", [[]], "[]"),
        ("array.reverse", [{}], "eval_type_error: operand 1 must be array but got object"),
    ],
)
def test_answers_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
