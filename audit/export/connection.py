"""The Connection that says where messages go: the resource, or the older ConfigMap, as a value (pure)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import field
from functools import partial

from audit.export.fields import Fields, invalid, named
from audit.model import Resource
from constraints import Kind
from constraints.dataclass import dataclass
from constraints.model import Json, Object

CONNECTIONS = Resource(Kind("connection.gatekeeper.sh", "v1alpha1", "Connection"), "connections", True)
CONFIG_MAPS = Resource(Kind("", "v1", "ConfigMap"), "configmaps", True)
EXTENDED = "extended"
_FIELDS = frozenset({"driver", "config"})


@dataclass(frozen=True, slots=True)
class Connection:
    """Which driver, and its config without the field `extended`, which is of all drivers: messages then say more.

    `origin` names the object for people. Two that are equal lead to the same target in the same way.
    """

    driver: str
    config: Mapping[str, Json] = field(default_factory=dict)
    extended: bool = False
    origin: str = field(default="", compare=False)

    @classmethod
    def of(cls, obj: Object) -> Connection:
        """Of a Connection, or of a ConfigMap with `driver` and `config`. Raises ExportError, which names the field."""
        kind, metadata = str(obj.get("kind")), obj["metadata"]
        origin = f"{kind} {metadata.get('namespace') or ''}/{metadata['name']}"
        if kind == CONFIG_MAPS.kind.kind:
            place, values = f"{origin}: data", _data(origin, obj)
        else:
            place, values = f"{origin}: spec", _mapping(f"{origin}: spec", obj.get("spec"))
        fields = Fields(place, values)
        driver = fields.text("driver")
        config = dict(_mapping(f"{place}.config", values.get("config")))
        extended = Fields(f"{place}.config", config).truth(EXTENDED)
        config.pop(EXTENDED, None)
        for name in sorted(values.keys() - _FIELDS):
            raise invalid(f"{place}.{name} is no field of a {kind}: there are {', '.join(sorted(_FIELDS))}")
        return cls(driver, config, extended, origin)

    @property
    def where(self) -> str:
        """Where the driver's config stands, for errors about its fields."""
        part = "data" if self.origin.startswith(CONFIG_MAPS.kind.kind) else "spec"
        return f"{self.origin}: {part}.config"


def _data(origin: str, obj: Object) -> Mapping[str, Json]:
    data = _mapping(f"{origin}: data", obj.get("data"))
    if "config" not in data:
        return data
    try:
        config = json.loads(data["config"], object_pairs_hook=partial(_object, f"{origin}: data.config"))
    except (TypeError, ValueError, RecursionError) as error:
        why = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"
        raise invalid(f"{origin}: data.config is no JSON: {why}") from None
    return {**data, "config": config}


def _object(where: str, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object of JSON, in which no field may stand twice: which of them counts would be a guess."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(name for name, number in Counter(name for name, _ in pairs).items() if number > 1)
        raise invalid(f"{where} has the field {twice!r} more than once")
    return found


def _mapping(where: str, value: Json) -> Mapping[str, Json]:
    if value is None:
        raise invalid(f"{where} is missing")
    if not isinstance(value, Mapping):
        raise invalid(f"{where} must be an object, not {named(value)}")
    return value
