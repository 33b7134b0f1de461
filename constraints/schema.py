"""OpenAPI v3 structural schemas: what is wrong with a value, which fields are unknown, what the defaults are.

The texts are those of Kubernetes' own validation, as gator prints them. Each keyword is one small function in a table.
The schemas have passed `constraints.structural`, so that keywords hold values of the right type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from math import isclose, isfinite
from typing import Final

from constraints import formats
from constraints.dataclass import dataclass
from constraints.fields import compact, plain_number, type_name
from constraints.model import Json

Schema = Mapping[str, Json]
PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING: Final = "x-kubernetes-int-or-string"
_EXACT: Final = 2.0**53
TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `path` is empty for problems that Kubernetes reports without one."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}: {self.text}" if self.path else self.text


def validate(value: Json, schema: Schema, path: str = "") -> list[Problem]:
    """What is wrong with `value`; unknown fields are not looked at."""
    return list(_problems(value, schema, path))


def unknown_fields(value: Json, schema: Schema, path: str = "") -> list[str]:
    """Paths of the fields that `schema` does not name, sorted."""
    return sorted(_unknown(value, schema, path))


def defaults(value: Json, schema: Schema) -> Json:
    """`value` with the defaults of missing fields filled in, at every level; what is given stays as it is."""
    if isinstance(value, Mapping) and schema:
        properties = schema.get("properties", {})
        missing = {
            name: part["default"]
            for name, part in properties.items()
            if "default" in part and (name not in value or (value[name] is None and not part.get("nullable")))
        }
        return {name: defaults(item, _schema_of(name, schema)) for name, item in {**value, **missing}.items()}
    items = schema.get("items")
    if isinstance(value, list) and items:
        return [defaults(item, items) for item in value]
    return value


def pattern(text: str) -> re.Pattern[str]:
    """A pattern of a schema, read as RE2 reads it. Raises ValueError."""
    if re.search(r"(?<!\\)(?:\\\\)*(?:\(\?(?:[=!]|<[=!])|\\[1-9])", text):
        raise ValueError("lookarounds and backreferences are not supported")
    try:
        return re.compile(re.sub(r"(?<!\\)\$\Z", r"\\Z", text))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _problems(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if not schema or (value is None and schema.get("nullable")):
        return
    yield from _type(value, schema, path)
    yield from _range(value, schema, path)
    for keyword, check in _KEYWORDS.items():
        if keyword in schema:
            yield from check(value, schema, path)
    yield from _below(value, schema, path)
    yield from _required(value, schema, path)


def _below(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _problems(item, _schema_of(name, schema), _child(path, name))
    elif isinstance(value, list) and "items" in schema:
        for at, item in enumerate(value):
            yield from _problems(item, schema["items"], f"{path}[{at}]")


def _schema_of(name: str, schema: Schema) -> Schema:
    """The schema of one field; an empty one when there is none."""
    found = schema.get("properties", {}).get(name)
    if found is None:
        found = schema.get("additionalProperties")
    return found if isinstance(found, Mapping) else {}


def _unknown(value: Json, schema: Schema, path: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        others = schema.get("additionalProperties")
        for name, item in value.items():
            if name in schema.get("properties", {}) or isinstance(others, Mapping):
                yield from _unknown(item, _schema_of(name, schema), _child(path, name))
            elif not schema.get(PRESERVE):
                yield from _unknown(item, {}, _child(path, name)) if others else (_child(path, name),)
    elif isinstance(value, list) and ("items" in schema or not schema.get(PRESERVE)):
        for at, item in enumerate(value):
            yield from _unknown(item, schema.get("items", {}), f"{path}[{at}]")


def _child(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _invalid(path: str, value: Json, rule: str) -> Problem:
    return Problem(path, f"Invalid value: {compact(value)}: {path} in body {rule}")


def _type(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    wanted = _wanted_types(schema)
    if isinstance(value, list) and wanted == ("string",) and formats.is_known(schema.get("format", "")):
        return  # Kubernetes leaves such a value to the format, which is for texts only
    if wanted and not any(_is_a(value, name) for name in wanted):
        yield _invalid(path, type_name(value), f'must be of type {",".join(wanted)}: "{type_name(value)}"')


def _wanted_types(schema: Schema) -> tuple[str, ...]:
    if schema.get(INT_OR_STRING):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def _is_a(value: Json, name: str) -> bool:
    found = type_name(value)
    return found == name or (name == "integer" and found == "number" and _is_whole(value))


def _is_whole(value: float) -> bool:
    """A float is an integer as long as it is exact."""
    return isinstance(value, int) or (value.is_integer() and abs(value) < _EXACT)


def _enum(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if not any(_equal(value, allowed) for allowed in schema["enum"]):
        supported = ", ".join(
            f'"{allowed if isinstance(allowed, str) else compact(allowed)}"' for allowed in schema["enum"]
        )
        yield Problem(path, f"Unsupported value: {compact(value)}: supported values: {supported}")


def _equal(value: Json, allowed: Json) -> bool:
    """Go cuts a float off when the allowed value is an integer: 1.5 is 1."""
    if _is_number(value) and isinstance(allowed, int) and isfinite(value):
        return int(value) == allowed and not isinstance(allowed, bool)
    return type_name(value) == type_name(allowed) and bool(value == allowed)


def _pattern(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if isinstance(value, str) and not _compiled(schema["pattern"]).search(value):
        yield _invalid(path, value, f"should match '{schema['pattern']}'")


_compiled = lru_cache(maxsize=512)(pattern)


def _range(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    """Integers, and what bounds them, have 32 or 64 bits."""
    if not _is_number(value) or schema.get("type") != "integer":
        return
    given = schema.get("format", "")
    bits, shown = _INTEGER_BITS.get(given, 63), f"with format {given}" if given in _INTEGER_BITS else "(default format)"
    for what, number in (("Checked", value), *((_BOUNDS[key], schema[key]) for key in _BOUNDS if key in schema)):
        if not (float(number).is_integer() and -(1 << bits) <= number < 1 << bits):
            text = f"{what} value must be of type integer {shown} in {path}"
            yield Problem("", f'Invalid value: "": {text}')


_INTEGER_BITS: Final = {"int32": 31, "int64": 63}
_BOUNDS: Final = {"multipleOf": "MultipleOf", "maximum": "Maximum boundary", "minimum": "Minimum boundary"}


def _minimum(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    least, exclusive = schema["minimum"], schema.get("exclusiveMinimum")
    if _is_number(value) and (value <= least if exclusive else value < least):
        yield _invalid(
            path, value, f"should be greater than {'' if exclusive else 'or equal to '}{plain_number(least)}"
        )


def _maximum(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    most, exclusive = schema["maximum"], schema.get("exclusiveMaximum")
    if _is_number(value) and (value >= most if exclusive else value > most):
        yield _invalid(path, value, f"should be less than {'' if exclusive else 'or equal to '}{plain_number(most)}")


def _multiple_of(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    factor = schema["multipleOf"]
    if _is_number(value) and factor <= 0:
        shown = plain_number(factor)
        yield Problem(path, f"Invalid value: {shown}: factor MultipleOf declared for {path} must be positive: {shown}")
    elif _is_number(value) and isfinite(value) and not isclose(value / factor, round(value / factor)):
        yield _invalid(path, value, f"should be a multiple of {plain_number(factor)}")


def _is_number(value: Json) -> bool:
    return type_name(value) == "number"


def _at_least(keyword: str, kind: type, unit: str) -> Callable[[Json, Schema, str], Iterator[Problem]]:
    def check(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
        if isinstance(value, kind) and len(value) < schema[keyword]:  # type: ignore[arg-type]  # str, list, Mapping
            verb = "be at least" if kind is str else "have at least"
            shown = value if kind is str else len(value)  # type: ignore[arg-type]  # str, list, Mapping
            yield _invalid(path, shown, f"should {verb} {schema[keyword]} {unit}")

    return check


def _max_length(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if isinstance(value, str) and len(value) > schema["maxLength"]:
        most = schema["maxLength"]
        yield Problem(path, f"Too long: may not be more than {most} {'byte' if most == 1 else 'bytes'}")


def _at_most(keyword: str, kind: type) -> Callable[[Json, Schema, str], Iterator[Problem]]:
    def check(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
        most = schema[keyword]
        if isinstance(value, kind) and len(value) > most:  # type: ignore[arg-type]  # list, Mapping
            item = "item" if most == 1 else "items"
            yield Problem(path, f"Too many: {len(value)}: must have at most {most} {item}")  # type: ignore[arg-type]  # list, Mapping

    return check


def _unique(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if schema["uniqueItems"] and isinstance(value, list) and len({compact(item) for item in value}) < len(value):
        yield _invalid(path, value, "shouldn't contain duplicates")


def _required(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if isinstance(value, Mapping):
        for name in dict.fromkeys(schema.get("required", ())):
            if name not in value:
                yield Problem(_child(path, name), "Required value")


def _closed(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if isinstance(value, Mapping) and schema["additionalProperties"] is False:
        for name in value:
            if name not in schema.get("properties", {}):
                yield Problem(path, f'Invalid value: "{name}": {_child(path, name)} in body is a forbidden property')


def _format(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    name = schema["format"]
    if isinstance(value, str) and schema.get("type") in (None, "string") and not formats.fits(name, value):
        yield _invalid(path, value, f"must be of type {name}: {compact(value)}")


def _any_of(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    attempts = _attempts(value, schema["anyOf"], path)
    if all(attempts):
        yield Problem("", f'Invalid value: "": "{path}" must validate at least one schema (anyOf)')
        yield from attempts[0]


def _one_of(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    attempts = _attempts(value, schema["oneOf"], path)
    valid = sum(not attempt for attempt in attempts)
    if valid != 1:
        found = f"{valid} valid alternatives" if valid else "none valid"
        yield Problem("", f'Invalid value: "": "{path}" must validate one and only one schema (oneOf). Found {found}')
        yield from attempts[0] if not valid else ()


def _all_of(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    attempts = _attempts(value, schema["allOf"], path)
    for attempt in attempts:
        yield from attempt
    if any(attempts):
        none = ". None validated" if all(attempts) else ""
        yield Problem("", f'Invalid value: "": "{path}" must validate all the schemas (allOf){none}')


def _not(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    if not validate(value, schema["not"], path):
        yield Problem("", f'Invalid value: "": "{path}" must not validate the schema (not)')


def _attempts(value: Json, alternatives: Sequence[Schema], path: str) -> list[list[Problem]]:
    return [validate(value, alternative, path) for alternative in alternatives]


_KEYWORDS: Final[dict[str, Callable[[Json, Schema, str], Iterator[Problem]]]] = {
    "enum": _enum,
    "pattern": _pattern,
    "format": _format,
    "minimum": _minimum,
    "maximum": _maximum,
    "multipleOf": _multiple_of,
    "minLength": _at_least("minLength", str, "chars long"),
    "maxLength": _max_length,
    "minItems": _at_least("minItems", list, "items"),
    "maxItems": _at_most("maxItems", list),
    "uniqueItems": _unique,
    "minProperties": _at_least("minProperties", Mapping, "properties"),
    "maxProperties": _at_most("maxProperties", Mapping),
    "additionalProperties": _closed,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "allOf": _all_of,
    "not": _not,
}
