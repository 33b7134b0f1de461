"""A proxy before the real API server that spoils one request of a run, or that one and all that ask for the same."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "accept-encoding"}
HTML = b"<!doctype html><title>Sign in</title><p>Please sign in to continue."
STALL = 60.0  # longer than any trial waits for a reply


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that went through."""

    method: str
    path: str
    query: Mapping[str, str]

    @property
    def target(self) -> tuple[str, str]:
        """What was asked for, whichever page of it."""
        return self.method, self.path


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `cut` ends the connection after so many bytes of the body, `stall` comes first, in seconds.

    `tag` is the ETag, which a client may ask by.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    cut: int | None = None
    stall: float = 0.0
    tag: str = ""

    @property
    def head(self) -> bytes:
        """What is sent before the body."""
        tag = f"ETag: {self.tag}\r\n" if self.tag else ""
        kind, size = f"Content-Type: {self.content_type}\r\n", f"Content-Length: {len(self.body)}\r\n"
        return f"HTTP/1.1 {self.status} Answer\r\n{kind}{size}{tag}\r\n".encode()


Spoil = Callable[[Asked, Answer, "Proxy"], Answer]


def refused(code: int, reason: str) -> Spoil:
    """The server says no, as Kubernetes says it."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    body = json.dumps({**status, "message": f"spoiled: {reason}"}).encode()
    return lambda asked, answer, proxy: Answer(code, body)


def instead(body: bytes, content_type: str = "application/json") -> Spoil:
    """Some other body, and a status that says that all is well."""
    return lambda asked, answer, proxy: Answer(200, body, content_type)


def cut(asked: Asked, answer: Answer, proxy: Proxy) -> Answer:
    """The connection ends in the middle of the body."""
    return replace(answer, cut=len(answer.body) // 2)


def silent(asked: Asked, answer: Answer, proxy: Proxy) -> Answer:
    """The connection ends before anything was said, although the request was carried out."""
    return replace(answer, cut=-1)


def half(asked: Asked, answer: Answer, proxy: Proxy) -> Answer:
    """Half of the JSON, as if it were the whole of it."""
    return replace(answer, body=answer.body[: len(answer.body) // 2])


def delayed(asked: Asked, answer: Answer, proxy: Proxy) -> Answer:
    """The right answer, some time later."""
    return replace(answer, stall=0.3)


def hanging(asked: Asked, answer: Answer, proxy: Proxy) -> Answer:
    """No answer as long as anybody waits."""
    return replace(answer, stall=STALL)


def repeated(asked: Asked, answer: Answer, proxy: Proxy) -> Answer:
    """What was sent for the request before this one."""
    return proxy.before or answer


def round_token(asked: Asked, answer: Answer, proxy: Proxy) -> Answer:
    """A list whose continue token leads back to where it came from."""
    try:
        page = json.loads(answer.body)
        page["metadata"]["continue"] = asked.query.get("continue") or proxy.token
    except (ValueError, KeyError, TypeError):
        return answer
    return replace(answer, body=json.dumps(page).encode())


SPOILS: Mapping[str, Spoil] = {
    "cut": cut,
    "silent": silent,
    "half JSON": half,
    "delayed": delayed,
    "hanging": hanging,
    "repeated": repeated,
    "token goes round": round_token,
    "HTML": instead(HTML, "text/html"),
    "nothing": instead(b""),
    "{}": instead(b"{}"),
    "null": instead(b"null"),
    "a Status with 200": instead(
        b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unknown","code":500}'
    ),
    "304": lambda asked, answer, proxy: Answer(304, b""),
    "401": refused(401, "Unauthorized"),
    "403": refused(403, "Forbidden"),
    "404": refused(404, "NotFound"),
    "409": refused(409, "Conflict"),
    "410": refused(410, "Expired"),
    "422": refused(422, "Invalid"),
    "429": refused(429, "TooManyRequests"),
    "500": refused(500, "InternalError"),
    "503": refused(503, "ServiceUnavailable"),
}
CARRIED_OUT = {"cut", "silent", "half JSON", "delayed", "hanging", "repeated", "token goes round"}
"""Those that the server has carried out the request for; the others never reach it."""


@dataclass(slots=True)
class Orders:
    """Which request is to be spoiled, and how: the one with the number `index`, with `again` all of its target, too."""

    spoil: str = ""
    index: int = -1
    again: bool = False
    target: tuple[str, str] | None = None

    def hits(self, number: int, asked: Asked) -> bool:
        """Whether this request is one of them."""
        if not self.spoil:
            return False
        if number == self.index:
            self.target = asked.target
            return True
        return self.again and self.target == asked.target


@dataclass(slots=True)
class Proxy:
    """Counts requests from the last `arm` on; `before` is the last answer that was not spoiled."""

    upstream: str
    ca: str
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    before: Answer | None = None
    token: str = ""
    _orders: Orders = field(default_factory=Orders)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _local: threading.local = field(default_factory=threading.local)
    released: threading.Event = field(default_factory=threading.Event)

    def arm(self, orders: Orders | None = None) -> None:
        """Count from 0 again, and spoil what `orders` say."""
        with self._lock:
            self.released.set()
            self.released = threading.Event()
            self.asked, self.before, self._orders = [], None, orders or Orders()

    def answer(self, asked: Asked, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """What is sent for one request."""
        with self._lock:
            number = len(self.asked)
            self.asked.append(asked)
            spoil = self._orders.spoil if self._orders.hits(number, asked) else ""
        if spoil and spoil not in CARRIED_OUT:
            return SPOILS[spoil](asked, Answer(0, b""), self)
        answer = self._ask(asked.method, target, headers, body)
        if spoil:
            return SPOILS[spoil](asked, answer, self)
        with self._lock:
            self.before, self.token = answer, _token(answer.body) or self.token
        return answer

    def _ask(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        for attempt in (1, 2):  # a connection that was kept may have been closed meanwhile
            try:
                connection = self._connection()
                connection.request(method, target, body, dict(headers))
                with connection.getresponse() as reply:
                    kind, tag = (reply.headers.get(name, "") for name in ("Content-Type", "ETag"))
                    return Answer(reply.status, reply.read(), kind, tag=tag)
            except (HTTPException, OSError):
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError("not reached")

    def close(self) -> None:
        """Close the connection of this thread."""
        if getattr(self._local, "connection", None) is not None:
            self._local.connection.close()
            self._local.connection = None

    def _connection(self) -> HTTPConnection:
        if getattr(self._local, "connection", None) is None:
            where = urlsplit(self.upstream)
            context = ssl.create_default_context(cafile=self.ca)
            self._local.connection = HTTPSConnection(where.hostname or "", where.port, context=context, timeout=60)
        connection: HTTPConnection = self._local.connection
        return connection


def _token(body: bytes) -> str:
    try:
        return str(json.loads(body)["metadata"].get("continue", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


@contextmanager
def spoiling(upstream: str, ca: str) -> Iterator[Proxy]:
    """A proxy on loopback before `upstream`, whose certificate `ca` vouches for; it speaks plain HTTP itself."""
    proxy = Proxy(upstream, ca)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(proxy))
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    """What the server makes for each connection."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            where = urlsplit(self.path)
            asked = Asked(self.command, where.path, dict(parse_qsl(where.query)))
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            released = proxy.released
            answer = proxy.answer(asked, self.path, headers, body)
            if answer.stall:
                released.wait(answer.stall)
            self.reply(answer)

        def reply(self, answer: Answer) -> None:
            if answer.cut == -1:
                self.hang_up()
                return
            try:
                self.wfile.write(answer.head + (answer.body if answer.cut is None else answer.body[: answer.cut]))
            except OSError:  # nobody waits any more
                self.close_connection = True
            if answer.cut is not None:
                self.hang_up()

        def hang_up(self) -> None:
            """Reset the connection, as a server does that dies."""
            self.close_connection = True
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            time.sleep(0.01)
            self.connection.close()

        def finish(self) -> None:
            """The client's connection has ended, and with it this thread."""
            proxy.close()
            super().finish()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *arguments: object) -> None:
            """Nothing: what was asked is kept in `asked`."""

    return Handler
