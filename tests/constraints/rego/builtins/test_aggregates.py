"""Aggregates with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("count", [[1, 2]], "2"),
        ("count", [{"a": 1}], "1"),
        ("count", [S(1)], "1"),
        ("count", ["äé😀"], "3"),
        ("count", [5], "eval_type_error: operand 1 must be one of {array, object, set, string} but got number"),
        ("sum", [[1, 2.5]], "3.5"),
        ("sum", [[]], "0"),
        ("sum", [S(1, 2)], "3"),
        ("sum", [[9223372036854775807, 1]], "-9223372036854775808"),
        ("sum", [[0.1, 0.2]], "0.3"),
        ("sum", [[1, "a"]], "eval_type_error: operand 1 must be array of numbers but got array containing string"),
        ("sum", ["a"], "eval_type_error: operand 1 must be one of {set, array} but got string"),
        ("product", [[2, 3]], "6"),
        ("product", [[]], "1"),
        ("product", [S(0.5, 4)], "2"),
        ("product", [S("a")], "eval_type_error: operand 1 must be set of numbers but got set containing string"),
        ("max", [[1, "a", None]], '"a"'),
        ("max", [[]], "undefined"),
        ("max", [S(3, 1)], "3"),
        ("max", [5], "eval_type_error: operand 1 must be one of {set, array} but got number"),
        ("min", [[1, "a", None]], "null"),
        ("min", [[]], "undefined"),
        ("min", [S(None, 1)], "1"),
        ("min", [S(None)], "null"),
        ("min", [{}], "eval_type_error: operand 1 must be one of {set, array} but got object"),
        ("sort", [[3, 1, 2]], "[1, 2, 3]"),
        ("sort", [S("b", "a")], '["a", "b"]'),
        ("sort", [[[], {}, S(), "a", 1, True, None]], '[null, true, 1, "a", [], {}, set()]'),
        ("sort", [{}], "eval_type_error: operand 1 must be one of {set, array} but got object"),
        ("any", [[False, True]], "true"),
        ("any", [[]], "false"),
        ("any", [S(1)], "false"),
        ("any", [1], "eval_type_error: operand 1 must be one of {array, set} but got number"),
        ("all", [[True, True]], "true"),
        ("all", [[]], "true"),
        ("all", [[True, 1]], "false"),
        ("all", [S(True)], "true"),
        ("all", [1], "eval_type_error: operand 1 must be one of {array, set} but got number"),
    ],
)
def test_answers_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
