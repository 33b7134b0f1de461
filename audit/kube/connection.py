"""Carries requests to one API server over the kubernetes package's pool of connections."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from ssl import SSLCertVerificationError
from threading import Lock
from typing import Any

from audit.errors import BodyTooLarge, TimedOut, Unreachable
from audit.kube.causes import why
from audit.kube.client import UNTRUSTED
from audit.kube.doubts import NOT_SENT
from audit.kube.request import Reply, Request
from audit.version import ours
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol.kube")

NO_TOKEN = "NoToken"
"""The `reason` of an Unreachable for which the credentials could not be read."""

_TOKEN_AGE = 60.0
_CHUNK = 65_536


class TokenFile:
    """A bearer token in a file that somebody else renews, as kubelet does; read again each minute.

    `elapsed` is a monotonic clock in seconds.
    """

    def __init__(self, path: Path, elapsed: Callable[[], float]) -> None:
        self._path = path
        self._elapsed = elapsed
        self._token = ""
        self._read_at = 0.0

    def token(self) -> str:
        """The token. Raises Unreachable when the file cannot be read or is empty."""
        if not self._token or self._elapsed() - self._read_at >= _TOKEN_AGE:
            self.renew()
        return self._token

    def renew(self) -> bool:
        """Read the file now; true when the token is another one. Raises Unreachable as above."""
        try:
            fresh = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Unreachable(f"token file {self._path}: {why(error)}", reason=NO_TOKEN) from error
        if not fresh:
            raise Unreachable(f"token file {self._path}: the file is empty", reason=NO_TOKEN)
        changed = fresh != self._token
        self._token, self._read_at = fresh, self._elapsed()
        return changed


class Streamed:
    """A reply of any status whose body comes in pieces over a long time; `close` may be called from any thread."""

    def __init__(self, response: Any, request: Request, server: str) -> None:
        self.status: int = response.status
        self.headers: Mapping[str, str] = _lower(response.headers)
        self._response = response
        self._request, self._server = request, server

    def chunks(self) -> Iterator[bytes]:
        """The pieces as they come, until the server or `close` ends them. Raises Unreachable when it is cut."""
        from urllib3.exceptions import HTTPError

        try:
            if self._response.chunked:
                yield from self._response.stream(_CHUNK)
                return
            while piece := self._response.read1(_CHUNK):
                yield piece
        except (HTTPError, OSError, ValueError) as error:  # OSError and ValueError: closed from another thread
            raise _unreachable(self._request, self._server, error) from error

    def close(self) -> None:
        """End it at once, also for a thread that waits for the next piece."""
        with suppress(OSError, RuntimeError, ValueError):  # it has ended already
            self._response.shutdown()

    def release(self) -> None:
        """Give the connection back where it has been read to its end, else close it. Only for the thread that reads."""
        self._response.close()
        self._response.release_conn()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a connection puts up with: seconds to connect, seconds without a byte, bytes of a reply (0 = any number).

    A request may ask for less of each. A stream has to begin within `answer` seconds; an API server begins at once.
    `elapsed` is a monotonic clock in seconds.
    """

    connect: float = 10.0
    pause: float = 90.0
    largest: int = 0
    elapsed: Callable[[], float] = time.monotonic
    answer: float = 15.0


