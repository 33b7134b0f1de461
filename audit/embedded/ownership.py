"""Who set which field: managedFields, and server-side apply on top of them.

Fields are sets of paths; a path is a tuple of fieldsV1 segments (`f:spec`, `k:{"name":"a"}`, `v:"x"`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson

from audit.embedded.listkeys import SchemaField
from audit.embedded.strategic import identity
from constraints.dataclass import dataclass
from constraints.model import Json

Path = tuple[str, ...]
Paths = frozenset[Path]

_UNOWNED: Final = frozenset({("f:apiVersion",), ("f:kind",)})
_METADATA_OWNED: Final = frozenset({"f:labels", "f:annotations", "f:finalizers", "f:ownerReferences"})


@dataclass(frozen=True, slots=True)
class Owner:
    """One entry of managedFields."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""

    @property
    def identity(self) -> tuple[str, str, str]:
        """Two entries with the same identity are one."""
        return (self.manager, self.operation, self.subresource)


def leaves(obj: Mapping[str, Json], root: SchemaField) -> dict[Path, Json]:
    """Every field that can be owned, with its value."""
    found = dict(_leaves(obj, root, ()))
    return {path: value for path, value in found.items() if _ownable(path)}


def _ownable(path: Path) -> bool:
    if path[0] == "f:metadata":
        return len(path) > 1 and path[1] in _METADATA_OWNED
    return path not in _UNOWNED


def _leaves(value: Json, place: SchemaField, path: Path) -> Iterator[tuple[Path, Json]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _leaves(part, place.below(name), (*path, f"f:{name}"))
    elif isinstance(value, list) and value and place.is_set():
        yield from (((*path, f"v:{orjson.dumps(item).decode()}"), item) for item in value)
    elif isinstance(value, list) and value and (keys := place.keys(value)):
        for item in value:
            yield from _leaves(item, place.item(), (*path, segment(item, keys)))
    else:
        yield path, value


def segment(item: Mapping[str, Json], keys: tuple[str, ...]) -> str:
    """The path segment of an item of a list that has keys."""
    return "k:" + orjson.dumps({key: item[key] for key in sorted(keys)}).decode()


def merged(live: Json, applied: Json, place: SchemaField) -> Json:
    """`live` with `applied` laid over it, as server-side apply does: nothing is removed here."""
    if isinstance(live, Mapping) and isinstance(applied, Mapping):
        result = dict(live)
        for name, part in applied.items():
            result[name] = merged(live.get(name), part, place.below(name))
        return result
    if isinstance(live, list) and isinstance(applied, list):
        return _merged_list(live, applied, place)
    return applied


def _merged_list(live: list[Json], applied: list[Json], place: SchemaField) -> list[Json]:
    if place.is_set():
        return [*live, *(item for item in applied if item not in live)]
    keys = place.keys([*live, *applied])
    if not keys:
        return applied
    items = {identity(item, keys): item for item in live}
    for item in applied:
        where = identity(item, keys)
        items[where] = merged(items.get(where), item, place.item())
    return list(items.values())


def without(value: Json, path: Path, place: SchemaField) -> Json:
    """`value` without the field at `path`; containers that become empty by it go as well."""
    head, rest = path[0], path[1:]
    if isinstance(value, list):
        return _without_item(value, head, rest, place)
    name = head.removeprefix("f:")
    if not isinstance(value, Mapping) or name not in value:
        return value
    part = without(value[name], rest, place.below(name)) if rest else None
    others = {key: one for key, one in value.items() if key != name}
    return {key: part if key == name else one for key, one in value.items()} if part not in (None, {}, []) else others


def _without_item(items: list[Json], head: str, rest: Path, place: SchemaField) -> list[Json]:
    if head.startswith("v:"):
        return [item for item in items if f"v:{orjson.dumps(item).decode()}" != head]
    keys = place.keys(items)
    kept = []
    for item in items:
        if keys and segment(item, keys) == head:
            item = without(item, rest, place.item()) if rest else None
            if item is None or not set(item) - set(keys):
                continue
        kept.append(item)
    return kept


def parse(managed: Iterable[Mapping[str, Json]]) -> dict[Owner, Paths]:
    """managedFields as sets of paths."""
    return {_owner(entry): frozenset(_paths(entry.get("fieldsV1") or {}, ())) for entry in managed}


def _owner(entry: Mapping[str, Json]) -> Owner:
    names = ("manager", "operation", "apiVersion", "subresource", "time")
    return Owner(*(str(entry.get(name, "")) for name in names))


def _paths(fields: Mapping[str, Json], path: Path) -> Iterator[Path]:
    for name, below in fields.items():
        if name == ".":
            continue
        if below:
            yield from _paths(below, (*path, name))
        else:
            yield (*path, name)


def render(owned: Mapping[Owner, Paths]) -> list[dict[str, Json]]:
    """Sets of paths as managedFields; owners of nothing are left out."""
    return [_entry(owner, paths) for owner, paths in owned.items() if paths]


def _entry(owner: Owner, paths: Paths) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    for path in sorted(paths):
        node = fields
        for name in path:
            node = node.setdefault(name, {})
    entry = {
        "manager": owner.manager,
        "operation": owner.operation,
        "apiVersion": owner.api_version,
        "time": owner.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return entry | ({"subresource": owner.subresource} if owner.subresource else {})


def text(path: Path) -> str:
    """A path as the API server prints it: `.spec.containers[name="a"].image`."""
    return "".join(f".{part[2:]}" if part.startswith("f:") else _bracket(part) for part in path)


def _bracket(part: str) -> str:
    value = orjson.loads(part[2:])
    if isinstance(value, Mapping):
        inside = ",".join(f"{key}={orjson.dumps(one).decode()}" for key, one in value.items())
        return f"[{inside}]"
    return f"[={orjson.dumps(value).decode()}]"
