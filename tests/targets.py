"""Servers that violations are exported to: real sockets that keep what comes, and answer as they are told."""

from __future__ import annotations

import gzip
import json
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from audit.export.cloudevents import BATCH, EVENT


@dataclass(frozen=True)
class Taken:
    """A request that came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def plain(self) -> bytes:
        return gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body

    @property
    def events(self) -> list[dict[str, Any]]:
        """Of CloudEvents, structured or batched."""
        found = json.loads(self.plain)
        assert self.headers["content-type"] == (BATCH if isinstance(found, list) else EVENT)
        return found if isinstance(found, list) else [found]


@dataclass(frozen=True)
class Reply:
    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


OK = Reply()


@dataclass
class HttpTarget:
    """Answers with `replies`, one for each request, then with what `judge` says."""

    replies: deque[Reply] = field(default_factory=deque)
    judge: Callable[[Taken], Reply] = lambda request: OK
    came: list[Taken] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    clients: list[Any] = field(default_factory=list)
    url: str = ""

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def messages(self) -> list[Any]:
        """The data of all events that were taken."""
        return [event["data"] for request in self.taken for event in request.events]

    def answer(self, request: Taken) -> Reply:
        self.came.append(request)
        reply = self.replies.popleft() if self.replies else self.judge(request)
        if reply.status < 300:
            self.taken.append(request)
        return reply


@contextmanager
def http_target(certificate: tuple[Path, Path] | None = None, clients: Path | None = None) -> Iterator[HttpTarget]:
    """A server on 127.0.0.1, with TLS where it has a `certificate`; it asks for one of `clients`, where that is given."""
    target = HttpTarget()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = target.answer(Taken(self.path, headers, body))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if reply.status != 204:
                self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def setup(self) -> None:
            super().setup()
            target.clients.append(self.client_address)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # clients that do not trust it

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        server.socket = secured(server.socket, certificate, clients)
    target.url = f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield target
    server.shutdown()
    server.server_close()


def secured(listening: Any, certificate: tuple[Path, Path], clients: Path | None = None) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    return context.wrap_socket(listening, server_side=True, do_handshake_on_connect=False)
