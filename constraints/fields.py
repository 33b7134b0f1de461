"""Reading fields of objects that strangers wrote: each wrong one is an error that names thing, field and value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from constraints.errors import PolicyError
from constraints.model import Json

_MISSING: Any = object()


def compact(value: Json) -> str:
    """`value` as JSON without blanks, for messages."""
    try:
        return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        return f"<{type(value).__name__}>"


def _plain(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e21 else value


def plain_number(value: float) -> str:
    """A number without the fraction that it does not have: 3.0 is 3."""
    return compact(value)


def quoted(value: Json, limit: int = 200) -> str:
    """`value` as JSON, cut when it is long."""
    text = compact(value)
    return text if len(text) <= limit else f"{text[:limit]}..."


def type_name(value: Json) -> str:
    """The JSON type of `value`, as messages name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array" if isinstance(value, list | tuple) else "unknown"


class Fields:
    """One mapping inside an object: `thing` names the object, `path` where in it this mapping is.

    Each reader raises `failure`. A null counts as missing.
    """

    __slots__ = ("_failure", "_path", "_thing", "value")

    def __init__(self, value: Json, thing: str, failure: type[PolicyError], path: str = "") -> None:
        self._thing, self._failure, self._path = thing, failure, path
        if not isinstance(value, Mapping):
            raise failure(f"{thing}: {path or 'the document'} must be an object, it is {quoted(value)}")
        self.value: Mapping[str, Json] = value

    def error(self, field: str, message: str, value: Json) -> PolicyError:
        """`<thing>: <path> <message>: <value>`."""
        return self._failure(f"{self._thing}: {self._at(field)} {message}: {quoted(value)}")

    def mapping(self, field: str, *, required: bool = True) -> Fields:
        """A mapping below this one; an empty one when it is missing and not required."""
        value = self._read(field, _MISSING if required else {}, Mapping, "an object")
        return Fields(value, self._thing, self._failure, self._at(field))

    def mappings(self, field: str, *, required: bool = True) -> list[Fields]:
        """A list of mappings."""
        value = self._read(field, _MISSING if required else [], list, "an array")
        return [Fields(v, self._thing, self._failure, f"{self._at(field)}[{i}]") for i, v in enumerate(value)]

    def text(self, field: str, default: str = _MISSING) -> str:
        """A string; without a default it must be there and not be empty."""
        found: str = self._read(field, default, str, "a string")
        if not found and default is _MISSING:
            raise self.error(field, "must not be empty", found)
        return found

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of strings, empty when it is missing."""
        value = self._read(field, [], list, "an array")
        for at, item in enumerate(value):
            if not isinstance(item, str):
                raise self.error(f"{field}[{at}]", "must be a string, it is", item)
        return tuple(value)

    def texts_by_name(self, field: str) -> dict[str, str]:
        """A mapping of strings, empty when it is missing."""
        value = self._read(field, {}, Mapping, "an object")
        for name, item in value.items():
            if not isinstance(item, str):
                raise self.error(f"{field}.{name}", "must be a string, it is", item)
        return dict(value)

    def integer(self, field: str, default: int) -> int:
        """A whole number."""
        found = self._read(field, default, int, "an integer")
        if isinstance(found, bool):
            raise self.error(field, "must be an integer, it is", found)
        return int(found)

    def boolean(self, field: str, default: bool) -> bool:
        """True or false."""
        return bool(self._read(field, default, bool, "a boolean"))

    def _read(self, field: str, default: Json, kind: type, wanted: str) -> Any:
        value = self.value.get(field)
        if value is None:
            if default is _MISSING:
                raise self._failure(f"{self._thing}: {self._at(field)} is missing")
            return default
        if not isinstance(value, kind):
            raise self.error(field, f"must be {wanted}, it is", value)
        return value

    def _at(self, field: str) -> str:
        return f"{self._path}.{field}" if self._path else field
