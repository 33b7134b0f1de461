"""Strategic merge patch: what `kubectl apply` and `kubectl patch` send for built-in kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from audit.embedded.listkeys import SchemaField
from audit.embedded.refusals import bad_request
from constraints.model import Json

_PATCH: Final = "$patch"
_RETAIN: Final = "$retainKeys"
_DELETE: Final = "$deleteFromPrimitiveList/"
_ORDER: Final = "$setElementOrder/"


def strategic_merge(value: Json, patch: Json, place: SchemaField | None = None) -> Json:
    """`value` with `patch` merged in; lists of named things merge item by item, `$`-directives are obeyed."""
    place = place or SchemaField()
    if not isinstance(patch, Mapping):
        return patch
    directive = patch.get(_PATCH)
    if directive == "replace":
        return {name: part for name, part in patch.items() if name != _PATCH}
    if directive == "delete":
        return {}
    if directive not in {None, "merge"}:
        raise bad_request(f"unknown patch type found: {directive}")
    merged = _retained(dict(value) if isinstance(value, Mapping) else {}, patch)
    for name, part in patch.items():
        _merge_field(merged, name, part, place)
    return merged


def _retained(merged: dict[str, Json], patch: Mapping[str, Json]) -> dict[str, Json]:
    if _RETAIN not in patch:
        return merged
    return {name: part for name, part in merged.items() if name in patch[_RETAIN]}


def _merge_field(merged: dict[str, Json], name: str, part: Json, place: SchemaField) -> None:
    if name in {_PATCH, _RETAIN}:
        return
    if name.startswith(_DELETE):
        field = name.removeprefix(_DELETE)
        merged[field] = [item for item in merged.get(field) or [] if item not in part]
    elif name.startswith(_ORDER):
        field = name.removeprefix(_ORDER)
        if isinstance(merged.get(field), list):
            merged[field] = _ordered(merged[field], part, place.below(field))
    elif part is None:
        merged.pop(name, None)
    elif isinstance(part, list):
        merged[name] = _merge_list(merged.get(name) or [], part, place.below(name))
    else:
        merged[name] = strategic_merge(merged.get(name), part, place.below(name))


def _merge_list(items: Sequence[Json], patch: Sequence[Json], place: SchemaField) -> list[Json]:
    replaces = {_PATCH: "replace"} in patch
    plain = [item for item in patch if item != {_PATCH: "replace"}]
    if replaces:
        return plain
    if place.is_set():
        return [*items, *(item for item in plain if item not in items)]
    keys = place.keys([*items, *plain])
    if not keys:
        return plain
    return _merge_items(items, plain, keys)


def _merge_items(items: Sequence[Json], patch: Sequence[Json], keys: tuple[str, ...]) -> list[Json]:
    merged = {identity(item, keys): item for item in items}
    for item in patch:
        where = identity(item, keys)
        if item.get(_PATCH) == "delete":
            merged.pop(where, None)
        else:
            merged[where] = strategic_merge(merged.get(where), item)
    return list(merged.values())


def _ordered(items: list[Json], order: Sequence[Json], place: SchemaField) -> list[Json]:
    """As `order` says; what it does not name stays behind."""
    keys = place.keys(items)
    if keys:
        rank = {identity(item, keys): index for index, item in enumerate(order)}
        return sorted(items, key=lambda item: rank.get(identity(item, keys), len(rank)))
    return sorted(items, key=lambda item: order.index(item) if item in order else len(order))


def identity(item: Mapping[str, Json], keys: tuple[str, ...]) -> tuple[str, ...]:
    """What tells `item` apart from its neighbours."""
    return tuple(str(item.get(key)) for key in keys)
