"""Custom objects and their schema: unknown fields go, defaults come, the rest is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from audit.embedded.refusals import Refusal, bad_request, invalid
from audit.embedded.registry import Served
from constraints.model import Json
from constraints.schema import defaults, validate

_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_ROOT: Final = frozenset({"apiVersion", "kind", "metadata"})


def shaped(served: Served, obj: Mapping[str, Json], validation: str = "") -> tuple[dict[str, Json], list[str]]:
    """`obj` as it would be stored, and the warnings for the client.

    Raises Refusal: 422 when the schema does not allow it, 400 when `validation` is `Strict` and a field is unknown.
    """
    if served.schema is None:
        return dict(obj), []
    kept, unknown = pruned(obj, served.schema)
    if unknown and validation == "Strict":
        raise _strict(served, unknown)
    whole: dict[str, Json] = defaults(kept, served.schema)
    rest = {name: value for name, value in whole.items() if name not in _ROOT}
    problems = [str(problem) for problem in validate(rest, _without_root(served.schema))]
    if problems:
        raise invalid(served, obj["metadata"].get("name", ""), problems)
    warnings = [] if validation == "Ignore" else [f'unknown field "{path}"' for path in unknown]
    return whole, warnings


def _without_root(schema: Mapping[str, Json]) -> dict[str, Json]:
    """The schema of what is not metadata: the API server checks that part itself."""
    properties = {name: part for name, part in (schema.get("properties") or {}).items() if name not in _ROOT}
    required = [name for name in schema.get("required") or () if name not in _ROOT]
    return {**schema, "properties": properties, "required": required}


def _strict(served: Served, unknown: list[str]) -> Refusal:
    name, version = served.kind.kind, served.kind.version
    listed = ", ".join(f'unknown field "{path}"' for path in unknown)
    return bad_request(f'{name} in version "{version}" cannot be handled as a {name}: strict decoding error: {listed}')


def pruned(obj: Mapping[str, Json], schema: Mapping[str, Json]) -> tuple[dict[str, Json], list[str]]:
    """`obj` without the fields that `schema` does not know, and the paths of those."""
    unknown: list[str] = []
    fields = {name: value for name, value in obj.items() if name not in _ROOT}
    kept = {name: obj[name] for name in ("apiVersion", "kind", "metadata") if name in obj}
    return kept | _pruned(fields, schema, "", unknown), unknown


def _pruned(value: Json, schema: Mapping[str, Json], path: str, unknown: list[str]) -> Json:
    if isinstance(value, list):
        items = schema.get("items") or {}
        return [_pruned(item, items, f"{path}[{index}]", unknown) for index, item in enumerate(value)]
    if not isinstance(value, Mapping):
        return value
    return dict(_fields(value, schema, path, unknown))


def _fields(
    value: Mapping[str, Json], schema: Mapping[str, Json], path: str, unknown: list[str]
) -> Iterator[tuple[str, Json]]:
    properties, others = schema.get("properties") or {}, schema.get("additionalProperties")
    for name, part in value.items():
        below = f"{path}.{name}" if path else name
        if name in properties:
            yield name, _pruned(part, properties[name], below, unknown)
        elif isinstance(others, Mapping):
            yield name, _pruned(part, others, below, unknown)
        elif _keeps(name, schema):
            yield name, part
        else:
            unknown.append(below)


def _keeps(name: str, schema: Mapping[str, Json]) -> bool:
    if schema.get(_PRESERVE) or schema.get("additionalProperties") is True:
        return True
    return bool(schema.get(_EMBEDDED)) and name in _ROOT
