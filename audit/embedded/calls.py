"""A request and its reply, without HTTP around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import field, replace
from hashlib import sha512

import orjson

from audit.embedded.refusals import Refusal, UnknownPath
from constraints.dataclass import dataclass
from constraints.model import Json


@dataclass(frozen=True, slots=True)
class Call:
    """One request; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def content_type(self) -> str:
        """Without parameters."""
        return self.headers.get("content-type", "application/json").partition(";")[0].strip()

    @property
    def accept(self) -> str:
        """What the client can read."""
        return self.headers.get("accept", "*/*")


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back at once."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stream:
    """What goes back piece by piece, until it ends."""

    pieces: AsyncIterator[bytes]
    content_type: str = "application/json"


def document(value: Json, content_type: str = "application/json", status: int = 200) -> Reply:
    """A reply of JSON."""
    return Reply(orjson.dumps(value), status, content_type)


def tagged(call: Call, reply: Reply) -> Reply:
    """With an ETag of what it says, and without a body where the client has that already."""
    tag = f'"{sha512(reply.body).hexdigest().upper()}"'
    found = replace(reply, headers={"ETag": tag})
    return replace(found, body=b"", status=304) if call.headers.get("if-none-match") == tag else found


def refused(refusal: Refusal) -> Reply:
    """The reply that says no."""
    if isinstance(refusal, UnknownPath):
        return Reply(b"404 page not found\n", 404, "text/plain; charset=utf-8")
    headers = {} if refusal.retry_after is None else {"Retry-After": str(refusal.retry_after)}
    return Reply(orjson.dumps(refusal.body), refusal.code, headers=headers)
