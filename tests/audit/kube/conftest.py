"""A server of canned replies, and what the tests of audit.kube share."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from leases import Leases, Time

from audit.kube.client import Client
from audit.kube.lease import Election, Seat
from audit.kube.request import Reply, Request


@dataclass
class Script:
    """A transport that answers from a list and remembers what it was asked."""

    replies: list[Reply | Exception]
    seen: list[Request] = field(default_factory=list)

    def exchange(self, request: Request) -> Reply:
        self.seen.append(request)
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply


@dataclass(frozen=True)
class Asked:
    """What arrived at the server."""

    command: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Canned(ThreadingHTTPServer):
    """Real HTTP; `answer` gets the handler and writes what it likes."""

    daemon_threads = True
    answer: Callable[[BaseHTTPRequestHandler], None]
    asked: list[Asked]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


def write(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """A whole reply."""
    handler.send_response(status)
    for key, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(key.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _do(self) -> None:
        server = self.server
        assert isinstance(server, Canned)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server.asked.append(Asked(self.command, self.path, dict(self.headers), body))
        server.answer(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do

    def log_message(self, *_: Any) -> None:
        """Keeps the test output clean."""


@pytest.fixture
def canned() -> Iterator[Canned]:
    """A running server that answers `{}` until a test says otherwise."""
    server = Canned(("127.0.0.1", 0), _Handler)
    server.asked = []
    server.answer = lambda handler: write(handler, 200, b"{}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def refusal(status: int, reason: str = "", message: str = "", **more: Any) -> Reply:
    """A reply with a Status object, as Kubernetes refuses."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, **more}
    return Reply(status, {}, json.dumps(body).encode())


@pytest.fixture(name="script")
def _script() -> Callable[..., Script]:
    return lambda *replies: Script(list(replies))


@pytest.fixture(name="refusal")
def _refusal() -> Callable[..., Reply]:
    return refusal


@pytest.fixture(name="write")
def _write() -> Callable[..., None]:
    return write


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def server(time):
    return Leases(time)


@pytest.fixture
def replica(server, time):
    return lambda name: Election(Client(server), Seat("ns", "audit", name), clock=time.clock())
