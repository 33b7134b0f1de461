"""The items of a list: which of them are objects that can be told from others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from audit.errors import BadBody
from audit.kube.oddities import Unreadable
from audit.kube.replies import json_type
from constraints import Kind
from constraints.model import Json


def nameless(item: Json) -> str:
    """Why an item of a list is no object that can be told from others; empty for one that is."""
    if type(item) is dict and type(metadata := item.get("metadata")) is dict:
        name, namespace = metadata.get("name"), metadata.get("namespace")
        if type(name) is str and name and (namespace is None or type(namespace) is str):
            return ""
    return _why(item)


def _why(item: Json) -> str:
    if isinstance(item, Unreadable):
        return f"{item.name or 'it'} cannot be read: {item.why}"
    if not isinstance(item, dict):
        return f"it is {json_type(item)}, not an object"
    metadata = item.get("metadata")
    if not isinstance(metadata, dict):
        return f"its field metadata is {json_type(metadata) if 'metadata' in item else 'missing'}, not an object"
    if not isinstance(metadata.get("name"), str) or not metadata["name"]:
        return "it has no name"
    namespace = metadata.get("namespace")
    return "" if namespace is None or isinstance(namespace, str) else f"its namespace is {json_type(namespace)}"


def named(items: Iterable[Json], kind: Kind) -> Iterator[dict[str, Json]]:
    """The items of a list. Raises BadBody for one that has no name: it may be any object."""
    for item in items:
        if why := nameless(item):
            raise BadBody(f"an item in the list of {kind}: {why}")
        yield item
