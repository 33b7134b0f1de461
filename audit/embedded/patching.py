"""JSON merge patch (RFC 7386) and JSON patch (RFC 6902)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from audit.embedded.refusals import Refusal, bad_request
from constraints.model import Json


def merge_patch(value: Json, patch: Json) -> Json:
    """`value` with `patch` merged in: maps merge, null removes, everything else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(value) if isinstance(value, Mapping) else {}
    for name, part in patch.items():
        if part is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), part)
    return merged


def json_patch(value: Json, operations: Json) -> Json:
    """`value` after the operations, one by one; raises Refusal when one cannot be done."""
    if not isinstance(operations, list):
        raise bad_request("error decoding patch: a JSON patch is a list of operations")
    root = {"": copy.deepcopy(value)}
    for operation in operations:
        name = operation.get("op") if isinstance(operation, Mapping) else None
        run = _OPERATIONS.get(name or "")
        if run is None:
            raise bad_request(f"error decoding patch: unexpected operation: {name}")
        try:
            run(root, operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise _impossible(operation, error) from error
    return root[""]


def _impossible(operation: Mapping[str, Json], error: Exception) -> Refusal:
    message = f"the server rejected our request due to an error in our request: {operation.get('op')} operation does not apply: {operation.get('path')}: {error}"
    return Refusal(422, "Invalid", message)


def _pointer(text: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")]


def _step(value: Json, part: str) -> Json:
    return value[int(part)] if isinstance(value, Sequence) else value[part]


def _parent(root: Json, text: str) -> tuple[Json, str]:
    *parts, last = _pointer(text)
    for part in parts:
        root = _step(root, part)
    return root, last


def _read(root: Json, text: str) -> Json:
    parent, last = _parent(root, text)
    return _step(parent, last)


def _put(root: Json, text: str, value: Json) -> None:
    parent, last = _parent(root, text)
    if not isinstance(parent, list):
        parent[last] = value
    elif last == "-":
        parent.append(value)
    else:
        parent.insert(int(last), value)


def _drop(root: Json, text: str) -> Json:
    parent, last = _parent(root, text)
    return parent.pop(int(last) if isinstance(parent, list) else last)


def _add(root: Json, operation: Mapping[str, Json]) -> None:
    _put(root, operation["path"], operation["value"])


def _remove(root: Json, operation: Mapping[str, Json]) -> None:
    _drop(root, operation["path"])


def _replace(root: Json, operation: Mapping[str, Json]) -> None:
    parent, last = _parent(root, operation["path"])
    _step(parent, last)
    parent[int(last) if isinstance(parent, list) else last] = operation["value"]


def _move(root: Json, operation: Mapping[str, Json]) -> None:
    _put(root, operation["path"], _drop(root, operation["from"]))


def _copy(root: Json, operation: Mapping[str, Json]) -> None:
    _put(root, operation["path"], copy.deepcopy(_read(root, operation["from"])))


def _test(root: Json, operation: Mapping[str, Json]) -> None:
    if _read(root, operation["path"]) != operation.get("value"):
        raise ValueError("testing value failed")


_OPERATIONS: Final[Mapping[str, Callable[[Json, Mapping[str, Json]], None]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
