"""What Kubernetes forbids in one level of a parameter schema; `constraints.structural` walks through the levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from constraints.dataclass import dataclass
from constraints.fields import type_name
from constraints.model import Json
from constraints.schema import INT_OR_STRING, PRESERVE, TYPES, Schema, pattern

EMBEDDED: Final = "x-kubernetes-embedded-resource"
LIST_TYPE: Final = "x-kubernetes-list-type"
LIST_KEYS: Final = "x-kubernetes-list-map-keys"
MAP_TYPE: Final = "x-kubernetes-map-type"
VALIDATIONS: Final = "x-kubernetes-validations"
UNSUPPORTED: Final = ("$ref", "id", "additionalItems", "definitions", "dependencies", "patternProperties")
JUNCTORS: Final = ("anyOf", "oneOf", "allOf")
_EITHER: Final = [{"type": "integer"}, {"type": "string"}]
_FORBIDDEN_INSIDE: Final = (
    "type",
    "additionalProperties",
    "default",
    "title",
    "description",
    "nullable",
    PRESERVE,
    EMBEDDED,
    INT_OR_STRING,
    LIST_KEYS,
    LIST_TYPE,
    MAP_TYPE,
    VALIDATIONS,
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a schema, where in it, and the value that is there."""

    path: str
    message: str
    value: Json


def joined(path: str, name: str) -> str:
    """The path of a keyword."""
    return f"{path}.{name}" if path else name


def own_flaws(schema: Schema, path: str) -> Iterator[Flaw]:
    """What is wrong with one level, those below left aside."""
    kind = schema.get("type")
    if kind is not None and kind not in TYPES:
        yield Flaw(joined(path, "type"), f"is none of {', '.join(TYPES)}", kind)
    for keyword in UNSUPPORTED:
        if keyword in schema:
            yield Flaw(joined(path, keyword), "is not supported", schema[keyword])
    if schema.get("uniqueItems"):
        yield Flaw(joined(path, "uniqueItems"), "cannot be set, since its run time is quadratic", True)
    if schema.get("properties") and schema.get("additionalProperties", True) is not True:
        yield Flaw(joined(path, "additionalProperties"), "and properties are mutually exclusive", type_name({}))
    if "pattern" in schema:
        yield from _wrong_pattern(schema["pattern"], path)
    yield from _extensions(schema, path)
    yield from _inside(schema, path)


def clash(schema: Schema, path: str) -> Iterator[Flaw]:
    """An integer or text has no unknown fields to keep; legacy schemas without a type keep them everywhere."""
    if schema.get(INT_OR_STRING) and schema.get(PRESERVE):
        yield Flaw(joined(path, PRESERVE), f"must be false beside {INT_OR_STRING}, it is", True)


def _wrong_pattern(text: str, path: str) -> Iterator[Flaw]:
    try:
        pattern(text)
    except ValueError as error:
        yield Flaw(joined(path, "pattern"), f"must be a valid regular expression ({error}), it is", text)


def _extensions(schema: Schema, path: str) -> Iterator[Flaw]:
    if schema.get(PRESERVE) is False:
        yield Flaw(joined(path, PRESERVE), "must be true where it stands, it is", False)
    for keyword, kind, known in ((LIST_TYPE, "array", ("atomic", "set", "map")), (MAP_TYPE, "object", ("atomic", "granular"))):  # fmt: skip
        if keyword in schema and schema.get("type") != kind:
            yield Flaw(joined(path, "type"), f"must be {kind} beside {keyword}, it is", schema.get("type"))
        if keyword in schema and schema[keyword] not in known:
            yield Flaw(joined(path, keyword), f"is none of {', '.join(known)}", schema[keyword])
    if schema.get(EMBEDDED):
        yield from _embedded(schema, path)
    if LIST_KEYS in schema and schema.get(LIST_TYPE) != "map":
        yield Flaw(joined(path, LIST_TYPE), f"must be map beside {LIST_KEYS}, it is", schema.get(LIST_TYPE))
    if schema.get(LIST_TYPE) == "map":
        yield from _map_list(schema, path)
    elif schema.get(LIST_TYPE) == "set":
        yield from _set_list(schema.get("items", {}), joined(path, "items"))