class Connection:
    """Carries requests to one API server over a pool of connections; a Transport of the client.

    Connections are kept from run to run. Each new one reads authority and client certificate again, which takes a
    third of a millisecond, so that renewed ones count.
    `configuration` is a kubernetes.client.Configuration. Bodies stay bytes in both directions.
    """

    def __init__(self, configuration: Any, token: TokenFile | None, bounds: Bounds) -> None:
        from kubernetes.client.rest import RESTClientObject

        self._configuration = configuration
        self._token = token
        self._bounds = bounds
        self._pool = RESTClientObject(configuration).pool_manager
        self._lock = Lock()
        self._agent = f"kube-patrol/{ours()}"
        if not configuration.verify_ssl:
            _say_unverified(configuration.host)

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return str(self._configuration.host)

    def exchange(self, request: Request) -> Reply:
        """Send once, and once more where 401 is due to a token that has been renewed.

        Raises Unreachable, and BodyTooLarge for a reply that is not worth its memory.
        """
        reply = self._exchange(request)
        if reply.status == 401 and self._token and self._renewed(self._token):
            return self._exchange(request)
        return reply

    def stream(self, request: Request) -> Streamed:
        """As `exchange`, for a reply that is read as it comes; its time-out is that of a pause. Raises Unreachable."""
        reply = self._begun(request)
        if reply.status == 401 and self._token and self._renewed(self._token):
            reply.close()
            reply = self._begun(request)
        return Streamed(reply, request, self.server)

    def _begun(self, request: Request) -> Any:
        """A reply whose first byte came soon, and whose others may take as long as the request says."""
        pause = request.timeout or self._bounds.pause
        reply = self._open(replace(request, timeout=min(pause, self._bounds.answer)))
        sock = reply.connection.sock if reply.connection else None
        if sock is None:  # it is closed after this reply, and nobody but the reply has it any more
            reply.close()
            return self._open(request)
        sock.settimeout(pause)
        return reply

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def _exchange(self, request: Request) -> Reply:
        ends = self._bounds.elapsed() + request.within if request.within else math.inf
        reply = Streamed(self._open(request), request, self.server)
        try:
            return Reply(reply.status, reply.headers, self._body(reply, request, ends))
        finally:
            reply.release()

    def _body(self, reply: Streamed, request: Request, ends: float) -> bytes:
        """All of it, without a second copy. Raises BodyTooLarge, TimedOut, Unreachable."""
        largest = min(request.largest or math.inf, self._bounds.largest or math.inf)
        told = reply.headers.get("content-length", "")
        size = int(told) if told.isdecimal() else 0
        body = BytesIO()
        for piece in reply.chunks() if size <= largest else ():
            size = max(size, body.tell() + len(piece))
            if size > largest:
                break
            if self._bounds.elapsed() > ends:
                raise TimedOut(f"{request}: the reply of {self.server} took more than {request.within:g} s")
            body.write(piece)
        if size > largest:
            raise BodyTooLarge(f"{request}: the reply is larger than {largest:,} bytes", status=reply.status)
        return body.getvalue()  # BytesIO gives its own bytes away, not a copy of them

    def _open(self, request: Request) -> Any:
        """urllib3's response, before its body is read. Raises Unreachable."""
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        pause = min(request.timeout or self._bounds.pause, request.within or math.inf)
        headers = self._headers(request)
        try:
            return self._pool.request(
                request.method,
                self.server + request.target,
                body=request.body,
                headers=headers,
                timeout=Timeout(connect=min(self._bounds.connect, pause), read=pause),
                preload_content=False,
            )
        except HTTPError as error:
            raise _unreachable(request, self.server, error) from error

    def _headers(self, request: Request) -> dict[str, str]:
        # Not compressed: within a cluster the bytes are cheap and packing them loads the API server.
        headers = {"Accept": request.accept, "User-Agent": self._agent, "Accept-Encoding": "identity"}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if request.known:
            headers["If-None-Match"] = request.known
        if authorization := self._authorization():
            headers["Authorization"] = authorization
        return headers

    def _authorization(self) -> str:
        with self._lock:
            value = f"Bearer {self._token.token()}" if self._token else self._packaged_token()
        if not (value.strip().isascii() and value.strip().isprintable()):
            raise Unreachable(f"the token for {self.server} has characters that no header can carry", reason=NO_TOKEN)
        return value.strip()

    def _packaged_token(self) -> str:
        """What the package has for the header; it may ask an exec plugin or an identity provider for a new one."""
        from kubernetes.config.config_exception import ConfigException

        try:
            return self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or ""
        except (ConfigException, OSError, KeyError, ValueError) as error:  # requests' errors are OSErrors
            raise Unreachable(f"no credentials for {self.server}: {why(error)}", reason=NO_TOKEN) from error

    def _renewed(self, token: TokenFile) -> bool:
        with self._lock:
            return token.renew()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in headers.items()}


def _unreachable(request: Request, server: str, error: Exception) -> Unreachable:
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, ReadTimeoutError

    if isinstance(error, ReadTimeoutError):
        return Unreachable(f"{request}: no reply from {server} in time", reason="Timeout")
    if any(isinstance(cause, SSLCertVerificationError) for cause in (error.__cause__, *error.args)):
        return Unreachable(f"{request}: {server} has no trusted certificate: {why(error)}", reason=UNTRUSTED)
    if isinstance(error, ConnectTimeoutError | NewConnectionError | ProxyError):
        return Unreachable(f"{request}: no connection to {server}: {why(error)}", reason=NOT_SENT)
    return Unreachable(f"{request}: the connection to {server} was cut: {why(error)}", reason="Cut")


def _say_unverified(host: str) -> None:
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning

    disable_warnings(InsecureRequestWarning)  # it would come with each request; this is said once
    log.warning("The kubeconfig says not to verify the certificate of %s", host)
