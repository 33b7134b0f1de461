"""Types with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call

from constraints.rego.values.kinds import object_of


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("is_number", [1], "true"),
        ("is_number", ["a"], "false"),
        ("is_number", [True], "false"),
        ("is_number", [[]], "false"),
        ("is_number", [S()], "false"),
        ("is_number", [{}], "false"),
        ("is_number", [None], "false"),
        ("is_string", [1], "false"),
        ("is_string", ["a"], "true"),
        ("is_string", [True], "false"),
        ("is_string", [[]], "false"),
        ("is_string", [S()], "false"),
        ("is_string", [{}], "false"),
        ("is_string", [None], "false"),
        ("is_boolean", [1], "false"),
        ("is_boolean", ["a"], "false"),
        ("is_boolean", [True], "true"),
        ("is_boolean", [[]], "false"),
        ("is_boolean", [S()], "false"),
        ("is_boolean", [{}], "false"),
        ("is_boolean", [None], "false"),
        ("is_array", [1], "false"),
        ("is_array", ["a"], "false"),
        ("is_array", [True], "false"),
        ("is_array", [[]], "true"),
        ("is_array", [S()], "false"),
        ("is_array", [{}], "false"),
        ("is_array", [None], "false"),
        ("is_set", [1], "false"),
        ("is_set", ["a"], "false"),
        ("is_set", [True], "false"),
        ("is_set", [[]], "false"),
        ("is_set", [S()], "true"),
        ("is_set", [{}], "false"),
        ("is_set", [None], "false"),
        ("is_object", [1], "false"),
        ("is_object", ["a"], "false"),
        ("is_object", [True], "false"),
        ("is_object", [[]], "false"),
        ("is_object", [S()], "false"),
        ("is_object", [{}], "true"),
        ("is_object", [None], "false"),
        ("is_null", [1], "false"),
        ("is_null", ["a"], "false"),
        ("is_null", [True], "false"),
        ("is_null", [[]], "false"),
        ("is_null", [S()], "false"),
        ("is_null", [{}], "false"),
        ("is_null", [None], "true"),
        ("type_name", [1.5], '"number"'),
        ("type_name", ["a"], '"string"'),
        ("type_name", [False], '"boolean"'),
        ("type_name", [[]], '"array"'),
        ("type_name", [S()], '"set"'),
        ("type_name", [object_of([(1, 2)])], '"object"'),
        ("type_name", [None], '"null"'),
    ],
)
def test_answers_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
