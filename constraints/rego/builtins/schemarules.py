"""What a document breaks of a JSON schema, told as OPA's library does; a jsonschema dialect whose one rule asks in that
order.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from constraints.rego.builtins.gojson import marshal
from constraints.rego.builtins.regex import search
from constraints.rego.builtins.schemaformats import FORMATS
from constraints.rego.values.kinds import is_number
from constraints.rego.values.number import decimal_of, exact, general

Problems = Iterator[Any]  # of jsonschema.ValidationError: `validator` is the type of the problem, `message` its text
Rule = Callable[[Any, Any, dict[str, Any]], Problems]  # from the validator, the document and the schema

FIELD: Final = "\0"
"""Stands for the name of the field in a problem's text."""

_SINCE: Final = {"propertyNames": 6, "contains": 6, "const": 6, "if": 7}


def _problem(kind: str, message: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(message, validator=kind)


@lru_cache(maxsize=4)
def dialect(draft: int) -> Any:
    """The validator class of a draft."""
    from jsonschema import Draft4Validator, Draft7Validator, validators

    def everything(validator: Any, _: Any, instance: Any, schema: dict[str, Any]) -> Problems:
        known = {key: value for key, value in schema.items() if _SINCE.get(key, 0) <= draft}
        return _all(validator, instance, known)

    base = Draft4Validator if draft == 4 else Draft7Validator
    return validators.create(
        base.META_SCHEMA,
        {"": everything},
        id_of=base.ID_OF,
        applicable_validators=lambda schema: [("", schema)],
    )


def _all(validator: Any, instance: Any, schema: dict[str, Any]) -> Problems:
    if "$ref" in schema:
        yield from validator._validate_reference(ref=schema["$ref"], instance=instance)
        return
    kind = type_of(instance)
    names = schema.get("type", [])
    wanted = names if isinstance(names, list) else [names]
    if wanted and kind not in wanted and not (kind == "integer" and "number" in wanted):
        expected = wanted[0] if len(wanted) == 1 else f"[{','.join(wanted)}]"
        yield _problem("invalid_type", f"Invalid type. Expected: {expected}, given: {kind}")
        return
    for rule in _RULES[kind]:
        yield from rule(validator, instance, schema)


def type_of(instance: Any) -> str:
    """The narrowest of a schema's types that a document has."""
    if instance is None:
        return "null"
    if isinstance(instance, bool):
        return "boolean"
    if isinstance(instance, str):
        return "string"
    if is_number(instance):
        return "integer" if isinstance(exact(instance), int) else "number"
    return "array" if isinstance(instance, list) else "object"


def _below(validator: Any, instance: Any, schema: Any, path: Any = None) -> list[Any]:
    """The problems with a schema within this one."""
    if schema is False:
        found = [_problem("false", "False always fails validation")]
        for problem in found:
            problem.path.extend(() if path is None else (path,))
        return found
    return list(validator.descend(instance, schema, path=path))


def _closest(attempts: list[list[Any]]) -> list[Any]:
    """The problems of what was probably meant: the first attempt with the fewest."""
    return min(attempts, key=len, default=[])


def _combined(validator: Any, instance: Any, schema: dict[str, Any]) -> Problems:
    if schema.get("anyOf"):
        attempts = [_below(validator, instance, one) for one in schema["anyOf"]]
        if all(attempts):
            yield _problem("number_any_of", "Must validate at least one schema (anyOf)")
            yield from _closest(attempts)
    if schema.get("oneOf"):
        attempts = [_below(validator, instance, one) for one in schema["oneOf"]]
        if sum(not attempt for attempt in attempts) != 1:
            yield _problem("number_one_of", "Must validate one and only one schema (oneOf)")
            yield from _closest(attempts)
    attempts = [_below(validator, instance, one) for one in schema.get("allOf", ())]
    yield from (problem for attempt in attempts for problem in attempt)
    if any(attempts):
        yield _problem("number_all_of", "Must validate all the schemas (allOf)")
    if "not" in schema and not _below(validator, instance, schema["not"]):
        yield _problem("number_not", "Must not validate the schema (not)")


def _dependencies(validator: Any, instance: Any, schema: dict[str, Any]) -> Problems:
    if not isinstance(instance, dict):
        return
    for key, needed in sorted(schema.get("dependencies", {}).items()):
        if key not in instance:
            continue
        if isinstance(needed, list):
            missing = (name for name in needed if name not in instance)
            yield from (_problem("missing_dependency", f"Has a dependency on {name}") for name in missing)
        else:
            yield from _below(validator, instance, needed)


def _condition(validator: Any, instance: Any, schema: dict[str, Any]) -> Problems:
    if "if" not in schema:
        return
    holds = not _below(validator, instance, schema["if"])
    name = "then" if holds else "else"
    found = _below(validator, instance, schema.get(name, {}))
    if found:
        was = "was valid" if holds else "was not valid"
        yield _problem(f"condition_{name}", f'Must validate "{name}" as "if" {was}')
        yield from found


def plain(value: Any) -> str:
    """JSON in which all numbers are doubles, so that 1.0 is 1."""
    if is_number(value):
        number = float(value)
        whole = math.isfinite(number) and number.is_integer() and abs(number) < 1e21
        return str(int(number)) if whole else json.dumps(number).replace("e-0", "e-")
    if isinstance(value, list):
        return f"[{','.join(map(plain, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{marshal(key)}:{plain(item)}' for key, item in sorted(value.items()))}}}"
    return marshal(value)


def _fixed(_: Any, instance: Any, schema: dict[str, Any]) -> Problems:
    if "const" in schema and plain(schema["const"]) != plain(instance):
        yield _problem("const", f"{FIELD} does not match: {plain(schema['const'])}")
    allowed = [plain(one) for one in schema.get("enum", ())]
    if allowed and plain(instance) not in allowed:
        yield _problem("enum", f"{FIELD} must be one of the following: {', '.join(allowed)}")
    check = FORMATS.get(schema.get("format", ""))
    if check and isinstance(instance, str) and not check(instance):
        yield _problem("format", f"Does not match format '{schema['format']}'")


def _array(validator: Any, instance: list[Any], schema: dict[str, Any]) -> Problems:
    yield from _items(validator, instance, schema)
    size = len(instance)
    if size < schema.get("minItems", 0):
        yield _problem("array_min_items", f"Array must have at least {exact(schema['minItems'])} items")
    if size > schema.get("maxItems", size):
        yield _problem("array_max_items", f"Array must have at most {exact(schema['maxItems'])} items")
    if schema.get("uniqueItems"):
        yield from _unique(instance)
    if "contains" in schema:
        attempts = [_below(validator, item, schema["contains"], index) for index, item in enumerate(instance)]
        if all(attempts):
            yield _problem("contains", "At least one of the items must match")
            yield from _closest(attempts)


def _items(validator: Any, instance: list[Any], schema: dict[str, Any]) -> Problems:
    items = schema.get("items", [])
    if not isinstance(items, list):
        for index, item in enumerate(instance):
            yield from _below(validator, item, items, index)
        return
    for index, (item, one) in enumerate(zip(instance, items, strict=False)):
        yield from _below(validator, item, one, index)
    if items and len(items) < len(instance):
        rest = schema.get("additionalItems", True)
        if rest is False:
            yield _problem("array_no_additional_items", "No additional items allowed on array")
        elif rest is not True:
            for index in range(len(items), len(instance)):
                yield from _below(validator, instance[index], rest, index)


def _unique(instance: list[Any]) -> Problems:
    seen: dict[str, int] = {}
    for index, item in enumerate(instance):
        key = plain(item)
        if key in seen:
            yield _problem("unique", f"array items[{seen[key]},{index}] must be unique")
        seen[key] = index


def _object(validator: Any, instance: dict[str, Any], schema: dict[str, Any]) -> Problems:
    size = len(instance)
    if size < schema.get("minProperties", 0):
        yield _problem("array_min_properties", f"Must have at least {exact(schema['minProperties'])} properties")
    if size > schema.get("maxProperties", size):
        yield _problem("array_max_properties", f"Must have at most {exact(schema['maxProperties'])} properties")
    missing = (name for name in schema.get("required", ()) if name not in instance)
    yield from (_problem("required", f"{name} is required") for name in missing)
    for name in sorted(instance):
        yield from _property(validator, name, instance[name], schema)
    if "propertyNames" in schema:
        for name in sorted(instance):
            found = _below(validator, name, schema["propertyNames"])
            if found:
                yield _problem("invalid_property_name", f'Property name of "{name}" does not match')
                yield from found


def _property(validator: Any, name: str, value: Any, schema: dict[str, Any]) -> Problems:
    """What the patterns say of a property, or else what is said of additional ones."""
    patterns = [below for pattern, below in schema.get("patternProperties", {}).items() if search(pattern, name)]
    for below in patterns:
        yield from _below(validator, value, below, name)
    if patterns or name in schema.get("properties", {}):
        return
    additional = schema.get("additionalProperties", True)
    if additional is False:
        yield _problem("additional_property_not_allowed", f"Additional property {name} is not allowed")
    elif additional is not True:
        yield from _below(validator, value, additional, name)


def _properties(validator: Any, instance: dict[str, Any], schema: dict[str, Any]) -> Problems:
    for name, below in sorted(schema.get("properties", {}).items(), key=lambda pair: str(pair[0])):
        if name in instance:
            yield from _below(validator, instance[name], below, name)


def _string(_: Any, instance: str, schema: dict[str, Any]) -> Problems:
    size = len(instance)
    if size < schema.get("minLength", 0):
        low = exact(schema["minLength"])
        yield _problem("string_gte", f"String length must be greater than or equal to {low}")
    if size > schema.get("maxLength", size):
        yield _problem("string_lte", f"String length must be less than or equal to {exact(schema['maxLength'])}")
    if "pattern" in schema and not search(schema["pattern"], instance):
        yield _problem("pattern", f"Does not match pattern '{schema['pattern']}'")


def _number(_: Any, instance: Any, schema: dict[str, Any]) -> Problems:
    value = _fraction(instance)
    if "multipleOf" in schema and (value / _fraction(schema["multipleOf"])).denominator != 1:
        yield _problem("multiple_of", f"Must be a multiple of {_shown(schema['multipleOf'])}")
    high, above = _bounds(schema, "maximum", "exclusiveMaximum")
    if high is not None and value > _fraction(high):
        yield _problem("number_lte", f"Must be less than or equal to {_shown(high)}")
    if above is not None and value >= _fraction(above):
        yield _problem("number_lt", f"Must be less than {_shown(above)}")
    low, below = _bounds(schema, "minimum", "exclusiveMinimum")
    if low is not None and value < _fraction(low):
        yield _problem("number_gte", f"Must be greater than or equal to {_shown(low)}")
    if below is not None and value <= _fraction(below):
        yield _problem("number_gt", f"Must be greater than {_shown(below)}")


def _bounds(schema: dict[str, Any], key: str, exclusive: str) -> tuple[Any, Any]:
    """The bound that may be reached and the one that may not; draft 4 says by a bool which of them it is."""
    bound, other = schema.get(key), schema.get(exclusive)
    if other is True:
        return None, bound
    return bound, None if other is False else other


def _fraction(value: Any) -> Fraction:
    return Fraction(decimal_of(value))


def _shown(value: Any) -> str:
    return general(value) if value else "0"


_BEFORE: Final[tuple[Rule, ...]] = (_combined, _dependencies, _condition)
_RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "null": (*_BEFORE, _fixed),
    "boolean": (*_BEFORE, _fixed),
    "string": (*_BEFORE, _fixed, _string),
    "integer": (*_BEFORE, _number, _fixed),
    "number": (*_BEFORE, _number, _fixed),
    "array": (*_BEFORE, _array, _fixed),
    "object": (*_BEFORE, _object, _fixed, _properties),
}
