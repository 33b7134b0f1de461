"""Events are served by two groups: the same objects, stored as core ones, with other words for some fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from audit.embedded.registry import Served
from constraints.model import Json

GROUP: Final = "events.k8s.io"
_CORE_TO_NEW: Final = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_NEW_TO_CORE: Final = {new: core for core, new in _CORE_TO_NEW.items()}


def shown(served: Served, obj: dict[str, Json]) -> dict[str, Json]:
    """A stored object in the words of the group that it is asked from."""
    return _renamed(obj, _CORE_TO_NEW) if served.kind.group == GROUP else obj


def stored(served: Served, obj: dict[str, Json]) -> dict[str, Json]:
    """The other way round."""
    return _renamed(obj, _NEW_TO_CORE) if served.kind.group == GROUP else obj


def _renamed(obj: Mapping[str, Json], names: Mapping[str, str]) -> dict[str, Json]:
    return {names.get(name, name): value for name, value in obj.items()}
