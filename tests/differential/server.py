"""A real OPA on loopback, asked over its REST API."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from regocalls import read_json


@dataclass(frozen=True, slots=True)
class Answer:
    """The value of a package, or the codes of the errors."""

    value: Any = None
    codes: frozenset[str] = frozenset()
    text: str = ""
    refused: str = ""
    """The name of the module that OPA does not take."""


class Panicked(Exception):
    """OPA broke off while it answered: a mistake of its own, of which nothing can be learnt."""


class Opa:
    """A server that holds the modules of one question; `documents` are below `data` by their first key."""

    def __init__(self, binary: Path, documents: Mapping[str, Any]) -> None:
        self._binary = binary
        self._documents = documents
        self.start()

    def start(self) -> None:
        """Start the server, on a free port."""
        self._held: list[str] = []
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            port = free.getsockname()[1]
        options = ["--addr", f"127.0.0.1:{port}", "--log-level", "error", "--disable-telemetry"]
        self._process = subprocess.Popen([self._binary, "run", "--server", *options], stderr=subprocess.DEVNULL)
        _wait(port)
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for name, document in self._documents.items():
            status, reply = self._send("PUT", f"/v1/data/{name}", json.dumps(document).encode())
            assert status < 300, reply

    def stop(self) -> None:
        """End the server."""
        self._connection.close()
        self._process.kill()
        self._process.wait()

    def ask(self, modules: Mapping[str, str], package: str, document: Any) -> Answer:
        """What the package is, given the input; each module may refer to those before it. Raises Panicked."""
        try:
            for name in self._held:
                self._send("DELETE", f"/v1/policies/{name}", b"")
            self._held = list(modules)[::-1]
            for name, module in modules.items():
                status, reply = self._send("PUT", f"/v1/policies/{name}", module.encode())
                if status != 200:
                    return _errors(reply, refused=name)
            status, reply = self._send("POST", f"/v1/data/{package}", json.dumps({"input": document}).encode())
        except (http.client.HTTPException, OSError) as error:
            self.stop()  # it may hold its locks for ever
            self.start()
            raise Panicked(str(modules)) from error
        return Answer(reply.get("result", {})) if status == 200 else _errors(reply)

    def _send(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        self._connection.request(method, path, body)
        with closing(self._connection.getresponse()) as response:
            text = response.read().decode()
            return response.status, read_json(text) if text else {}


def _errors(reply: dict[str, Any], refused: str = "") -> Answer:
    found = reply.get("errors") or [reply]
    return Answer(codes=frozenset(error["code"] for error in found), text=json.dumps(found), refused=refused)


@contextmanager
def serving(binary: Path, documents: Mapping[str, Any]) -> Iterator[Opa]:
    """A server for as long as the context lasts."""
    opa = Opa(binary, documents)
    try:
        yield opa
    finally:
        opa.stop()


def _wait(port: int, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
