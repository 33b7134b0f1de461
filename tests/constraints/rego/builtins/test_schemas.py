"""JSON schemas with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import N, call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        (
            "json.match_schema",
            [{"x": "a"}, {"properties": {"x": {"type": "integer"}}}],
            '[false, [{"desc": "Invalid type. Expected: integer, given: string", "error": "x: Invalid type. Expected: integer, given: string", "field": "x", "type": "invalid_type"}]]',
        ),
        ("json.match_schema", [{"x": 1.0}, {"properties": {"x": {"type": "integer"}}}], "[true, []]"),
        (
            "json.match_schema",
            [{"x": 1.5}, {"properties": {"x": {"type": ["integer", "string"]}}}],
            '[false, [{"desc": "Invalid type. Expected: [integer,string], given: number", "error": "x: Invalid type. Expected: [integer,string], given: number", "field": "x", "type": "invalid_type"}]]',
        ),
        (
            "json.match_schema",
            [{}, {"required": ["x", "y"]}],
            '[false, [{"desc": "x is required", "error": "(Root): x is required", "field": "(Root)", "type": "required"}, {"desc": "y is required", "error": "(Root): y is required", "field": "(Root)", "type": "required"}]]',
        ),
        (
            "json.match_schema",
            [{"x": [1, "a"]}, {"properties": {"x": {"items": {"type": "integer"}}}}],
            '[false, [{"desc": "Invalid type. Expected: integer, given: string", "error": "x.1: Invalid type. Expected: integer, given: string", "field": "x.1", "type": "invalid_type"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 0.3}, {"properties": {"x": {"multipleOf": 0.1, "maximum": 0.2}}}],
            '[false, [{"desc": "Must be less than or equal to 0.2", "error": "x: Must be less than or equal to 0.2", "field": "x", "type": "number_lte"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 5}, {"properties": {"x": {"minimum": 5, "exclusiveMinimum": True}}}],
            '[false, [{"desc": "Must be greater than 5", "error": "x: Must be greater than 5", "field": "x", "type": "number_gt"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 5}, {"properties": {"x": {"exclusiveMaximum": 5}}}],
            '[false, [{"desc": "Must be less than 5", "error": "x: Must be less than 5", "field": "x", "type": "number_lt"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "z"}, {"properties": {"x": {"enum": ["y", 1.0]}}}],
            '[false, [{"desc": "x must be one of the following: \\"y\\", 1", "error": "x: x must be one of the following: \\"y\\", 1", "field": "x", "type": "enum"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "z"}, {"properties": {"x": {"const": {"a": 1}}}}],
            '[false, [{"desc": "x does not match: {\\"a\\":1}", "error": "x: x does not match: {\\"a\\":1}", "field": "x", "type": "const"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1, "y": 2}, {"properties": {"x": {}}, "additionalProperties": False}],
            '[false, [{"desc": "Additional property y is not allowed", "error": "(Root): Additional property y is not allowed", "field": "(Root)", "type": "additional_property_not_allowed"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1}, {"patternProperties": {"^x": {"type": "string"}}}],
            '[false, [{"desc": "Invalid type. Expected: string, given: integer", "error": "x: Invalid type. Expected: string, given: integer", "field": "x", "type": "invalid_type"}]]',
        ),
        (
            "json.match_schema",
            [{"long": 1}, {"propertyNames": {"maxLength": 1}}],
            '[false, [{"desc": "Property name of \\"long\\" does not match", "error": "(Root): Property name of \\"long\\" does not match", "field": "(Root)", "type": "invalid_property_name"}, {"desc": "String length must be less than or equal to 1", "error": "(Root): String length must be less than or equal to 1", "field": "(Root)", "type": "string_lte"}]]',
        ),
        (
            "json.match_schema",
            [
                {"x": {"y": 1}},
                {
                    "definitions": {"s": {"type": "string"}},
                    "properties": {"x": {"properties": {"y": {"$ref": "#/definitions/s"}}}},
                },
            ],
            '[false, [{"desc": "Invalid type. Expected: string, given: integer", "error": "x.y: Invalid type. Expected: string, given: integer", "field": "x.y", "type": "invalid_type"}]]',
        ),
        (
            "json.match_schema",
            [{"x": [1, 1]}, {"properties": {"x": {"uniqueItems": True, "minItems": 3, "contains": {"type": "null"}}}}],
            '[false, [{"desc": "Array must have at least 3 items", "error": "x: Array must have at least 3 items", "field": "x", "type": "array_min_items"}, {"desc": "array items[0,1] must be unique", "error": "x: array items[0,1] must be unique", "field": "x", "type": "unique"}, {"desc": "At least one of the items must match", "error": "x: At least one of the items must match", "field": "x", "type": "contains"}, {"desc": "Invalid type. Expected: null, given: integer", "error": "x.0: Invalid type. Expected: null, given: integer", "field": "x.0", "type": "invalid_type"}]]',
        ),
        (
            "json.match_schema",
            [{"x": [1, 2]}, {"properties": {"x": {"items": [{}], "additionalItems": False}}}],
            '[false, [{"desc": "No additional items allowed on array", "error": "x: No additional items allowed on array", "field": "x", "type": "array_no_additional_items"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1}, {"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}],
            '[false, [{"desc": "Must validate at least one schema (anyOf)", "error": "(Root): Must validate at least one schema (anyOf)", "field": "(Root)", "type": "number_any_of"}, {"desc": "a is required", "error": "(Root): a is required", "field": "(Root)", "type": "required"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1}, {"oneOf": [{}, {"type": "object"}]}],
            '[false, [{"desc": "Must validate one and only one schema (oneOf)", "error": "(Root): Must validate one and only one schema (oneOf)", "field": "(Root)", "type": "number_one_of"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1}, {"allOf": [{"required": ["a"]}], "not": {}}],
            '[false, [{"desc": "a is required", "error": "(Root): a is required", "field": "(Root)", "type": "required"}, {"desc": "Must validate all the schemas (allOf)", "error": "(Root): Must validate all the schemas (allOf)", "field": "(Root)", "type": "number_all_of"}, {"desc": "Must not validate the schema (not)", "error": "(Root): Must not validate the schema (not)", "field": "(Root)", "type": "number_not"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1}, {"dependencies": {"x": ["y"]}}],
            '[false, [{"desc": "Has a dependency on y", "error": "(Root): Has a dependency on y", "field": "(Root)", "type": "missing_dependency"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1}, {"if": {"required": ["x"]}, "then": {"required": ["y"]}}],
            '[false, [{"desc": "Must validate \\"then\\" as \\"if\\" was valid", "error": "(Root): Must validate \\"then\\" as \\"if\\" was valid", "field": "(Root)", "type": "condition_then"}, {"desc": "y is required", "error": "(Root): y is required", "field": "(Root)", "type": "required"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "2020"}, {"properties": {"x": {"format": "date", "pattern": "^a", "minLength": 5}}}],
            '[false, [{"desc": "Does not match format \'date\'", "error": "x: Does not match format \'date\'", "field": "x", "type": "format"}, {"desc": "String length must be greater than or equal to 5", "error": "x: String length must be greater than or equal to 5", "field": "x", "type": "string_gte"}, {"desc": "Does not match pattern \'^a\'", "error": "x: Does not match pattern \'^a\'", "field": "x", "type": "pattern"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1}, {"properties": {"x": False}}],
            '[false, [{"desc": "False always fails validation", "error": "x: False always fails validation", "field": "x", "type": "false"}]]',
        ),
        (
            "json.match_schema",
            ["[1]", '{"type":"object","maxProperties":0}'],
            '[false, [{"desc": "Invalid type. Expected: object, given: array", "error": "(Root): Invalid type. Expected: object, given: array", "field": "(Root)", "type": "invalid_type"}]]',
        ),
        (
            "json.match_schema",
            [{"x": 1}, {"type": "unknown"}],
            "eval_builtin_error: has a primitive type that is NOT VALID -- given: /unknown/ Expected valid values are:[array boolean integer number null object string]",
        ),
        ("json.match_schema", ["{", {}], "eval_builtin_error: invalid JSON string"),
        ("json.match_schema", ["true", {}], "[true, []]"),
        ("json.verify_schema", [{"type": "object"}], "[true, null]"),
        (
            "json.verify_schema",
            [{"type": "unknown"}],
            '[false, "jsonschema: has a primitive type that is NOT VALID -- given: /unknown/ Expected valid values are:[array boolean integer number null object string]"]',
        ),
        ("json.verify_schema", [{"type": ["string", "string"]}], '[false, "jsonschema: string type is duplicated"]'),
        ("json.verify_schema", [{"properties": 1}], '[false, "jsonschema: Properties must be of type object"]'),
        (
            "json.verify_schema",
            [{"minLength": -1}],
            '[false, "jsonschema: minLength must be greater than or equal to 0"]',
        ),
        (
            "json.verify_schema",
            [{"minLength": 5, "maxLength": 2}],
            '[false, "jsonschema: minLength cannot be greater than maxLength"]',
        ),
        ("json.verify_schema", [{"pattern": "["}], '[false, "jsonschema: pattern must be a valid regex"]'),
        (
            "json.verify_schema",
            [{"patternProperties": {"[": {}}}],
            "[false, \"jsonschema: Invalid regex pattern '['\"]",
        ),
        ("json.verify_schema", [{"$ref": "#/x"}], "[false, \"jsonschema: Object has no key 'x'\"]"),
        ("json.verify_schema", [{"required": ["a", "a"]}], '[false, "jsonschema: required items must be unique"]'),
        ("json.verify_schema", [{"id": 1}], '[false, "jsonschema: Invalid type. Expected: string, given: id"]'),
        (
            "json.verify_schema",
            [{"exclusiveMinimum": True}],
            '[false, "jsonschema: exclusiveMinimum cannot be used without minimum"]',
        ),
        (
            "json.verify_schema",
            [{"$schema": "http://json-schema.org/draft-07/schema#", "exclusiveMinimum": True, "minimum": 1}],
            '[false, "jsonschema: Invalid type. Expected: number, given: exclusiveMinimum"]',
        ),
        (
            "json.verify_schema",
            [{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"a": True}}],
            '[false, "jsonschema: Expected: Valid Schema, given: Invalid JSON"]',
        ),
        (
            "json.verify_schema",
            [{"multipleOf": 0}],
            '[false, "jsonschema: multipleOf must be strictly greater than 0"]',
        ),
        ("json.verify_schema", [{"enum": [1, 1.0]}], '[false, "jsonschema: enum items must be unique"]'),
        (
            "json.verify_schema",
            [{"dependencies": {"a": 1}}],
            '[false, "jsonschema: Dependency must be of type Schema Or Array Of Strings"]',
        ),
        ("json.verify_schema", [{"anyOf": 1}], '[false, "jsonschema: anyOf must be of an array"]'),
        ("json.verify_schema", [{"if": 1}], '[false, "jsonschema: if must be of an object"]'),
        ("json.verify_schema", ["{"], '[false, "jsonschema: invalid JSON string"]'),
        ("json.verify_schema", ["1"], '[false, "jsonschema: schema is invalid"]'),
        (
            "json.match_schema",
            [{"x": "-a"}, {"properties": {"x": {"format": "hostname"}}}],
            '[false, [{"desc": "Does not match format \'hostname\'", "error": "x: Does not match format \'hostname\'", "field": "x", "type": "format"}]]',
        ),
        ("json.match_schema", [{"x": "a@b"}, {"properties": {"x": {"format": "email"}}}], "[true, []]"),
        (
            "json.match_schema",
            [{"x": "a"}, {"properties": {"x": {"format": "email"}}}],
            '[false, [{"desc": "Does not match format \'email\'", "error": "x: Does not match format \'email\'", "field": "x", "type": "format"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "::1"}, {"properties": {"x": {"format": "ipv4"}}}],
            '[false, [{"desc": "Does not match format \'ipv4\'", "error": "x: Does not match format \'ipv4\'", "field": "x", "type": "format"}]]',
        ),
        ("json.match_schema", [{"x": "::1"}, {"properties": {"x": {"format": "ipv6"}}}], "[true, []]"),
        (
            "json.match_schema",
            [{"x": "a/b"}, {"properties": {"x": {"format": "uri"}}}],
            '[false, [{"desc": "Does not match format \'uri\'", "error": "x: Does not match format \'uri\'", "field": "x", "type": "format"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "a/{b"}, {"properties": {"x": {"format": "uri-template"}}}],
            '[false, [{"desc": "Does not match format \'uri-template\'", "error": "x: Does not match format \'uri-template\'", "field": "x", "type": "format"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "x"}, {"properties": {"x": {"format": "uuid"}}}],
            '[false, [{"desc": "Does not match format \'uuid\'", "error": "x: Does not match format \'uuid\'", "field": "x", "type": "format"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "["}, {"properties": {"x": {"format": "regex"}}}],
            '[false, [{"desc": "Does not match format \'regex\'", "error": "x: Does not match format \'regex\'", "field": "x", "type": "format"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "a"}, {"properties": {"x": {"format": "json-pointer"}}}],
            '[false, [{"desc": "Does not match format \'json-pointer\'", "error": "x: Does not match format \'json-pointer\'", "field": "x", "type": "format"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "25:00:00"}, {"properties": {"x": {"format": "time"}}}],
            '[false, [{"desc": "Does not match format \'time\'", "error": "x: Does not match format \'time\'", "field": "x", "type": "format"}]]',
        ),
        (
            "json.match_schema",
            [{"x": "2020-01-01T00:00:00Z"}, {"properties": {"x": {"format": "date-time"}}}],
            "[true, []]",
        ),
        ("json.match_schema", [{"x": "x"}, {"properties": {"x": {"format": "made-up"}}}], "[true, []]"),
        ("json.match_schema", [{"x": N("1e400")}, {"type": "object"}], "[true, []]"),
    ],
)
def test_schemas_are_told_apart_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer


def test_a_schema_loads_nothing() -> None:
    answer = call("json.match_schema", {"x": 1}, {"$ref": "http://127.0.0.1:1/schema"})
    assert answer == "eval_builtin_error: Reference http://127.0.0.1:1/schema cannot be resolved"
