"""How lists merge: which field tells their items apart, for built-in kinds and by a custom kind's schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from constraints.dataclass import dataclass
from constraints.model import Json

# The built-in kinds' patchMergeKey by field name; `ports` depends on what is in it.
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
    "conditions": ("type",),
    "ownerReferences": ("uid",),
    "taints": ("key",),
    "addresses": ("type",),
    "webhooks": ("name",),
}
_SETS: Final = frozenset({"finalizers"})
_IN_METADATA: Final = frozenset({"ownerReferences", "finalizers"})


@dataclass(frozen=True, slots=True)
class SchemaField:
    """A field of an object: its name and, for custom kinds, its schema (None elsewhere)."""

    name: str = ""
    schema: Mapping[str, Json] | None = None
    custom: bool = False

    def below(self, name: str) -> SchemaField:
        """The field `name` of this one."""
        if not self.custom:
            return SchemaField(name)
        schema = self.schema or {}
        found = (schema.get("properties") or {}).get(name) or schema.get("additionalProperties")
        return SchemaField(name, found if isinstance(found, Mapping) else None, name not in _IN_METADATA)

    def item(self) -> SchemaField:
        """An item of this list."""
        found = (self.schema or {}).get("items")
        return SchemaField("", found if isinstance(found, Mapping) else None, self.custom)

    def keys(self, items: Sequence[Json]) -> tuple[str, ...]:
        """The fields that tell items apart, () for a list that is replaced as a whole."""
        found = self._declared(items)
        usable = all(isinstance(item, Mapping) and all(key in item for key in found) for item in items)
        return found if usable else ()

    def is_set(self) -> bool:
        """Whether the list is a set of plain values."""
        if self.custom:
            return (self.schema or {}).get("x-kubernetes-list-type") == "set"
        return self.name in _SETS

    def _declared(self, items: Sequence[Json]) -> tuple[str, ...]:
        if self.custom:
            schema = self.schema or {}
            is_map = schema.get("x-kubernetes-list-type") == "map"
            return tuple(schema.get("x-kubernetes-list-map-keys") or ()) if is_map else ()
        if self.name == "ports":
            in_container = any(isinstance(item, Mapping) and "containerPort" in item for item in items)
            return ("containerPort",) if in_container else ("port",)
        return _KEYS.get(self.name, ())
