"""Conversions with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("to_number", ["42"], "42"),
        ("to_number", ["-42.0"], "-42.0"),
        ("to_number", ["007"], "007"),
        ("to_number", ["+5"], "+5"),
        ("to_number", ["1e3"], "1e3"),
        ("to_number", [".5"], ".5"),
        ("to_number", ["0x1p4"], "0x1p4"),
        ("to_number", ["1_000"], "1_000"),
        ("to_number", ["0x_1p4"], "0x_1p4"),
        ("to_number", ["0x1_0p1_0"], "0x1_0p1_0"),
        ("to_number", ["1__0"], 'eval_builtin_error: strconv.ParseFloat: parsing "1__0": invalid syntax'),
        ("to_number", ["_1"], 'eval_builtin_error: strconv.ParseFloat: parsing "_1": invalid syntax'),
        ("to_number", ["\u0663"], 'eval_builtin_error: strconv.ParseFloat: parsing "\u0663": invalid syntax'),
        ("to_number", [""], 'eval_builtin_error: strconv.ParseFloat: parsing "": invalid syntax'),
        ("to_number", [" 1"], 'eval_builtin_error: strconv.ParseFloat: parsing " 1": invalid syntax'),
        ("to_number", ["0x10"], 'eval_builtin_error: strconv.ParseFloat: parsing "0x10": invalid syntax'),
        ("to_number", ["broken"], 'eval_builtin_error: strconv.ParseFloat: parsing "broken": invalid syntax'),
        ("to_number", ["1e400"], 'eval_builtin_error: strconv.ParseFloat: parsing "1e400": value out of range'),
        ("to_number", ["-Inf"], "eval_type_error: operand 1 must be valid number string but got string"),
        ("to_number", ["nan"], "eval_type_error: operand 1 must be valid number string but got string"),
        ("to_number", ["1e-999999999"], "1e-999999999"),
        ("to_number", [None], "0"),
        ("to_number", [True], "1"),
        ("to_number", [False], "0"),
        ("to_number", [2.5], "2.5"),
        ("to_number", [[]], "eval_type_error: operand 1 must be one of {null, boolean, number, string} but got array"),
        ("cast_array", [S(2, 1)], "[1, 2]"),
        ("cast_array", [[1]], "[1]"),
        ("cast_array", [{}], "eval_type_error: operand 1 must be one of {array, set} but got object"),
        ("cast_set", [[1, 1]], "{1}"),
        ("cast_set", [S()], "set()"),
        ("cast_set", [1], "eval_type_error: operand 1 must be one of {array, set} but got number"),
        ("cast_string", ["a"], '"a"'),
        ("cast_string", [1], "eval_type_error: operand 1 must be string but got number"),
        ("cast_boolean", [True], "true"),
        ("cast_boolean", [0], "eval_type_error: operand 1 must be boolean but got number"),
        ("cast_null", [None], "null"),
        ("cast_null", [False], "eval_type_error: operand 1 must be null but got boolean"),
        ("cast_object", [{}], "{}"),
        ("cast_object", [[]], "eval_type_error: operand 1 must be object but got array"),
    ],
)
def test_answers_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
