"""Targets of exported violations on 127.0.0.1, in a process of their own: `python -m benchmarks.receivers [kafka]`.

Prints where they are, as one JSON object, answers each line of its standard input, which names one, with how many
messages each has got since the last line, and ends with its standard input. They do as little as they can: what a
broker costs is another matter.
"""

from __future__ import annotations

import json
import socket
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from threading import Thread

_GOT: Counter[str] = Counter()
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


def main(arguments: Sequence[str]) -> None:
    """Serve until nobody asks any more."""
    http, syslog = serve(_requests), serve(_lines)
    at = {"http": f"http://127.0.0.1:{http}/", "syslog": f"tcp://127.0.0.1:{syslog}"}
    with ExitStack() as stack:
        if "kafka" in arguments:
            from kafkabrokers import kafka_broker  # its library may not be there

            broker = stack.enter_context(kafka_broker())
            at["kafka"], taken = broker.address, 0
        say(at)
        for line in sys.stdin:
            if line.strip() == "kafka":
                _GOT["kafka"] = broker.count("audit-channel") - taken
                taken += _GOT["kafka"]
            say(dict(_GOT))
            _GOT.clear()


def say(told: Mapping[str, object]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def serve(handle: Callable[[socket.socket], None]) -> int:
    """Take connections in threads; gives the port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            connection, _ = listening.accept()
            Thread(target=handle, args=(connection,), daemon=True).start()

    Thread(target=accept, daemon=True).start()
    return int(listening.getsockname()[1])


def _requests(connection: socket.socket) -> None:
    """HTTP, each request answered with 204: dapr's API, or CloudEvents."""
    with connection, connection.makefile("rb") as stream:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while stream.readline():
            length = 0
            while (header := stream.readline()) > b"\r\n":
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            body = stream.read(length)
            # Without a broker: dapr's bulk API has an entryId for each message, its other one sends a message as it is.
            _GOT["http"] += body.count(b'{"specversion":') or body.count(b'{"entryId":') or 1
            connection.sendall(_TAKEN)


def _lines(connection: socket.socket) -> None:
    """Syslog over TCP, octets counted."""
    with connection, connection.makefile("rb") as stream:
        while head := stream.read(8).split(b" ", 1)[0]:
            # The longest length that is expected has five digits, and no line is shorter than ten bytes.
            stream.read(int(head) - (8 - len(head) - 1))
            _GOT["syslog"] += 1


if __name__ == "__main__":
    main(sys.argv[1:])
