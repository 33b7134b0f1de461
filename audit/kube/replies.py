"""What a good reply is: the one place that says so, for every kind of request.

A status of 200 alone says little: proxies answer with HTML, with nothing, with half of it, with a `Status`, or with
what somebody else has asked for. Each request says what it expects; whatever else comes is a BadBody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Final

import orjson

from audit.errors import BadBody
from audit.gojson import Broken
from audit.kube.oddities import readable, readable_list
from constraints.dataclass import dataclass
from constraints.model import Json, Kind

# Built-in types are written with their metadata in front of the items, custom resources with it behind them.
_FRONT: Final = re.compile(
    rb'\s*\{"kind":"([^"\\]*)","apiVersion":"([^"\\]*)","metadata":(\{[^{}]*\}),"items":(\[|null\}\s*$)'
)
_HEAD: Final = re.compile(rb'\s*\{"apiVersion":"([^"\\]*)","items":\[')
_TAIL: Final = re.compile(rb'\],"kind":"([^"\\]*)","metadata":(\{[^{}]*\})\}\s*')
_TURN: Final = b'],"kind":"'
_BLANK_AT_END: Final = 64  # no server writes more white space behind its JSON than one line break
_LONGEST_WORD: Final = 100
# Groups whose lists are always named after their kind; in others a definition may give another `listKind`.
_PLAIN_GROUPS: Final = re.compile(r"[^.]*|(.*\.)?(k8s\.io|gatekeeper\.sh)")


PARTIAL: Final = Kind("meta.k8s.io", "v1", "PartialObjectMetadata")
"""What objects of every kind are where only their metadata is asked for."""


class Form(Enum):
    """What the body of a reply holds."""

    DOCUMENT = "document"  # any JSON object that is no refusal
    OBJECT = "object"
    LIST = "list"
    DELETION = "deletion"  # a Status that tells of success, or the object as it was
    STREAM = "stream"  # lines: each is looked at when it comes


@dataclass(frozen=True, slots=True)
class Expected:
    """What a good reply to one request is.

    `kind` is that of the object, or of the objects in a list; None for documents, whose `kinds` are then those that
    they may be of (none: any). `name` and `namespace` are those of the object, empty where they do not matter.
    `written` are fields that the object must have after a write: part, name and value.
    """

    form: Form = Form.DOCUMENT
    kind: Kind | None = None
    kinds: tuple[str, ...] = ()
    name: str = ""
    namespace: str = ""
    written: tuple[tuple[str, str, Json], ...] = ()


ANYTHING: Final = Expected()


@dataclass(frozen=True, slots=True)
class Ends:
    """What a page says of the list that it is of.

    `token` is the continue token of the next page, empty at the last one; `remaining` is how many objects come after
    this page, None where the server does not say; `version` is the list's resourceVersion.
    """

    token: str = ""
    remaining: int | None = None
    version: str = ""


def check(expected: Expected, body: bytes) -> None:
    """Raises BadBody for a body that is not what was asked for.

    Of a list only both ends are looked at, so that it is decoded once, by whoever wants its items; those are checked
    there, by `items_of`.
    """
    if expected.form is Form.LIST and expected.kind is not None:
        ends(body, expected.kind)
    elif expected.form is not Form.STREAM:
        document(expected, body)


def document(expected: Expected, body: bytes) -> dict[str, Json]:
    """The body, decoded and as it should be. Raises BadBody."""
    if expected.form is Form.LIST and expected.kind is not None:
        return _list(expected.kind, body)
    found = _decoded(body)
    if not (expected.form is Form.DELETION and found.get("status") == "Success"):
        _no_refusal(found)
    if expected.kind is not None:
        _is_object(found, expected)
    elif expected.kinds and found.get("kind") not in expected.kinds:
        kind = found.get("kind")
        said = f"of kind {_word(kind)}" if kind else "an object without kind"
        raise BadBody(f"the reply is {said}, not {' or '.join(expected.kinds)}")
    return found


def event_version(expected: Expected, obj: Json) -> str:
    """The resourceVersion of what an event of a watch is about. Raises BadBody for an object of another kind."""
    if not isinstance(obj, dict):
        raise BadBody(f"an event is about {json_type(obj)}, not an object")
    kind, metadata = expected.kind, obj.get("metadata")
    if kind is not None and (obj.get("kind") != kind.kind or obj.get("apiVersion") != kind.api_version):
        raise BadBody(f"an event is about {_named(obj.get('apiVersion'), obj.get('kind'))}, not {kind}")
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    if not isinstance(version, str):
        raise BadBody("an event has no resourceVersion")
    return version


def items_of(body: bytes, kind: Kind) -> list[Json]:
    """What a page of objects of `kind` holds; an item of another kind is a BadBody, one of another type is not.

    An item that cannot be read is an Unreadable.
    """
    items: list[Json] = _list(kind, body)["items"] or []  # Go writes an empty list as null
    return items


def ends(body: bytes, kind: Kind) -> Ends:
    """What a page says of its list. Raises BadBody for what is no page of `kind`.

    That is looked for only where a server puts a list's own metadata: content of items that looks like a token does not
    count. A body of any other shape is decoded whole.
    """
    named = _ends_in_front(body) or _ends_behind(body)
    if named is None:
        found = _list(kind, body)
        metadata = found.get("metadata")
    else:
        list_kind, api_version, metadata = named
        _is_list_of(kind, list_kind, api_version)
    return _ends(metadata or {})


def is_empty(body: bytes) -> bool:
    """Whether a page, of a shape that servers write, holds nothing."""
    front = _FRONT.match(body)
    head = front or _HEAD.match(body)
    return head is not None and (not body[: head.end()].endswith(b"[") or body[head.end() : head.end() + 1] == b"]")


def _ends_in_front(body: bytes) -> tuple[Json, Json, Json] | None:
    """Kind, apiVersion and metadata of a list that names them first, and comes to its end."""
    found = _FRONT.match(body)
    if found is None or not (found.group(4) != b"[" or body[-_BLANK_AT_END:].rstrip().endswith(b"]}")):
        return None
    metadata = _object(found.group(3))
    return None if metadata is None else (found.group(1).decode(), found.group(2).decode(), metadata)


def _ends_behind(body: bytes) -> tuple[Json, Json, Json] | None:
    """As before, of a list that has its keys in the order of the alphabet.

    `],"kind":"` cannot be inside a JSON string, whose quotes are escaped; and what is followed by nothing but the last
    brace is a part of the outermost object.
    """
    head = _HEAD.match(body)
    at = body.rfind(_TURN) if head else -1
    tail = _TAIL.fullmatch(body, at) if at >= 0 else None
    metadata = _object(tail.group(2)) if tail else None
    if head is None or tail is None or metadata is None:
        return None
    return tail.group(1).decode(), head.group(1).decode(), metadata


def _list(kind: Kind, body: bytes) -> dict[str, Json]:
    found = _decoded(body, readable_list)
    _no_refusal(found)
    plain = _is_list_of(kind, found.get("kind"), found.get("apiVersion"))
    metadata, items = found.get("metadata"), found.get("items", ...)
    if metadata is not None and not isinstance(metadata, dict):
        raise BadBody(f"the field metadata is {json_type(metadata)}, not an object")
    if items is ...:
        raise BadBody("the list has no field items")
    if items is not None and not isinstance(items, list):
        raise BadBody(f"the field items is {json_type(items)}, not a list")
    for item in items or ():
        if type(item) is dict and ("kind" in item or "apiVersion" in item or not plain):
            _fits(item, kind, must_say=not plain)
    return found


def _is_list_of(kind: Kind, list_kind: Json, api_version: Json) -> bool:
    """Whether a list is named after its kind; it must be, but where a definition may name it otherwise."""
    if api_version != kind.api_version:
        raise BadBody(f"the reply is {_named(api_version, list_kind)}, not a list of {kind}")
    if list_kind == f"{kind.kind}List":
        return True
    if not isinstance(list_kind, str) or list_kind in ("", kind.kind) or _PLAIN_GROUPS.fullmatch(kind.group):
        raise BadBody(f"the reply is {_named(api_version, list_kind)}, not a list of {kind}")
    return False


def _fits(item: dict[str, Json], kind: Kind, must_say: bool) -> None:
    """Items of built-in kinds leave out what they are; those that say it must be of the kind."""
    name, api_version = item.get("kind"), item.get("apiVersion")
    if name == kind.kind and api_version == kind.api_version:
        return
    if must_say or (name and name != kind.kind) or (api_version and api_version != kind.api_version):
        raise BadBody(f"an item of the list is {_named(api_version, name)}, not {kind}")


def _ends(metadata: dict[str, Json]) -> Ends:
    token, remaining = metadata.get("continue") or "", metadata.get("remainingItemCount")
    version = metadata.get("resourceVersion")
    if not isinstance(token, str):
        raise BadBody(f"the field metadata.continue is {json_type(token)}, not a text")
    if not token and isinstance(remaining, int) and remaining > 0:
        raise BadBody(f"the list says that {remaining} objects are to come, but gives no continue token")
    counted = remaining if type(remaining) is int else None if token else 0
    return Ends(token, counted, version if isinstance(version, str) else "")


def _is_object(found: dict[str, Json], expected: Expected) -> None:
    kind, metadata = expected.kind, found.get("metadata")
    if kind is None or found.get("kind") != kind.kind or found.get("apiVersion") != kind.api_version:
        raise BadBody(f"the reply is {_named(found.get('apiVersion'), found.get('kind'))}, not {kind}")
    if not isinstance(metadata, dict):
        raise BadBody(f"the field metadata is {json_type(metadata)}, not an object")
    for field, wanted in (("name", expected.name), ("namespace", expected.namespace)):
        if wanted and metadata.get(field) != wanted:
            raise BadBody(f"the field metadata.{field} is {_word(metadata.get(field))}, not {wanted}")
    for part, field, wanted in expected.written:
        within = found.get(part)
        if not isinstance(within, dict) or within.get(field) != wanted:
            raise BadBody(f"the field {part}.{field} is not what was written: the reply may be one of before")


def _no_refusal(found: dict[str, Json]) -> None:
    if found.get("kind") == "Status":
        reason, message = found.get("reason"), found.get("message")
        named = f" ({_word(reason)})" if reason else ""
        said = f": {message[:_LONGEST_WORD]}" if isinstance(message, str) else ""
        raise BadBody(f"the reply is a Status{named} although it was sent as a success{said}")


def _decoded(body: bytes, slowly: Callable[[bytes], Json] = readable) -> dict[str, Json]:
    """An object. What the fast decoder refuses, such as half a surrogate pair, may be read `slowly`. Raises BadBody."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            found = slowly(body)
        except (Broken, RecursionError):
            raise BadBody(f"the reply of {len(body)} bytes is not JSON: {error}", status=200) from error
    if not isinstance(found, dict):
        raise BadBody(f"the reply is {json_type(found)}, not an object")
    return found


def _object(text: bytes) -> dict[str, Json] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _named(api_version: Json, kind: Json) -> str:
    """What an object says that it is, also where it does not."""
    if kind and api_version:
        return f"{_word(api_version)}/{_word(kind)}"
    return f"{_word(kind)} without apiVersion" if kind else "an object without kind"


def _word(value: Json) -> str:
    """A name in a reply, as far as it can be one: content of replies stays out of errors."""
    if isinstance(value, str):
        return value[:_LONGEST_WORD] or "empty"
    return "missing" if value is None else json_type(value)


def shown(value: Json) -> str:
    """A value that an object has and should not have, as its JSON, as far as that is short enough to be read."""
    try:
        text = orjson.dumps(value).decode()
    except TypeError:  # nested too deep, or a number that is too large
        return json_type(value)
    return text if len(text) <= 2 * _LONGEST_WORD else f"{text[: 2 * _LONGEST_WORD]}..."


def json_type(value: Json) -> str:
    """What a value is in JSON, with its article."""
    return {
        dict: "an object",
        list: "a list",
        str: "a text",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        type(None): "null",
    }[type(value)]
