"""Messages as CloudEvents to a server, one a request or many: https://github.com/cloudevents/spec, HTTP binding 1.0."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import field

from audit.errors import ExportError
from audit.export.cloudevents import BATCH, EVENT, event
from audit.export.driver import Advance, Secrets
from audit.export.fields import Fields, invalid
from audit.export.portions import Portions, Receipt
from audit.export.posting import Address, Post
from audit.export.secrets import SecretKey, tls_context, tls_secret
from constraints.dataclass import dataclass

STRUCTURED, BATCHED = "structured", "batched"
TIMEOUT = ("10s", ("1s", "5m"))  # the default, and from where to where
_URL = "an http:// or https:// address without user and password"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = {"host", "connection", "content-length", "content-type", "content-encoding", "transfer-encoding", "expect"}
_FAST = 1  # zlib's level: the processor is the audit's


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Where to and how: `headers` by their names, `tls` the name of a Secret, empty for none, `seconds` to wait."""

    address: Address
    source: str
    batched: bool = False
    packed: bool = False
    seconds: float = 10.0
    headers: Mapping[str, SecretKey] = field(default_factory=dict)
    tls: str = ""

    @classmethod
    def of(cls, fields: Fields, channel: str) -> HttpSettings:
        """Raises ExportError, which names the field."""
        address = Address.of(fields.text("url"), {"http": 80, "https": 443})
        if address is None:
            raise fields.wrong_kept("url", _URL)
        batched = fields.choice("mode", STRUCTURED, (STRUCTURED, BATCHED)) == BATCHED
        source = fields.text_if_there("source", f"/kube-patrol/{channel}")
        packed, seconds = fields.truth("gzip"), fields.seconds("timeout", *TIMEOUT)
        tls = tls_secret(fields)
        if tls and address.scheme != "https":
            raise fields.wrong_kept("tls", "left out where url is no https:// address")
        return cls(address, source, batched, packed, seconds, _headers(fields), tls)


class Http:
    """Posts CloudEvents. Secrets are read whenever it is opened, which it is anew after each failure."""

    name = "http"

    def __init__(self, settings: HttpSettings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._portions = Portions() if settings.batched else Portions(most=1)
        self._post: Post | None = None
        self._headers: dict[str, str] = {}

    def open(self, resuming: str) -> None:
        """Read the Secrets; connected is later."""
        settings = self._settings
        headers = {name: key.header(self._secrets) for name, key in settings.headers.items()}
        headers |= {"Content-Type": BATCH if settings.batched else EVENT}
        self._headers = headers | ({"Content-Encoding": "gzip"} if settings.packed else {})
        tls = tls_context(settings.tls, self._secrets) if settings.address.scheme == "https" else None
        self._post = Post(settings.address, settings.seconds, tls)

    def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
        """One request for each message, or for many."""
        return self._portions.send(messages, lambda portion: self._sent(run, portion))

    def end(self, run: str) -> None:
        """Until the next run the connection is of no use."""
        if self._post:
            self._post.close()

    def close(self, for_good: bool) -> None:
        """Let go of the connection, and of what was in the Secrets."""
        if self._post:
            self._post.close()
        self._post, self._headers = None, {}

    def _sent(self, run: str, portion: Sequence[bytes]) -> Receipt:
        if self._post is None:
            raise ExportError("the driver is not open", reason="TargetFailed")
        settings = self._settings
        events = [event(run, message, settings.source) for message in portion]
        body = b"[" + b",".join(events) + b"]" if settings.batched else events[0]
        if settings.packed:
            body = gzip.compress(body, _FAST, mtime=0)
        reply = self._post.send(settings.address.path, self._headers, body)
        if reply.refusal is None:
            return Receipt(len(portion))
        return Receipt(refusal=reply.refusal, text=reply.text)


def _headers(fields: Fields) -> dict[str, SecretKey]:
    nested = fields.nested("headers")
    if nested is None:
        return {}
    for name in nested.names():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise invalid(f"{fields.where}.headers.{name} is no header that may be set here")
    return {name: SecretKey.of(nested.required(name)) for name in nested.names()}
