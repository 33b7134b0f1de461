"""Objects with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call

from constraints.rego.values.kinds import object_of


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("object.get", [{"a": 1}, "a", 0], "1"),
        ("object.get", [{"a": 1}, "b", 0], "0"),
        ("object.get", [{"a": {"b": [5]}}, ["a", "b", 0], 1], "5"),
        ("object.get", [{"a": 1}, ["a", "b"], "no"], '"no"'),
        ("object.get", [{"a": 1}, [], 0], '{"a": 1}'),
        ("object.get", [object_of([(1, 2)]), 1, 0], "2"),
        ("object.get", ["a", "b", 0], "eval_type_error: operand 1 must be object but got string"),
        ("object.keys", [{"a": 1, "b": 2}], '{"a", "b"}'),
        ("object.keys", [{}], "set()"),
        ("object.keys", [[]], "eval_type_error: operand 1 must be object but got array"),
        ("object.union", [{"a": 1, "b": {"c": 1}}, {"b": {"d": 2}}], '{"a": 1, "b": {"c": 1, "d": 2}}'),
        ("object.union", [{"a": {"b": 1}}, {"a": 5}], '{"a": 5}'),
        ("object.union", [{}, []], "eval_type_error: operand 2 must be object but got array"),
        ("object.union_n", [[{"a": {"b": 2}}, {"a": 4}, {"a": {"c": 3}}]], '{"a": {"c": 3}}'),
        ("object.union_n", [[]], "{}"),
        (
            "object.union_n",
            [[{"a": 1}, 2]],
            "eval_type_error: operand 1 must be array of objects but got array containing number",
        ),
        ("object.remove", [{"a": 1, "b": 2}, ["a"]], '{"b": 2}'),
        ("object.remove", [{"a": 1, "b": 2}, S("b", "x")], '{"a": 1}'),
        ("object.remove", [{"a": 1, "b": 2}, {"a": 0}], '{"b": 2}'),
        (
            "object.remove",
            [{"a": 1}, "a"],
            "eval_type_error: operand 2 must be one of {object, set, array} but got string",
        ),
        ("object.remove", [[], []], "eval_type_error: operand 1 must be object but got array"),
        ("object.filter", [{"a": 1, "b": 2}, ["a", "x"]], '{"a": 1}'),
        ("object.filter", [{"a": 1}, {"a": 0}], '{"a": 1}'),
        (
            "object.filter",
            [{"a": 1}, None],
            "eval_type_error: operand 2 must be one of {object, set, array} but got null",
        ),
        ("object.subset", [{"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}], "true"),
        ("object.subset", [{"a": 1}, {"a": 2}], "false"),
        ("object.subset", [S(1, 2), S(1)], "true"),
        ("object.subset", [[1, 2, 3], [2, 3]], "true"),
        ("object.subset", [[1, 2, 3], [1, 3]], "false"),
        ("object.subset", [[3, 1], S(1, 3)], "true"),
        ("object.subset", [[], S()], "false"),
        ("object.subset", [{"a": [1, 2]}, {"a": [2]}], "true"),
        (
            "object.subset",
            [{}, []],
            "eval_type_error: both arguments object.subset must be of the same type or array and set",
        ),
    ],
)
def test_answers_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
