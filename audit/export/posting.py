"""Sends bodies over HTTP for drivers, and says what the status of an answer means for what was sent.

Nothing that a target or a Secret says is in the text of an error: only the address, without path, and the status.
"""

from __future__ import annotations

import select
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from audit.errors import ExportError
from audit.export.portions import Refusal
from constraints.dataclass import dataclass

LARGEST = 1 << 20  # bytes of an answer
_REFUSALS = {400: Refusal.WRONG, 413: Refusal.TOO_LARGE, 422: Refusal.WRONG}
_CURES = {
    401: "; see the headers and certificates of the Connection",
    403: "; see the headers and certificates of the Connection",
    404: "; see the address of the Connection",
}


def refusal(status: int, body: bytes) -> Refusal | None:
    """What an answer says of what was sent, None where it is about something else."""
    return _REFUSALS.get(status)


def cure(status: int, body: bytes) -> str:
    """What to do about an answer, of which the text may show nothing."""
    return "; redirects are not followed" if 300 <= status < 400 else _CURES.get(status, "")


@dataclass(frozen=True, slots=True)
class Customs:
    """Of a kind of target: its name in errors, which answers tell of what was sent, and what to do about others."""

    target: str = "the target"
    refusal: Callable[[int, bytes], Refusal | None] = refusal
    cure: Callable[[int, bytes], str] = cure


USUAL = Customs()


@dataclass(frozen=True, slots=True)
class Address:
    """Where to; `path` with its query, which is not in the text, for either may be a secret."""

    scheme: str
    host: str
    port: int
    path: str = field(default="/", repr=False)

    @classmethod
    def of(cls, url: str, ports: Mapping[str, int]) -> Address | None:
        """None for what is no address of a scheme of `ports`, which has their defaults, or has a user or a password in
        it.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or ports[parts.scheme]
        except (ValueError, KeyError):
            return None
        plain = url.isascii() and url.isprintable() and " " not in url
        if not plain or not parts.hostname or "@" in parts.netloc or parts.fragment:
            return None
        return cls(parts.scheme, parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reply:
    """The target took what was sent, or it refuses that, and `text` says how."""

    refusal: Refusal | None
    text: str


class Post:
    """One connection, kept between requests; made anew whenever it is needed. A wait for the target ends after
    `seconds`.
    """

    def __init__(
        self, address: Address, seconds: float, tls: ssl.SSLContext | None = None, customs: Customs = USUAL
    ) -> None:
        self._address = address
        self._customs = customs
        self._seconds = seconds
        if address.scheme == "https":
            context = tls or ssl.create_default_context()
            self._connection: HTTPConnection = HTTPSConnection(
                address.host, address.port, timeout=seconds, context=context
            )
        else:
            self._connection = HTTPConnection(address.host, address.port, timeout=seconds)

    def send(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The reply to a POST. Raises ExportError where there is none, or another one than those that a Reply tells."""
        try:
            response, read = self._answered(path, headers, body)
        except (OSError, HTTPException) as error:
            self.close()
            raise self._failed(error) from error
        if response.will_close or len(read) > LARGEST:
            self.close()
        return self._told(response, read)

    def close(self) -> None:
        """Let go of the connection."""
        with suppress(OSError):
            self._connection.close()

    def _answered(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[HTTPResponse, bytes]:
        if self._connection.sock is not None and _is_readable(self._connection):
            self._connection.close()  # by the target, meanwhile
        if self._connection.sock is None:
            self._connection.connect()
        with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered before it has read everything
            self._connection.request("POST", path, body, dict(headers))
        response = self._connection.getresponse()
        try:
            return response, response.read(LARGEST + 1)
        except (OSError, HTTPException):  # the status says enough
            response.will_close = True
            return response, b""

    def _told(self, response: HTTPResponse, body: bytes) -> Reply:
        status, customs = response.status, self._customs
        answers = f"answers {status} {_phrase(status)}".rstrip()
        refused = customs.refusal(status, body)
        if 200 <= status < 300 or refused:
            return Reply(refused, f"{customs.target} refuses them: {self._address} {answers}")
        text = f"{customs.target} {answers}: {self._address}{customs.cure(status, body)}"
        raise failed(text, _seconds(response.headers))

    def _failed(self, error: OSError | HTTPException) -> ExportError:
        target, where = self._customs.target, str(self._address)
        if not isinstance(error, OSError):
            return failed(f"what {target} answers is no HTTP: {where}: {type(error).__name__}")
        return failed(connecting(target, where, error, self._seconds))


def connecting(target: str, where: str, error: OSError, seconds: float) -> str:
    """What went wrong on the way to a target."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {target} is not trusted: {where}: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        why = error.reason or "the connection ended"
        return f"{target} and this program find no way to speak TLS: {where}: {why}"
    if isinstance(error, TimeoutError):
        return f"{target} does not answer: {where}: nothing within {seconds:g} s"
    return f"{target} cannot be reached: {where}: {error.strerror or str(error) or type(error).__name__}"


def failed(text: str, retry_after: float = 0.0) -> ExportError:
    """The target takes nothing now."""
    return ExportError(text, reason="TargetFailed", retry_after=retry_after)


def _is_readable(connection: HTTPConnection) -> bool:
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _seconds(headers: Message) -> float:
    """What Retry-After asks for, as seconds or as a date; 0 for nothing that makes sense."""
    value = (headers.get("Retry-After") or "").strip()
    if value.isascii() and value.isdecimal():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0
