"""Reads the Connection that says where violations are exported to, and finds those that nobody heeds."""

from __future__ import annotations

from audit.export.connection import CONFIG_MAPS, CONNECTIONS
from audit.policies.reading import Reader
from constraints.dataclass import dataclass
from constraints.model import Object


@dataclass(frozen=True, slots=True)
class Connections:
    """What there is in a namespace: the one that counts, a Connection or a ConfigMap, and all other Connections."""

    one: Object | None = None
    others: tuple[Object, ...] = ()


def connections(reader: Reader, namespace: str, name: str) -> Connections:
    """A Connection goes before a ConfigMap of the same name. Raises KubeError."""
    found = [obj for obj in reader.objects_if_served(CONNECTIONS) if obj["metadata"].get("namespace") == namespace]
    others = tuple(obj for obj in found if obj["metadata"]["name"] != name)
    for obj in found:
        if obj["metadata"]["name"] == name:
            return Connections(obj, others)
    config_map = reader.listed_one(CONFIG_MAPS, name, namespace)
    if config_map is None:
        return Connections(None, others)
    kind = CONFIG_MAPS.kind  # items of a list need not say what they are
    return Connections({**config_map, "kind": kind.kind, "apiVersion": kind.api_version}, others)
