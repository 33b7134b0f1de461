"""Messages to a dapr sidecar by its own HTTP API: https://docs.dapr.io/reference/api/pubsub_api/.

A subscriber gets what Gatekeeper gives by dapr's gRPC: a CloudEvent whose data is the JSON as a text (compatibility,
section 10), because what is published is said to be `text/plain`, which for gRPC is the default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from urllib.parse import quote

import orjson

from audit.export.driver import Advance
from audit.export.fields import Fields, invalid
from audit.export.message import COMPLETED, INTERRUPTED, STARTED
from audit.export.portions import Portions, Receipt, Refusal
from audit.export.posting import Address, Customs, Post
from constraints.dataclass import dataclass

PORT, TOKEN = "DAPR_HTTP_PORT", "DAPR_API_TOKEN"  # dapr's injector sets them
DEFAULT_PORT = "3500"
SECONDS = 30.0  # there is a broker behind the sidecar
AT_ONCE = 100
_CONTENT = "text/plain"
_ALONE = (STARTED, COMPLETED, INTERRUPTED)
_PORTS = range(1, 1 << 16)
_CODES = {
    "ERR_PUBSUB_NOT_FOUND": "; dapr has no pub/sub component of that name",
    "ERR_PUBSUB_NOT_CONFIGURED": "; dapr has no pub/sub component at all",
    "ERR_PUBSUB_FORBIDDEN": "; dapr lets this app not publish to that topic",
    "ERR_PUBSUB_PUBLISH_MESSAGE": "; dapr could not publish, see its log",
}
_CURES = {401: f"; see {TOKEN}"}


def refusal(status: int, body: bytes) -> Refusal | None:
    """Only its size is ever wrong with a message; dapr 1.14 tells so in a text (`http: request body too large`, `stream
    too large`).
    """
    too_large = status == 413 or (status == 400 and b"too large" in body)
    return Refusal.TOO_LARGE if too_large else None


def cure(status: int, body: bytes) -> str:
    """What dapr's code for an error means."""
    try:
        return _CODES.get(orjson.loads(body).get("errorCode"), _CURES.get(status, ""))
    except (orjson.JSONDecodeError, AttributeError, TypeError):
        return _CURES.get(status, "")


SIDECAR = Customs("the dapr sidecar", refusal, cure)


@dataclass(frozen=True, slots=True)
class DaprSettings:
    """Where to: a pub/sub component of dapr's, and a topic; `port` and `token` of the sidecar; many messages at
    once?
    """

    component: str
    topic: str
    bulk: bool = False
    port: int = int(DEFAULT_PORT)
    token: str = field(default="", repr=False)

    @classmethod
    def of(cls, fields: Fields, channel: str, environ: Mapping[str, str]) -> DaprSettings:
        """Raises ExportError, which names the field or the variable."""
        component, bulk = fields.text("component"), fields.truth("bulk")
        port = environ.get(PORT) or DEFAULT_PORT
        if not (port.isascii() and port.isdecimal() and int(port[:6]) in _PORTS):
            raise invalid(f"the environment variable {PORT} must be a port, not {port[:20]!r}")
        token = environ.get(TOKEN, "")
        if not (token.isascii() and token.isprintable()):
            raise invalid(f"the environment variable {TOKEN} has something in it that cannot stand in a header")
        return cls(component, channel, bulk, int(port), token)


class Dapr:
    """Publishes one message after the other or, in bulk, those between the first and the last one of a run together."""

    name = "dapr"

    def __init__(self, settings: DaprSettings) -> None:
        self._portions = Portions(AT_ONCE if settings.bulk else 1)
        self._post = Post(Address("http", "127.0.0.1", settings.port), SECONDS, customs=SIDECAR)
        self._token = {"dapr-api-token": settings.token} if settings.token else {}
        self._to = f"{quote(settings.component, safe='')}/{quote(settings.topic, safe='')}"

    def open(self, resuming: str) -> None:
        """Connected is later."""

    def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
        """In their order, but for those in bulk."""
        return self._portions.send(messages, self._sent)

    def end(self, run: str) -> None:
        """Until the next run the connection is of no use."""
        self._post.close()

    def close(self, for_good: bool) -> None:
        """Let go of the connection."""
        self._post.close()

    def _sent(self, portion: Sequence[bytes]) -> Receipt:
        some = _together(portion)
        if len(some) == 1:
            reply = self._post.send(f"/v1.0/publish/{self._to}", self._headers(_CONTENT), some[0])
        else:
            path = f"/v1.0-alpha1/publish/bulk/{self._to}"
            reply = self._post.send(path, self._headers("application/json"), _entries(some))
        return Receipt(len(some)) if reply.refusal is None else Receipt(refusal=reply.refusal, text=reply.text)

    def _headers(self, content: str) -> dict[str, str]:
        return {"Content-Type": content, **self._token}


def _together(portion: Sequence[bytes]) -> Sequence[bytes]:
    """As many of the first ones as may change places with each other."""
    for number, message in enumerate(portion):
        # Violations have an eventType; in a text its quotes would be escaped.
        if b'"eventType":' not in message and orjson.loads(message).get("message") in _ALONE:
            return portion[: number or 1]
    return portion


def _entries(messages: Sequence[bytes]) -> bytes:
    told = [(str(number), message.decode()) for number, message in enumerate(messages)]
    return orjson.dumps([{"entryId": number, "event": text, "contentType": _CONTENT} for number, text in told])
