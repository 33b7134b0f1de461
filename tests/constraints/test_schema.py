from __future__ import annotations

from typing import Any

import pytest

from constraints import schema

TWO = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
ONE_OF_TWO = [{"required": ["a"]}, {"required": ["b"]}]

# the texts are those of gator
WRONG = [
    ({"type": "string"}, 5, 'v: Invalid value: "number": v in body must be of type string: "number"'),
    ({"type": "string"}, None, 'v: Invalid value: "null": v in body must be of type string: "null"'),
    ({"type": "integer"}, "x", 'v: Invalid value: "string": v in body must be of type integer: "string"'),
    ({"type": "integer"}, 2**63, 'Invalid value: "": Checked value must be of type integer (default format) in v'),
    ({"type": "integer", "minimum": 0.5}, 2, 'Invalid value: "": Minimum boundary value must be of type integer (default format) in v'),
    ({"type": "integer", "multipleOf": 0.5}, 2, 'Invalid value: "": MultipleOf value must be of type integer (default format) in v'),
    ({"type": "number", "multipleOf": 0}, 2, "v: Invalid value: 0: factor MultipleOf declared for v must be positive: 0"),
    ({"type": "string", "maxLength": 1}, "ab", "v: Too long: may not be more than 1 byte"),
    ({"required": ["a", "a"]}, {}, "v.a: Required value"),
    ({"type": "boolean"}, 1, 'v: Invalid value: "number": v in body must be of type boolean: "number"'),
    ({"type": "number"}, True, 'v: Invalid value: "boolean": v in body must be of type number: "boolean"'),
    ({"x-kubernetes-int-or-string": True}, True, 'v: Invalid value: "boolean": v in body must be of type integer,string: "boolean"'),
    ({"type": "integer", "minimum": 3}, 1, "v: Invalid value: 1: v in body should be greater than or equal to 3"),
    ({"type": "integer", "maximum": 3}, 5, "v: Invalid value: 5: v in body should be less than or equal to 3"),
    ({"type": "integer", "minimum": 3, "exclusiveMinimum": True}, 3, "v: Invalid value: 3: v in body should be greater than 3"),
    ({"type": "integer", "maximum": 3, "exclusiveMaximum": True}, 3, "v: Invalid value: 3: v in body should be less than 3"),
    ({"type": "number", "minimum": 3.5}, 1.25, "v: Invalid value: 1.25: v in body should be greater than or equal to 3.5"),
    ({"type": "integer", "multipleOf": 3}, 5, "v: Invalid value: 5: v in body should be a multiple of 3"),
    ({"type": "string", "minLength": 3}, "é", 'v: Invalid value: "é": v in body should be at least 3 chars long'),
    ({"type": "string", "maxLength": 3}, "abcd", "v: Too long: may not be more than 3 bytes"),
    ({"type": "array", "minItems": 2}, ["a"], "v: Invalid value: 1: v in body should have at least 2 items"),
    ({"type": "array", "maxItems": 1}, ["a", "b"], "v: Too many: 2: must have at most 1 item"),
    ({"type": "array", "uniqueItems": True}, ["a", "a"], 'v: Invalid value: ["a","a"]: v in body shouldn\'t contain duplicates'),
    ({"type": "object", "minProperties": 2}, {"a": 1}, "v: Invalid value: 1: v in body should have at least 2 properties"),
    ({"type": "object", "maxProperties": 1}, {"a": 1, "b": 1}, "v: Too many: 2: must have at most 1 item"),
    ({"type": "object", "required": ["a"]}, {}, "v.a: Required value"),
    ({"type": "object", "additionalProperties": False}, {"a": 1}, 'v: Invalid value: "a": v.a in body is a forbidden property'),
    ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": 1}, 'v.a: Invalid value: "number": v.a in body must be of type string: "number"'),
    ({"type": "array", "items": {"type": "string"}}, ["a", 1], 'v[1]: Invalid value: "number": v[1] in body must be of type string: "number"'),
    ({"type": "integer", "enum": [3, 1, 2]}, 5, 'v: Unsupported value: 5: supported values: "3", "1", "2"'),
    ({"type": "string", "enum": ["b", "a"]}, "x", 'v: Unsupported value: "x": supported values: "b", "a"'),
    ({"type": "string", "pattern": "^a+$"}, 'b"q', 'v: Invalid value: "b\\"q": v in body should match \'^a+$\''),
    ({"type": "string", "pattern": "^a+$"}, "a\n", 'v: Invalid value: "a\\n": v in body should match \'^a+$\''),
    ({"type": "string", "format": "date-time"}, "b", 'v: Invalid value: "b": v in body must be of type date-time: "b"'),
    ({"type": "integer", "format": "int32"}, 5_000_000_000, 'Invalid value: "": Checked value must be of type integer with format int32 in v'),
    ({**TWO, "oneOf": ONE_OF_TWO}, {"a": "1", "b": "2"}, 'Invalid value: "": "v" must validate one and only one schema (oneOf). Found 2 valid alternatives'),
    ({**TWO, "not": {"required": ["a"]}}, {"a": "b"}, 'Invalid value: "": "v" must not validate the schema (not)'),
]  # fmt: skip


