"""Whether a template's parameter schema is one that Kubernetes takes, and how legacy schemas are opened.

Rules of structural schemas (contract, section 4.3); the texts name the field as Kubernetes does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from constraints.fields import type_name
from constraints.model import Json
from constraints.schema import INT_OR_STRING, PRESERVE, TYPES, Schema, pattern, unknown_fields, validate

DEEPEST: Final = 64
_ONE_SCHEMA: Final = ("items", "not")
_SCHEMA_LISTS: Final = ("anyOf", "oneOf", "allOf")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a schema, where in it, and the value that is there."""

    path: str
    message: str
    value: Json


def flaws(schema: Schema, path: str = "", depth: int = 0) -> Iterator[Flaw]:
    """What is wrong with `schema`; what is below a field of a wrong type is not looked at."""
    if depth > DEEPEST:
        yield Flaw(path, f"is deeper than {DEEPEST} levels", None)
        return
    wrong = list(_wrong_types(schema, path))
    yield from wrong
    if wrong:
        return
    yield from _own(schema, path, top=depth == 0)
    for name, part in _parts(schema):
        if isinstance(part, Mapping):
            yield from flaws(part, _join(path, name), depth + 1)
        else:
            yield Flaw(_join(path, name), "must be an object, it is", part)
    yield from _wrong_default(schema, path)


def opened(schema: Schema) -> Schema:
    """A legacy schema: unknown fields are kept at every object and untyped level, missing `items` take anything."""
    result: dict[str, Json] = dict(schema)
    if schema.get("type") in (None, "object") and not schema.get(INT_OR_STRING):
        result[PRESERVE] = True
    if "properties" in schema:
        result["properties"] = {name: opened(part) for name, part in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), Mapping):
        result["additionalProperties"] = opened(schema["additionalProperties"])
    if schema.get("type") == "array":
        result["items"] = opened(schema.get("items") or {})
    return result


def untyped(schema: Schema, path: str = "", *, inside: bool = False) -> Iterator[Flaw]:
    """Levels that say nothing about their type, or arrays without items: only legacy schemas may have those."""
    if not inside and not (schema.get("type") or schema.get(PRESERVE) or schema.get(INT_OR_STRING)):
        yield Flaw(_join(path, "type"), "is missing; must not be empty for specified object fields, it is", None)
    if schema.get("type") == "array" and not inside and "items" not in schema:
        yield Flaw(_join(path, "items"), "is missing; it must be specified, it is", None)
    for name, part in _parts(schema):
        logical = inside or name.startswith((*_SCHEMA_LISTS, "not"))
        yield from untyped(part, _join(path, name), inside=logical)


def _parts(schema: Schema) -> Iterator[tuple[str, Json]]:
    """The schemas inside `schema` and their names in it."""
    for name, part in schema.get("properties", {}).items():
        yield f"properties[{name}]", part
    if "additionalProperties" in schema and not isinstance(schema["additionalProperties"], bool):
        yield "additionalProperties", schema["additionalProperties"]
    for keyword in _ONE_SCHEMA:
        if keyword in schema:
            yield keyword, schema[keyword]
    for keyword in _SCHEMA_LISTS:
        for at, part in enumerate(schema.get(keyword, ())):
            yield f"{keyword}[{at}]", part


def _own(schema: Schema, path: str, *, top: bool) -> Iterator[Flaw]:
    kind = schema.get("type")
    if kind is not None and kind not in TYPES:
        yield Flaw(_join(path, "type"), f"is none of {', '.join(TYPES)}", kind)
    if "$ref" in schema:
        yield Flaw(_join(path, "$ref"), "is not supported", schema["$ref"])
    if schema.get("uniqueItems"):
        yield Flaw(_join(path, "uniqueItems"), "cannot be set, since its run time is quadratic", True)
    if "properties" in schema and schema.get("additionalProperties"):
        yield Flaw(_join(path, "additionalProperties"), "and properties are mutually exclusive", type_name({}))
    if "multipleOf" in schema and not schema["multipleOf"] > 0:
        yield Flaw(_join(path, "multipleOf"), "must be greater than 0, it is", schema["multipleOf"])
    if "pattern" in schema:
        yield from _wrong_pattern(schema["pattern"], path)
    if top and schema.get("nullable"):
        yield Flaw(_join(path, "nullable"), "cannot be set at the root", True)


def _wrong_pattern(text: str, path: str) -> Iterator[Flaw]:
    try:
        pattern(text)
    except ValueError as error:
        yield Flaw(_join(path, "pattern"), f"must be a valid regular expression ({error}), it is", text)


def _wrong_default(schema: Schema, path: str) -> Iterator[Flaw]:
    if schema.get("default") is None:
        return
    where = _join(path, "default")
    for problem in validate(schema["default"], schema, where):
        yield Flaw(where, f"does not fit its schema ({problem})", schema["default"])
    for field in unknown_fields(schema["default"], schema, where):
        yield Flaw(field, "is a field that the schema does not name, in the default", schema["default"])


def _wrong_types(schema: Schema, path: str) -> Iterator[Flaw]:
    for keyword, value in schema.items():
        expected = _EXPECTED.get(keyword)
        if expected and not expected[1](value):
            yield Flaw(_join(path, keyword), f"must be {expected[0]}, it is", value)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _is(*names: str) -> Callable[[Any], bool]:
    return lambda value: type_name(value) in names


def _is_count(value: Json) -> bool:
    return type_name(value) == "number" and float(value).is_integer()


def _are_texts(value: Json) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_BOOLEAN: Final = ("a boolean", _is("boolean"))
_NUMBER: Final = ("a number", _is("number"))
_TEXT: Final = ("a string", _is("string"))
_COUNT: Final = ("an integer", _is_count)
_LIST: Final = ("an array", _is("array"))
_EXPECTED: Final[dict[str, tuple[str, Callable[[Any], bool]]]] = {
    "type": _TEXT,
    "format": _TEXT,
    "pattern": _TEXT,
    "properties": ("an object", _is("object")),
    "additionalProperties": ("an object or a boolean", _is("object", "boolean")),
    "items": ("an object", _is("object")),
    "not": ("an object", _is("object")),
    "required": ("an array of strings", _are_texts),
    "enum": _LIST,
    **dict.fromkeys(_SCHEMA_LISTS, _LIST),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _COUNT),
    **dict.fromkeys(
        ("exclusiveMinimum", "exclusiveMaximum", "nullable", "uniqueItems", PRESERVE, INT_OR_STRING), _BOOLEAN
    ),
}
