"""What stands before a broker in tests: TLS, the names and passwords of SASL, and a silence."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

from kafkabrokers import KafkaBroker
from targets import secured

API_VERSIONS, HANDSHAKE, AUTHENTICATE = 18, 17, 36
HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
ROUNDS = 4096
_DENIED, _NO_SUCH_MECHANISM = 58, 33  # as Kafka's protocol numbers them


@dataclass
class Gateway:
    """`users` and their passwords by a mechanism of SASL, where that is asked for; `said` is what it tells those whom
    it does not let in. While it is `silent`, nothing goes through.
    """

    broker: KafkaBroker
    users: Mapping[str, str] = field(default_factory=dict)
    mechanism: str = ""
    said: bytes = b"go away"
    silent: bool = False
    address: str = ""
    entered: list[str] = field(default_factory=list)

    def serve(self, client: Any) -> None:
        """One connection, to its end."""
        target = socket.create_connection(("127.0.0.1", self.broker.port))
        with client, target, suppress(OSError, struct.error):
            scram: Scram | None = None
            if not self.users:
                Thread(target=_pour, args=(target, client), daemon=True).start()
                _pour(client, target, self)
                return
            while frame := _frame(client):
                api, _, number = struct.unpack(">hhi", frame[:8])
                if api == HANDSHAKE:
                    name = self.mechanism.encode()
                    error = 0 if _text(frame) == name else _NO_SUCH_MECHANISM
                    _send(client, struct.pack(">ihih", number, error, 1, len(name)) + name)
                elif api == AUTHENTICATE:
                    scram = scram or Scram(self)
                    error, said, given = scram.answer(_given(frame))
                    text = struct.pack(">h", len(said)) + said if error else struct.pack(">h", -1)
                    _send(client, struct.pack(">ih", number, error) + text + struct.pack(">i", len(given)) + given)
                else:
                    _send(target, frame)
                    reply = _frame(target)
                    _send(client, _with_sasl(reply) if api == API_VERSIONS else reply)


class Scram:
    """One exchange of RFC 5802, or of PLAIN."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._first = self._nonce = self._user = ""
        self._salt = os.urandom(8)

    def answer(self, given: bytes) -> tuple[int, bytes, bytes]:
        """An error with its text, or the bytes of the answer."""
        if self._gateway.mechanism == "PLAIN":
            _, user, password = given.decode().split("\0")
            return self._judged(user, self._gateway.users.get(user) == password, b"")
        if not self._first:
            self._first = given.decode().removeprefix("n,,")
            parts = dict(part.split("=", 1) for part in self._first.split(","))
            self._user, self._nonce = parts["n"], parts["r"] + "more"
            return 0, b"", self._challenge().encode()
        return self._final(given.decode())

    def _challenge(self) -> str:
        return f"r={self._nonce},s={base64.b64encode(self._salt).decode()},i={ROUNDS}"

    def _final(self, given: str) -> tuple[int, bytes, bytes]:
        name = HASHES[self._gateway.mechanism]
        password = self._gateway.users.get(self._user, "").encode()
        salted = hashlib.pbkdf2_hmac(name, password, self._salt, ROUNDS)
        without, _, proof = given.rpartition(",p=")
        signed = f"{self._first},{self._challenge()},{without}".encode()
        key = hmac.digest(salted, b"Client Key", name)
        signature = hmac.digest(hashlib.new(name, key).digest(), signed, name)
        wanted = bytes(one ^ other for one, other in zip(key, signature, strict=True))
        verifier = hmac.digest(hmac.digest(salted, b"Server Key", name), signed, name)
        return self._judged(self._user, wanted == base64.b64decode(proof), b"v=" + base64.b64encode(verifier))

    def _judged(self, user: str, welcome: bool, answer: bytes) -> tuple[int, bytes, bytes]:
        if not welcome:
            return _DENIED, self._gateway.said, b""
        self._gateway.entered.append(user)
        return 0, b"", answer


def _given(frame: bytes) -> bytes:
    """What an authentication says, behind the name of the client."""
    return frame[_after_head(frame) + 4 :]


def _text(frame: bytes) -> bytes:
    """The text that a handshake says."""
    return frame[_after_head(frame) + 2 :]


def _after_head(frame: bytes) -> int:
    return 10 + max(0, struct.unpack(">h", frame[8:10])[0])


def _with_sasl(reply: bytes) -> bytes:
    """The answer to what requests there are, with those of SASL beside them."""
    error, number = struct.unpack(">hi", reply[4:10])
    added = b"".join(struct.pack(">hhh", api, 0, most) for api, most in ((HANDSHAKE, 1), (AUTHENTICATE, 0)))
    return reply if error else reply[:6] + struct.pack(">i", number + 2) + added + reply[10:]


def _frame(stream: Any) -> bytes:
    head = _exactly(stream, 4)
    return _exactly(stream, struct.unpack(">i", head)[0]) if head else b""


def _exactly(stream: Any, number: int) -> bytes:
    found = b""
    while len(found) < number:
        more = stream.recv(number - len(found))
        if not more:
            return b""
        found += more
    return found


def _send(stream: Any, frame: bytes) -> None:
    stream.sendall(struct.pack(">i", len(frame)) + frame)


def _pour(source: Any, target: Any, gateway: Gateway | None = None) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            if not (gateway and gateway.silent):
                target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@contextmanager
def kafka_gateway(
    broker: KafkaBroker, certificate: tuple[Path, Path] | None = None, clients: Path | None = None, **more: Any
) -> Iterator[Gateway]:
    """Before the broker on 127.0.0.1, with TLS where it has a `certificate`, and asking for one of `clients`."""
    gateway = Gateway(broker, **more)
    with socket.create_server(("127.0.0.1", 0)) as plain:
        port = plain.getsockname()[1]
        broker.says_it_is_at(port)
        gateway.address = f"127.0.0.1:{port}"
        listening = secured(plain, certificate, clients) if certificate else plain

        def accept() -> None:
            while True:
                try:
                    client, _ = listening.accept()
                except ssl.SSLError:
                    continue
                except OSError:
                    return
                Thread(target=gateway.serve, args=(client,), daemon=True).start()

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield gateway
        finally:
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            thread.join()
            broker.says_it_is_at(broker.port)