@pytest.mark.parametrize(("wanted", "value", "text"), [pytest.param(*row, id=row[2]) for row in WRONG])
def test_a_value_that_breaks_one_rule(wanted: Any, value: Any, text: str) -> None:
    assert [str(problem) for problem in schema.validate(value, wanted, "v")] == [text]


@pytest.mark.parametrize(
    ("keyword", "texts"),
    [
        ("anyOf", ['Invalid value: "": "v" must validate at least one schema (anyOf)', "v.a: Required value"]),
        ("oneOf", ['Invalid value: "": "v" must validate one and only one schema (oneOf). Found none valid', "v.a: Required value"]),
        ("allOf", ["v.a: Required value", "v.b: Required value", 'Invalid value: "": "v" must validate all the schemas (allOf). None validated']),
    ],
)  # fmt: skip
def test_alternatives_that_all_fail_say_why(keyword: str, texts: list[str]) -> None:
    assert [str(problem) for problem in schema.validate({}, {**TWO, keyword: ONE_OF_TWO}, "v")] == texts


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        pytest.param({"type": "integer"}, 5.0, id="a whole float is an integer"),
        pytest.param({"type": "string", "nullable": True}, None, id="null where it is allowed"),
        pytest.param({"x-kubernetes-int-or-string": True}, 5, id="an int for int-or-string"),
        pytest.param({"x-kubernetes-int-or-string": True}, "5%", id="a string for int-or-string"),
        pytest.param({"type": "string", "format": "bogus"}, "x", id="an unknown format is not checked"),
        pytest.param({"type": "string", "format": "date-time"}, "2026-01-02T03:04:05Z", id="a time"),
        pytest.param(
            {"type": "string", "minLength": 5, "minimum": 3}, "abcde", id="rules for other types do not count"
        ),
        pytest.param({**TWO, "oneOf": ONE_OF_TWO}, {"b": "2"}, id="one alternative of one"),
        pytest.param({"enum": [1, 2]}, 1.5, id="a float that Go cuts off to an allowed integer"),
        pytest.param({"type": "string", "format": "date"}, ["x"], id="an array where only the format of a text counts"),
        pytest.param({}, {"any": ["thing"]}, id="an empty schema takes anything"),
    ],
)
def test_a_value_that_fits(wanted: Any, value: Any) -> None:
    assert schema.validate(value, wanted, "v") == []


@pytest.mark.parametrize(
    ("wanted", "value", "fields"),
    [
        pytest.param(TWO, {"z": 1, "a": "x", "y": {"x": 1}}, ["v.y", "v.z"], id="sorted, and not what is below them"),
        pytest.param({"type": "object"}, {"a": 1}, ["v.a"], id="an object without properties has no fields"),
        pytest.param({"x-kubernetes-preserve-unknown-fields": True, **TWO}, {"z": {"y": 1}}, [], id="kept on request"),
        pytest.param(
            {"x-kubernetes-preserve-unknown-fields": True, "properties": {"a": TWO}},
            {"a": {"x": 1}},
            ["v.a.x"],
            id="but not below a named field",
        ),
        pytest.param({"additionalProperties": TWO}, {"k": {"x": 1}}, ["v.k.x"], id="in free keys"),
        pytest.param({"type": "array", "items": TWO}, [{}, {"x": 1}], ["v[1].x"], id="in items"),
        pytest.param({"x-kubernetes-preserve-unknown-fields": True}, [{"x": 1}], [], id="not in a list that is kept"),
        pytest.param({"additionalProperties": True}, {"k": 1, "l": [{"x": 1}]}, ["v.l[0].x"], id="below any free key"),
    ],
)
def test_unknown_fields(wanted: Any, value: Any, fields: list[str]) -> None:
    assert schema.unknown_fields(value, wanted, "v") == fields


DEFAULTED = {
    "type": "object",
    "properties": {
        "a": {"type": "string", "default": "A"},
        "o": {"type": "object", "default": {}, "properties": {"x": {"type": "integer", "default": 7}}},
        "l": {"type": "array", "items": {"type": "object", "properties": {"q": {"type": "string", "default": "Q"}}}},
        "m": {"type": "object", "additionalProperties": {"properties": {"q": {"type": "string", "default": "Q"}}}},
        "n": {"type": "string", "nullable": True, "default": "N"},
    },
}


def test_defaults_are_filled_in_at_every_level() -> None:
    assert schema.defaults({}, DEFAULTED) == {"a": "A", "o": {"x": 7}, "n": "N"}


def test_what_is_given_stays_as_it_is() -> None:
    given = {"a": "x", "l": [{}], "m": {"k": {}}, "n": None, "o": {"x": 1}}
    assert schema.defaults(given, DEFAULTED) == {
        "a": "x",
        "l": [{"q": "Q"}],
        "m": {"k": {"q": "Q"}},
        "n": None,
        "o": {"x": 1},
    }
    assert given == {"a": "x", "l": [{}], "m": {"k": {}}, "n": None, "o": {"x": 1}}


def test_null_is_replaced_by_the_default_unless_it_may_stand() -> None:
    assert schema.defaults({"a": None, "n": None}, DEFAULTED) == {"a": "A", "n": None, "o": {"x": 7}}
