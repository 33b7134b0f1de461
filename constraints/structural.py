"""Whether a template's parameter schema is one that Kubernetes takes, and how legacy schemas are opened.

Rules of structural schemas (compatibility, section 5.1); the texts name the field as Kubernetes does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from constraints.fields import type_name
from constraints.model import Json
from constraints.schema import INT_OR_STRING, PRESERVE, Schema, unknown_fields, validate
from constraints.schemarules import (
    EMBEDDED,
    JUNCTORS,
    LIST_KEYS,
    LIST_TYPE,
    MAP_TYPE,
    VALIDATIONS,
    Flaw,
    clash,
    joined,
    own_flaws,
)

DEEPEST: Final = 64
_ONE_SCHEMA: Final = ("items", "not")
_VOID: Final = {  # what says nothing
    **dict.fromkeys(("type", "format", "pattern", "id", "title", "description"), ""),
    **{key: [] for key in ("enum", "required", LIST_KEYS, VALIDATIONS, *JUNCTORS)},
    **{key: {} for key in ("definitions", "patternProperties", "dependencies")},
}


def flaws(schema: Schema, path: str = "", depth: int = 0) -> Iterator[Flaw]:
    """What is wrong with `schema`; what is below a field of a wrong type is not looked at."""
    if depth > DEEPEST:
        yield Flaw(path, f"is deeper than {DEEPEST} levels", None)
        return
    wrong = list(_wrong_types(schema, path))
    yield from wrong
    if wrong:
        return
    yield from own_flaws(schema, path)
    for name, part in _parts(schema):
        if isinstance(part, Mapping):
            yield from flaws(part, joined(path, name), depth + 1)
        else:
            yield Flaw(joined(path, name), "must be an object, it is", part)


def cleaned(schema: Json) -> Json:
    """A schema without what says nothing: nulls, empty texts and lists, `items` that hold no schema."""
    if not isinstance(schema, Mapping):
        return schema
    result = {keyword: value for keyword, value in schema.items() if value is not None and not _is_void(keyword, value)}
    if isinstance(result.get("properties"), Mapping):
        result["properties"] = {name: _part(part) for name, part in result["properties"].items()}
    for keyword in (*_ONE_SCHEMA, "additionalProperties"):
        if keyword in result:
            result[keyword] = cleaned(result[keyword])
    for keyword in JUNCTORS:
        if isinstance(result.get(keyword), list):
            result[keyword] = [_part(part) for part in result[keyword]]
    return result


def _part(schema: Json) -> Json:
    return {} if schema is None else cleaned(schema)


def _is_void(keyword: str, value: Json) -> bool:
    if keyword == "items":
        return not isinstance(value, Mapping) and not (isinstance(value, list) and value)
    return keyword in _VOID and value == _VOID[keyword]


def opened(schema: Schema) -> Schema:
    """A legacy schema: unknown fields are kept at every object and untyped level, missing `items` take anything."""
    result: dict[str, Json] = dict(schema)
    if schema.get("type") in (None, "object"):
        result[PRESERVE] = True
    if "properties" in schema:
        result["properties"] = {name: opened(part) for name, part in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), Mapping):
        result["additionalProperties"] = opened(schema["additionalProperties"])
    if schema.get("type") == "array" or "items" in schema:
        result["items"] = opened(schema.get("items") or {})
    return result


def clashes(schema: Schema, path: str = "", *, used: bool = True) -> Iterator[Flaw]:
    """What is wrong with a schema that is opened, if it has to be; defaults of additional properties are not looked
    at.
    """
    yield from clash(schema, path)
    if used:
        yield from _wrong_default(schema, path)
    for name, part in _parts(schema):
        yield from clashes(part, joined(path, name), used=used and name != "additionalProperties")


def untyped(schema: Schema, path: str = "", *, inside: bool = False) -> Iterator[Flaw]:
    """Levels that say nothing about their type, or arrays without items: only legacy schemas may have those."""
    if not inside and not (schema.get("type") or schema.get(PRESERVE) or schema.get(INT_OR_STRING)):
        yield Flaw(joined(path, "type"), "is missing; must not be empty for specified object fields, it is", None)
    if schema.get("type") == "array" and not inside and "items" not in schema:
        yield Flaw(joined(path, "items"), "is missing; it must be specified, it is", None)
    for name, part in _parts(schema):
        logical = inside or name.startswith((*JUNCTORS, "not"))
        yield from untyped(part, joined(path, name), inside=logical)


def _parts(schema: Schema) -> Iterator[tuple[str, Json]]:
    """The schemas inside `schema` and their names in it."""
    for name, part in schema.get("properties", {}).items():
        yield f"properties[{name}]", part
    if "additionalProperties" in schema and not isinstance(schema["additionalProperties"], bool):
        yield "additionalProperties", schema["additionalProperties"]
    for keyword in _ONE_SCHEMA:
        if keyword in schema:
            yield keyword, schema[keyword]
    for keyword in JUNCTORS:
        for at, part in enumerate(schema.get(keyword, ())):
            yield f"{keyword}[{at}]", part


def _wrong_default(schema: Schema, path: str) -> Iterator[Flaw]:
    if schema.get("default") is None or schema.get(INT_OR_STRING):
        return
    where = joined(path, "default")
    for problem in validate(schema["default"], schema, where):
        yield Flaw(where, f"does not fit its schema ({problem})", schema["default"])
    for field in unknown_fields(schema["default"], schema, where):
        yield Flaw(field, "is a field that the schema does not name, in the default", schema["default"])


def _wrong_types(schema: Schema, path: str) -> Iterator[Flaw]:
    for keyword, value in schema.items():
        expected = _EXPECTED.get(keyword)
        if expected and not expected[1](value):
            yield Flaw(joined(path, keyword), f"must be {expected[0]}, it is", value)


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
    **dict.fromkeys(
        ("type", "format", "pattern", "title", "description", "id", "$ref", "$schema", LIST_TYPE, MAP_TYPE), _TEXT
    ),
    **dict.fromkeys(
        ("properties", "definitions", "patternProperties", "dependencies", "externalDocs"), ("an object", _is("object"))
    ),
    "additionalItems": ("an object or a boolean", _is("object", "boolean")),
    LIST_KEYS: ("an array of strings", _are_texts),
    "additionalProperties": ("an object or a boolean", _is("object", "boolean")),
    "items": ("an object", _is("object")),
    "not": ("an object", _is("object")),
    "required": ("an array of strings", _are_texts),
    "enum": _LIST,
    **dict.fromkeys((*JUNCTORS, VALIDATIONS), _LIST),
    **dict.fromkeys(("minimum", "maximum", "multipleOf"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), _COUNT),
    **dict.fromkeys(
        ("exclusiveMinimum", "exclusiveMaximum", "nullable", "uniqueItems", PRESERVE, INT_OR_STRING, EMBEDDED), _BOOLEAN
    ),
}
