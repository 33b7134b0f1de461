"""Servers that violations are exported to: real sockets that keep what comes, and answer as they are told."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
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
    """A server on 127.0.0.1, with TLS where it has a `certificate`; it asks for one of `clients`, where that is
    given.
    """
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


@dataclass
class SyslogTarget:
    """What came, message by message; connections are closed after `hang_up_after` of them, where that is not 0."""

    address: str = ""
    messages: list[bytes] = field(default_factory=list)
    hang_up_after: int = 0
    ended: int = 0

    @property
    def data(self) -> list[Any]:
        """The JSON of all messages."""
        return [json.loads(message.partition(b"] ")[2]) for message in self.messages]

    def hear(self, stream: Any) -> None:
        """Octet counting, until the sender ends or enough came."""
        number = 0
        while length := b"".join(iter(lambda: stream.read(1).strip(), b"")):
            self.messages.append(stream.read(int(length)))
            number += 1
            if number == self.hang_up_after:
                return


@contextmanager
def syslog_datagrams() -> Iterator[SyslogTarget]:
    """A receiver on 127.0.0.1 over UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiving:
        receiving.bind(("127.0.0.1", 0))
        target = SyslogTarget(f"udp://127.0.0.1:{receiving.getsockname()[1]}")

        def receive() -> None:
            while message := receiving.recv(1 << 16):
                target.messages.append(message)

        thread = Thread(target=receive, daemon=True)
        thread.start()
        yield target
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", receiving.getsockname())
        thread.join()


@contextmanager
def syslog_stream(certificate: tuple[Path, Path] | None = None, clients: Path | None = None) -> Iterator[SyslogTarget]:
    """A receiver on 127.0.0.1 over TCP, or TLS where it has a `certificate`."""
    target = SyslogTarget()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            target.hear(self.rfile)

    class Server(ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

        def shutdown_request(self, request: Any) -> None:
            super().shutdown_request(request)
            target.ended += 1

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # clients that do not trust it

    server = Server(("127.0.0.1", 0), Handler)
    if certificate:
        server.socket = secured(server.socket, certificate, clients)
    target.address = f"{'tls' if certificate else 'tcp'}://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield target
    server.shutdown()
    server.server_close()
