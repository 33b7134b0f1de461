"""What is wrong with a JSON schema, in the words of the library that OPA compiles it with (gojsonschema, drafts 4 to
7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.gojson import marshal
from constraints.rego.builtins.regex import compiled
from constraints.rego.values.kinds import is_number
from constraints.rego.values.number import exact

TYPES: Final = ("array", "boolean", "integer", "number", "null", "object", "string")
HYBRID: Final = 99
_DRAFTS: Final = {f"http://json-schema.org/draft-0{number}/schema": number for number in (4, 6, 7)}
_SCHEMAS: Final = "Valid Schema/Array Of Schemas"
_DEPENDENCY: Final = "Dependency must be of type Schema Or Array Of Strings"


def draft_of(schema: Any) -> int:
    """4, 6 or 7, as `$schema` says; HYBRID, which takes what any of them has, without one."""
    if isinstance(schema, bool):
        return HYBRID
    if not isinstance(schema, dict):
        raise BuiltinError("schema is invalid")
    name = schema.get("$schema", "")
    if not isinstance(name, str):
        raise BuiltinError("$schema must be of type string")
    return _DRAFTS.get(name.removesuffix("#"), HYBRID)


def check_schema(schema: Any) -> None:
    """Raise BuiltinError with the first thing that is wrong."""
    _Check(schema, draft_of(schema)).schema(schema)


def _invalid_type(expected: str, given: str) -> BuiltinError:
    return BuiltinError(f"Invalid type. Expected: {expected}, given: {given}")


class _Check:
    def __init__(self, root: Any, draft: int) -> None:
        self.root = root
        self.draft = draft

    def schema(self, schema: Any) -> None:
        """A schema and all below it."""
        if isinstance(schema, bool) and self.draft >= 6:
            return
        if not isinstance(schema, dict):
            raise BuiltinError("Expected: Valid Schema, given: Invalid JSON")
        new_id = self.draft in (6, 7) or (self.draft == HYBRID and "id" not in schema)
        self.text(schema, "$id" if new_id else "id")
        self.definitions(schema)
        for key in ("title", "description", "$ref"):
            self.text(schema, key)
        if "$ref" in schema:
            self.reference(schema["$ref"])
            return
        for check in _STEPS:
            check(self, schema)

    def text(self, schema: dict[str, Any], key: str) -> None:
        if not isinstance(schema.get(key, ""), str):
            raise _invalid_type("string", key)

    def reference(self, reference: str) -> None:
        """A pointer into this document; others are looked up when they are needed."""
        if not reference.startswith("#/"):
            return
        node = self.root
        for token in unquote(reference[2:]).split("/"):
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            elif isinstance(node, dict) and name in node:
                node = node[name]
            else:
                raise BuiltinError(f"Object has no key '{name}'")

    def definitions(self, schema: dict[str, Any]) -> None:
        found = schema.get("definitions", {})
        if not isinstance(found, dict) or not all(isinstance(one, bool | dict) for one in found.values()):
            raise _invalid_type("Array Of Schemas", "definitions")
        self.each(found.values())

    def each(self, schemas: Any) -> None:
        for schema in schemas:
            self.schema(schema)

    def types(self, schema: dict[str, Any]) -> None:
        names = schema.get("type", [])
        seen = []
        for name in names if isinstance(names, list) else [names]:
            if not isinstance(name, str):
                raise _invalid_type("type", "string/Array Of Strings")
            if name not in TYPES:
                raise BuiltinError(
                    f"has a primitive type that is NOT VALID -- given: /{name}/ Expected valid values are:[{' '.join(TYPES)}]"
                )
            if name in seen:
                raise BuiltinError(f"{name} type is duplicated")
            seen.append(name)

    def properties(self, schema: dict[str, Any]) -> None:
        found = schema.get("properties", {})
        if not isinstance(found, dict):
            raise BuiltinError("Properties must be of type object")
        self.each(found.values())

    def additional_properties(self, schema: dict[str, Any]) -> None:
        self.schema_or_bool(schema, "additionalProperties")

    def schema_or_bool(self, schema: dict[str, Any], key: str) -> None:
        found = schema.get(key, True)
        if isinstance(found, dict):
            self.schema(found)
        elif not isinstance(found, bool):
            raise _invalid_type("boolean/Valid Schema", key)

    def pattern_properties(self, schema: dict[str, Any]) -> None:
        found = schema.get("patternProperties", {})
        if not isinstance(found, dict):
            raise _invalid_type("Valid Schema", "patternProperties")
        for pattern, below in found.items():
            try:
                compiled(pattern)
            except BuiltinError as error:
                raise BuiltinError(f"Invalid regex pattern '{pattern}'") from error
            self.schema(below)

    def property_names(self, schema: dict[str, Any]) -> None:
        if self.draft < 6 or "propertyNames" not in schema:
            return
        if not isinstance(schema["propertyNames"], bool | dict):
            raise _invalid_type("Valid Schema", "patternProperties")
        self.schema(schema["propertyNames"])

    def dependencies(self, schema: dict[str, Any]) -> None:
        found = schema.get("dependencies", {})
        if not isinstance(found, dict):
            raise BuiltinError("dependencies must be of type object")
        for needed in found.values():
            if isinstance(needed, bool | dict):
                self.schema(needed)
            elif not isinstance(needed, list) or not all(isinstance(one, str) for one in needed):
                raise BuiltinError(_DEPENDENCY)

    def items(self, schema: dict[str, Any]) -> None:
        found = schema.get("items", [])
        for one in found if isinstance(found, list) else [found]:
            if not isinstance(one, bool | dict):
                raise _invalid_type(_SCHEMAS, "items")
            self.schema(one)

    def additional_items(self, schema: dict[str, Any]) -> None:
        self.schema_or_bool(schema, "additionalItems")

    def multiple_of(self, schema: dict[str, Any]) -> None:
        found = schema.get("multipleOf", 1)
        if not is_number(found):
            raise _invalid_type("Number", "multipleOf")
        if found <= 0:
            raise BuiltinError("multipleOf must be strictly greater than 0")

    def bounds(self, schema: dict[str, Any]) -> None:
        for key, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if not is_number(schema.get(key, 0)):
                raise BuiltinError(f"{key} must be of a Number")
            if exclusive in schema:
                self.exclusive(schema, key, exclusive)

    def exclusive(self, schema: dict[str, Any], key: str, exclusive: str) -> None:
        """A bool beside the bound in draft 4, a bound of its own from 6 on, either without a draft."""
        found = schema[exclusive]
        wanted = {4: "boolean", HYBRID: "boolean/number"}.get(self.draft, "number")
        is_bool = isinstance(found, bool)
        if not (is_bool or is_number(found)) or wanted == ("number" if is_bool else "boolean"):
            raise _invalid_type(wanted, exclusive)
        if is_bool and key not in schema:
            raise BuiltinError(f"{exclusive} cannot be used without {key}")

    def lengths(self, schema: dict[str, Any]) -> None:
        self.sizes(schema, "Length", "{0} cannot be greater than {1}")

    def sizes(self, schema: dict[str, Any], name: str, disorder: str) -> None:
        found = [self.size(schema, f"{bound}{name}") for bound in ("min", "max")]
        low, high = found
        if disorder and low is not None and high is not None and low > high:
            raise BuiltinError(disorder.format(f"min{name}", f"max{name}"))

    def size(self, schema: dict[str, Any], key: str) -> int | None:
        if key not in schema:
            return None
        found = exact(schema[key]) if is_number(schema[key]) else None
        if not isinstance(found, int):
            raise BuiltinError(f"{key} must be of an integer")
        if found < 0:
            raise BuiltinError(f"{key} must be greater than or equal to 0")
        return found

    def pattern(self, schema: dict[str, Any]) -> None:
        self.text(schema, "pattern")
        try:
            compiled(schema.get("pattern", ""))
        except BuiltinError as error:
            raise BuiltinError("pattern must be a valid regex") from error
        self.text(schema, "format")

    def property_counts(self, schema: dict[str, Any]) -> None:
        self.sizes(schema, "Properties", "{0} cannot be greater than {1}")

    def required(self, schema: dict[str, Any]) -> None:
        found = self.array(schema, "required")
        if not all(isinstance(one, str) for one in found):
            raise _invalid_type("string", "required")
        self.unique(found, "required")

    def array(self, schema: dict[str, Any], key: str) -> list[Any]:
        found = schema.get(key, [])
        if not isinstance(found, list):
            raise BuiltinError(f"{key} must be of an array")
        return found

    def unique(self, found: list[Any], key: str) -> None:
        if len({marshal(one) for one in found}) < len(found):
            raise BuiltinError(f"{key} items must be unique")

    def item_counts(self, schema: dict[str, Any]) -> None:
        self.sizes(schema, "Items", "")
        if not isinstance(schema.get("uniqueItems", False), bool):
            raise BuiltinError("uniqueItems must be of a boolean")

    def contains(self, schema: dict[str, Any]) -> None:
        if self.draft >= 6 and "contains" in schema:
            self.schema(schema["contains"])

    def enum(self, schema: dict[str, Any]) -> None:
        self.unique(self.array(schema, "enum"), "enum")

    def combined(self, schema: dict[str, Any]) -> None:
        for key in ("oneOf", "anyOf", "allOf"):
            self.each(self.array(schema, key))
        for key in ("not", *(("if", "then", "else") if self.draft >= 7 else ())):
            if key in schema:
                if not isinstance(schema[key], bool | dict):
                    raise BuiltinError(f"{key} must be of an object")
                self.schema(schema[key])


_STEPS: Final[tuple[Callable[[_Check, dict[str, Any]], None], ...]] = (
    _Check.types,
    _Check.properties,
    _Check.additional_properties,
    _Check.pattern_properties,
    _Check.property_names,
    _Check.dependencies,
    _Check.items,
    _Check.additional_items,
    _Check.multiple_of,
    _Check.bounds,
    _Check.lengths,
    _Check.pattern,
    _Check.property_counts,
    _Check.required,
    _Check.item_counts,
    _Check.contains,
    _Check.enum,
    _Check.combined,
)
