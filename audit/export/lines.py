"""The JSON of many violations at once, byte for byte as that of one message after the other (pure).

What is the same in all messages of a constraint and a kind of object is made once, and what they say of an object once
for all of its violations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from audit.export.message import Told, violation_id, violation_message
from audit.export.records import Messages
from audit.fields import EXPORTED, MESSAGE_BYTES, export_fields
from audit.logs.said import Named, Said
from audit.logs.streams import encoded
from constraints import Kind, Violation

_OWN: Final = {"details", "message", "resourceNamespace", "resourceName", "resourceLabels"}  # differ from line to line
_AROUND: Final = EXPORTED[: EXPORTED.index("message")], EXPORTED[EXPORTED.index("message") :]
_EMPTY: Final = frozenset({b"null", b'""', b"{}"})
# What encoding/json of Go never writes as it is, so that JSON can stand in HTML and JavaScript.
_MARKUP: Final = ((b"<", rb"\u003c"), (b">", rb"\u003e"), (b"&", rb"\u0026"))
_LINE_ENDS: Final = (("\u2028".encode(), rb"\u2028"), ("\u2029".encode(), rb"\u2029"))
_FIRST: Final = b"\xe2"  # byte of either of them, which is looked for in a tenth of the time
First = Callable[[Violation], str]


class MessageLines:
    """Makes the messages of one run, told so; `first` gives the run that saw a violation first."""

    def __init__(self, run: str, told: Told, first: First) -> None:
        self._run = run
        self._told = told
        self._first = first
        self._id = encoded({"id": run})[:-1]
        self._cluster = b"," + encoded({"cluster": told.cluster})[1:-1] if told.cluster else b""
        self._seen: dict[str, bytes] = {}
        self._patterns: dict[Kind, dict[tuple[Any, ...], tuple[bytes, bytes]]] = {}

    def of(self, told: Sequence[Said]) -> Messages:
        """A message for each violation."""
        bare, detailed, more = self._id, self._id + b',"details":', self._told.extended
        known: dict[tuple[Any, ...], tuple[bytes, bytes]] = {}
        parts: list[bytes] = []
        kind = item = None
        tail = b""
        for violation, message, details, named in told:
            if named is None or message is None or details is None or message == b'""':
                parts += (self._slow(violation), b"\n")
                continue
            if violation.object.kind is not kind:
                kind = violation.object.kind
                known = self._patterns.setdefault(kind, {})
            key = (violation.constraint, violation.action, violation.actions)
            pattern = known.get(key)
            if pattern is None:
                pattern = known[key] = _pattern(violation)
            if named is not item:
                item, tail = named, _tail(named) + (b"" if more else b"}\n")
            parts += (bare,) if details == b"null" else (detailed, details)
            parts += (pattern[0], message, pattern[1], tail)
            if more:
                parts += (self._extended(violation, message), b"\n")
        return Messages(as_go(b"".join(parts)), len(told))

    def _extended(self, violation: Violation, short: bytes) -> bytes:
        """The end of a message that says more."""
        message, ref = violation.message, violation.object
        try:
            whole = short if len(message) <= MESSAGE_BYTES and message.isascii() else orjson.dumps(message)
            uid = b',"uid":' + orjson.dumps(ref.uid) if ref.uid else b""
        except TypeError:
            return b',"extended":' + encoded(self._message(violation)["extended"]) + b"}"
        name = violation_id(self._told.cluster, violation.constraint.key, ref, message).encode()
        first = self._first(violation)
        seen = self._seen.get(first) or self._seen.setdefault(first, b',"first_seen":' + encoded(first))
        parts = (b',"extended":{"id":"', name, b'"', uid, b',"message":', whole, seen if first else b"", self._cluster)
        return b"".join((*parts, b"}}"))

    def _slow(self, violation: Violation) -> bytes:
        return encoded(self._message(violation))

    def _message(self, violation: Violation) -> dict[str, Any]:
        first = self._first(violation) if self._told.extended else ""
        return violation_message(self._run, violation, self._told, first)


def as_go(data: bytes) -> bytes:
    """JSON as Go writes it, which is what Gatekeeper sends."""
    for mark, told in (*_MARKUP, *_LINE_ENDS) if _FIRST in data else _MARKUP:
        data = data.replace(mark, told)
    return data


def less_refused(end: bytes, refused: int) -> bytes:
    """The end message of a run of whose messages the target has refused so many since this one was made."""
    message = orjson.loads(end)
    extended = message.get("extended", {})
    if "counts" not in extended:
        return end
    counts = extended["counts"]
    extended["complete"] = False
    extended["counts"] = counts | {
        "sent": max(0, counts["sent"] - refused),
        "dropped": counts["dropped"] + refused,
    }
    return as_go(encoded(message))


def _pattern(violation: Violation) -> tuple[bytes, bytes]:
    """What stands between details and message, and between that and the object."""
    fields = {name: value for name, value in export_fields(violation).items() if name not in _OWN}
    before, after = (_members({name: fields[name] for name in names if name in fields}) for names in _AROUND)
    return before + b',"message":', after


def _tail(named: Named) -> bytes:
    """What a message says of its object."""
    namespace, name, labels = (value not in _EMPTY and value for value in named)
    told = b',"resourceNamespace":%s' % namespace if namespace else b""
    told += b',"resourceName":%s' % name if name else b""
    return told + b',"resourceLabels":%s' % labels if labels else told


def _members(fields: Mapping[str, Any]) -> bytes:
    """The members of an object that follow others."""
    return b"," + encoded(fields)[1:-1] if fields else b""
