"""Reads a reply that the fast decoder refuses as Go would, and of a list finds out which of its items cannot be read.

An object with a number that is none, or nested too deep, must not hide the others of its page.
"""

from __future__ import annotations

import re
from typing import Final

from audit.gojson import Broken, Text
from constraints.dataclass import dataclass
from constraints.model import Json

_TOKEN: Final = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[\]{}]')
_ITEMS: Final = "items"
TOO_DEEP: Final = "it is nested too deep"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An item of a list that could not be read, and as much of its name as could; `why` begins with the field."""

    why: str
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Odd:
    """Stands where a number should be."""

    why: str


def readable(data: bytes) -> Json:
    """The only JSON value of `data`, as Go reads it. Raises Broken, RecursionError."""
    text = Text(data, _same)
    value, end = text.value(text.start(0))
    _at_the_end(text, end)
    return value


def readable_list(data: bytes) -> dict[str, Json]:
    """The same of a list; an item that cannot be read is an Unreadable. Raises Broken, RecursionError."""
    text = Text(data, _same, lambda broken: _Odd(str(broken)))
    found: dict[str, Json] = {}
    at = _past(text, 0, "{")
    while _char(text, at) != "}" or found:
        key, at = text.value(text.start(at))
        if not isinstance(key, str):
            raise Broken("a key is no text")
        at = text.start(_past(text, at, ":"))
        found[key], at = _items(text, at) if key == _ITEMS and _char(text, at) == "[" else text.value(at)
        if _char(text, at) != ",":
            break
        at = _past(text, at, ",")
    _at_the_end(text, _past(text, at, "}"))
    odd = next((why for key, value in found.items() if key != _ITEMS and (why := _oddity(value, key))), "")
    if odd:
        raise Broken(odd)
    return found


def _items(text: Text, start: int) -> tuple[list[Json], int]:
    items: list[Json] = []
    at = _past(text, start, "[")
    while _char(text, at) != "]" or items:
        item, at = _item(text, text.start(at))
        items.append(item)
        if _char(text, at) != ",":
            break
        at = _past(text, at, ",")
    return items, _past(text, at, "]")


def _item(text: Text, start: int) -> tuple[Json, int]:
    try:
        item, end = text.value(start)
        why = _oddity(item, "")
    except RecursionError:
        end, metadata = _skipped(text, start)
        return _unreadable(TOO_DEEP, metadata), end
    return (_unreadable(why, item.get("metadata") if isinstance(item, dict) else None) if why else item), end


def _unreadable(why: str, metadata: Json) -> Unreadable:
    names = metadata if isinstance(metadata, dict) else {}
    namespace, name = names.get("namespace"), names.get("name")
    return Unreadable(why, namespace if isinstance(namespace, str) else "", name if isinstance(name, str) else "")


def _skipped(text: Text, start: int) -> tuple[int, Json]:
    """Where a value ends that cannot be read, and its metadata, where those can. Raises Broken."""
    depth, metadata = 0, None
    for found in _TOKEN.finditer(text.clean, start):
        token = found[0]
        if depth == 1 and token == '"metadata"' and _char(text, found.end()) == ":":
            metadata = _metadata(text, _past(text, found.end(), ":"))
        depth += (token in "[{") - (token in "]}")
        if depth == 0:
            return found.end(), metadata
    raise Broken("unexpected EOF")


def _metadata(text: Text, at: int) -> Json:
    try:
        return text.value(text.start(at))[0]
    except RecursionError:
        return None


def _oddity(value: Json, path: str) -> str:
    """The first number that is none, with where it stands; empty when there is none."""
    if isinstance(value, _Odd):
        return f"{path}: {value.why}"
    if isinstance(value, dict):
        rows = ((f"{path}.{key}" if path else key, item) for key, item in value.items())
    elif isinstance(value, list):
        rows = ((f"{path}[{number}]", item) for number, item in enumerate(value))
    else:
        return ""
    return next((why for where, item in rows if (why := _oddity(item, where))), "")


def _char(text: Text, at: int) -> str:
    start = text.start(at)
    return text.clean[start : start + 1]


def _past(text: Text, at: int, char: str) -> int:
    start = text.start(at)
    if text.clean[start : start + 1] != char:
        raise Broken("unexpected EOF" if start >= len(text.clean) else f"there is no {char!r} where one should be")
    return start + 1


def _at_the_end(text: Text, end: int) -> None:
    if text.start(end) < len(text.clean):
        raise Broken("there is more behind its end")


def _same(number: int | float) -> int | float:
    return number
