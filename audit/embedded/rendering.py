"""Entries to bytes: objects, lists, tables and metadata only, as the Accept header asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import orjson

from audit.embedded.events import GROUP as EVENTS
from audit.embedded.events import shown
from audit.embedded.paging import Listed
from audit.embedded.refusals import Refusal
from audit.embedded.registry import Served
from audit.embedded.store import Entry
from audit.embedded.tables import columns_of, table_row
from constraints.dataclass import dataclass
from constraints.model import Json

_JSON: Final = frozenset({"application/json", "*/*", "application/*"})


@dataclass(frozen=True, slots=True)
class Form:
    """How objects are shown: `as_kind` is `Table`, `PartialObjectMetadata`, its list, or empty for whole objects."""

    as_kind: str = ""
    include_object: str = ""

    @classmethod
    def of(cls, accept: str, include_object: str = "") -> Form:
        """The first form in `accept` that is served; raises Refusal (406) when there is none."""
        for part in accept.split(","):
            media, *parameters = (piece.strip() for piece in part.split(";"))
            if media not in _JSON:
                continue
            asked = dict(parameter.partition("=")[::2] for parameter in parameters)
            if asked.get("as", "") in {"", "Table", "PartialObjectMetadata", "PartialObjectMetadataList"}:
                return cls(asked.get("as", ""), include_object)
        message = "only the following media types are accepted: application/json"
        raise Refusal(406, "NotAcceptable", message)


def whole(served: Served, entry: Entry) -> bytes:
    """The object as JSON."""
    return served.prefix + _rest(served, entry)


def _rest(served: Served, entry: Entry) -> bytes:
    if served.kind.group == EVENTS:
        return orjson.dumps(shown(served, entry.decoded()))[1:]
    return entry.rest


def one(served: Served, entry: Entry, form: Form) -> bytes:
    """One object in the form that is asked for."""
    if form.as_kind == "Table":
        return _table(served, [entry], {"resourceVersion": str(entry.revision)}, form)
    if form.as_kind:
        return orjson.dumps(_partial(entry))
    return whole(served, entry)


def many(served: Served, listed: Listed, form: Form) -> bytes:
    """A page of objects in the form that is asked for."""
    metadata: dict[str, Json] = {"resourceVersion": str(listed.revision)}
    if listed.token:
        metadata["continue"] = listed.token
    if listed.remaining:
        metadata["remainingItemCount"] = listed.remaining
    if form.as_kind == "Table":
        return _table(served, listed.entries, metadata, form)
    if form.as_kind:
        items = [_partial(entry) for entry in listed.entries]
        return orjson.dumps(_META | {"kind": "PartialObjectMetadataList", "metadata": metadata, "items": items})
    head = f'{{"kind":"{served.list_kind}","apiVersion":"{served.kind.api_version}","metadata":'.encode()
    return head + orjson.dumps(metadata) + b',"items":[' + _items(served, listed.entries) + b"]}\n"


def _items(served: Served, entries: Sequence[Entry]) -> bytes:
    """The items without decoding any: their stored bytes behind the prefix that lists of this resource use."""
    if not entries:
        return b""
    prefix = served.item_prefix
    return prefix + (b"," + prefix).join([_rest(served, entry) for entry in entries])


_META: Final = {"apiVersion": "meta.k8s.io/v1"}


def _partial(entry: Entry) -> dict[str, Json]:
    return {"kind": "PartialObjectMetadata", **_META, "metadata": entry.decoded()["metadata"]}


def _table(served: Served, entries: Sequence[Entry], metadata: Json, form: Form) -> bytes:
    columns = columns_of(served)
    rows = [_row(served, entry, form) for entry in entries]
    definitions = [column.definition() for column in columns]
    return orjson.dumps(_META | {"kind": "Table", "metadata": metadata, "columnDefinitions": definitions, "rows": rows})


def _row(served: Served, entry: Entry, form: Form) -> dict[str, Json]:
    obj = entry.decoded()
    row: dict[str, Json] = {"cells": table_row(served, shown(served, obj))}
    shape = _OBJECTS.get(form.include_object or "Metadata")
    return row | ({"object": shape(served, entry)} if shape else {})


_OBJECTS: Final[dict[str, Callable[[Served, Entry], Json]]] = {
    "Metadata": lambda served, entry: _partial(entry),
    "Object": lambda served, entry: orjson.Fragment(whole(served, entry)),
}
