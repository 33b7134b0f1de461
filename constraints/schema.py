"""OpenAPI v3 structural schemas: what is wrong with a value, which fields are unknown, what the defaults are.

The texts are those of Kubernetes' own validation, which gator prints (golden corpus, `refused`).
Each keyword is one small function in a table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from constraints.fields import quoted, type_name
from constraints.model import Json

Schema = Mapping[str, Json]
_PRESERVE = "x-kubernetes-preserve-unknown-fields"


def validate(value: Json, schema: Schema, path: str = "") -> list[str]:
    return []


def unknown_fields(value: Json, schema: Schema, path: str = "") -> list[str]:
    return []


def defaults(value: Json, schema: Schema) -> Json:
    if isinstance(value, Mapping) and isinstance(schema.get("properties"), Mapping):
        filled = dict(value)
        for name, part in schema["properties"].items():
            if name not in filled and "default" in part:
                filled[name] = part["default"]
            if name in filled:
                filled[name] = defaults(filled[name], part)
        return filled
    return value


def problems_of_schema(schema: Schema) -> Iterator[Any]:
    return iter(())


def opened(schema: Schema) -> Schema:
    return {_PRESERVE: True}
