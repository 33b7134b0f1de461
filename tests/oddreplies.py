"""A proxy before the embedded API server whose replies are odd: in their JSON, or already as HTTP."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOP_BY_HOP = {"content-length", "transfer-encoding", "connection", "date", "server", "host"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; `raw` are the bytes of all of it, after which the connection is closed."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    raw: bytes | None = None


Oddity = Callable[[Answer], Answer]
Change = Callable[[dict[str, Any]], None]


def changed(change: Change) -> Oddity:
    """The JSON object of a reply, changed; another reply as it is."""

    def odd(answer: Answer) -> Answer:
        try:
            found = json.loads(answer.body)
            change(found)
        except (ValueError, LookupError, TypeError, AttributeError):
            return answer
        return Answer(answer.status, answer.headers, json.dumps(found).encode())

    return odd


def without(name: str) -> Change:
    """Lists lose a field."""
    return lambda found: found["items"] and found.pop(name)


def listed(name: str, value: Any) -> Change:
    """Lists get another field."""
    return lambda found: found.update({name: value}) if found["items"] else None


def first(item: Any) -> Change:
    """The first item of a list is another one."""
    return lambda found: found["items"].__setitem__(0, item)


def told(status: int, body: bytes = b"", **headers: str) -> Oddity:
    """Another status."""
    return lambda answer: Answer(status, headers, body)


def raw(head: str, share: float = 1.0) -> Oddity:
    """The body after another head, and not all of it; the head may name its `size` and that of the `part` that
    comes.
    """

    def odd(answer: Answer) -> Answer:
        part = answer.body[: max(1, int(len(answer.body) * share))]
        start = head.format(status=answer.status, size=len(answer.body), part=f"{len(part):x}")
        return Answer(0, {}, b"", start.encode() + part)

    return odd


REFUSAL = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"%s","message":"no","code":%d}'
ODDITIES: Mapping[str, Oddity] = {
    "no items": changed(without("items")),
    "items are an object": changed(listed("items", {"a": 1})),
    "a token that is a number": changed(listed("metadata", {"resourceVersion": "1", "continue": 7})),
    "more to come and no token": changed(listed("metadata", {"resourceVersion": "1", "remainingItemCount": 5})),
    "metadata is a list": changed(lambda found: found.update(metadata=[])),
    "another kind": changed(lambda found: found.update(kind="BananaList")),
    "another version": changed(lambda found: found.update(apiVersion="bananas/v1")),
    "an item without metadata": changed(first({"spec": {}})),
    "an item that is null": changed(first(None)),
    "each item twice": changed(lambda found: found.update(items=found["items"] * 2)),
    "statuses that are text": changed(lambda found: [item.update(status="x") for item in found["items"]] and None),
    "a byte order mark": lambda answer: Answer(answer.status, answer.headers, b"\xef\xbb\xbf" + answer.body),
    "gzip": lambda a: Answer(a.status, {**a.headers, "Content-Encoding": "gzip"}, gzip.compress(a.body)),
    "gzip that is none": lambda a: Answer(a.status, {**a.headers, "Content-Encoding": "gzip"}, a.body),
    "nothing": told(204),
    "a login page elsewhere": told(302, Location="http://127.0.0.1:1/login"),
    "half of it as 206": lambda answer: Answer(206, answer.headers, answer.body[: len(answer.body) // 2]),
    "401": told(401),
    "405": told(405),
    "409": told(409, REFUSAL % (b"Conflict", 409)),
    "410": told(410, REFUSAL % (b"Expired", 410)),
    "413": told(413, b"too large"),
    "422": told(422, REFUSAL % (b"Invalid", 422)),
    "429 for a day": told(429, Retry_After="86400"),
    "a gateway's page": told(502, b"<html>bad gateway</html>"),
    "chunks that are cut": raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{part}\r\n", 0.5),
    "HTTP/1.0": raw("HTTP/1.0 {status} OK\r\n\r\n"),
    "HTTP/1.0 that is cut": raw("HTTP/1.0 200 OK\r\n\r\n", 0.6),
    "HTTP/0.9": raw(""),
    "a length that is too long": raw("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n", 0.5),
    "a handshake": raw("\x16\x03\x01\x02"),
}


@dataclass(slots=True)
class OddProxy:
    """Makes the replies to requests from `index` on, counted from the last `arm`, or to that one alone, odd."""

    upstream: str
    url: str = ""
    count: int = 0
    _oddity: Oddity | None = None
    _index: int = 0
    _once: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def arm(self, oddity: Oddity | None = None, index: int = 0, once: bool = False) -> None:
        """Count from 0 again."""
        with self._lock:
            self.count, self._oddity, self._index, self._once = 0, oddity, index, once

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What is sent for one request."""
        with self._lock:
            number, oddity = self.count, self._oddity
            self.count += 1
            hit = number == self._index if self._once else number >= self._index
        connection = HTTPConnection(self.upstream)
        connection.request(method, target, body, dict(headers))
        with connection.getresponse() as reply:
            kept = {name: value for name, value in reply.getheaders() if name.lower() not in HOP_BY_HOP}
            answer = Answer(reply.status, kept, reply.read())
        connection.close()
        return oddity(answer) if hit and oddity else answer


@contextmanager
def oddly(upstream: str) -> Iterator[OddProxy]:
    """The proxy on loopback before the server at that URL."""
    proxy = OddProxy(urlsplit(upstream).netloc)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # a reply is sent at once: otherwise the system keeps its body back for 40 ms

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            answer = proxy.answer(self.command, self.path, sent, body)
            if answer.raw is not None:
                self.wfile.write(answer.raw)
                self.close_connection = True
                return
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass

        def log_message(self, *_: Any) -> None:
            """Keeps the test output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