def _embedded(schema: Schema, path: str) -> Iterator[Flaw]:
    if schema.get("type") != "object":
        yield Flaw(joined(path, "type"), f"must be object beside {EMBEDDED}, it is", schema.get("type"))
    if "additionalProperties" in schema or schema.get(INT_OR_STRING):
        yield Flaw(joined(path, EMBEDDED), f"must not stand beside additionalProperties or {INT_OR_STRING}", True)
    if not schema.get(PRESERVE) and not schema.get("properties"):
        yield Flaw(joined(path, "properties"), f"must not be empty beside {EMBEDDED} without {PRESERVE}", None)


def _map_list(schema: Schema, path: str) -> Iterator[Flaw]:
    keys, items = schema.get(LIST_KEYS, []), schema.get("items")
    if not keys or len(set(keys)) < len(keys):
        yield Flaw(joined(path, LIST_KEYS), f"must name distinct fields beside {LIST_TYPE} map, it is", keys)
    if not isinstance(items, Mapping) or items.get("type") != "object":
        yield Flaw(joined(path, "items"), f"must be objects beside {LIST_TYPE} map", None)
        return
    for key in keys:
        if items.get("properties", {}).get(key, {"type": "array"}).get("type") in ("array", "object"):
            yield Flaw(joined(path, LIST_KEYS), "must name properties of the items that are scalars, it names", key)


def _set_list(items: Json, path: str) -> Iterator[Flaw]:
    fields = items if isinstance(items, Mapping) else {}
    if fields.get("type") == "array" and fields.get(LIST_TYPE, "atomic") != "atomic":
        yield Flaw(joined(path, LIST_TYPE), "must be atomic in the items of a set, it is", fields[LIST_TYPE])
    if fields.get("type") == "object" and fields.get(MAP_TYPE) != "atomic":
        yield Flaw(joined(path, MAP_TYPE), "must be atomic in the items of a set, it is", fields.get(MAP_TYPE))


def _inside(schema: Schema, path: str) -> Iterator[Flaw]:
    """What anyOf, oneOf, allOf and not hold may only judge values, and not say what they are."""
    for at, part in enumerate(schema.get("allOf", ())):
        yield from _judging(part, joined(path, f"allOf[{at}]"), either=at == 0)
    yield from _judged(schema, path, either=True)


def _judging(schema: Json, path: str, *, either: bool = False) -> Iterator[Flaw]:
    if not isinstance(schema, Mapping):
        return
    for keyword in _FORBIDDEN_INSIDE:
        if keyword in schema and schema[keyword] is not False:
            yield Flaw(joined(path, keyword), "must not stand inside anyOf, oneOf, allOf or not", schema[keyword])
    properties = schema.get("properties", {})
    if "metadata" in properties:
        yield Flaw(joined(path, "properties[metadata]"), "must not stand inside anyOf, oneOf, allOf or not", "metadata")
    for name, part in properties.items():
        yield from _judging(part, joined(path, f"properties[{name}]"))
    yield from _judging(schema.get("items"), joined(path, "items"))
    for at, part in enumerate(schema.get("allOf", ())):
        yield from _judging(part, joined(path, f"allOf[{at}]"))
    yield from _judged(schema, path, either=either)


def _judged(schema: Schema, path: str, *, either: bool) -> Iterator[Flaw]:
    """`either`: `anyOf` of an integer or a text, in this order, may stand here."""
    for keyword in ("anyOf", "oneOf"):
        if not (either and keyword == "anyOf" and schema.get(keyword) == _EITHER):
            for at, part in enumerate(schema.get(keyword, ())):
                yield from _judging(part, joined(path, f"{keyword}[{at}]"))
    yield from _judging(schema.get("not"), joined(path, "not"))
