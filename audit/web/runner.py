"""One thread with one event loop for everything that is answered over HTTP, at as many addresses as there are."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from threading import Event, Thread

import uvicorn
from starlette.types import ASGIApp

from audit.errors import AuditError
from constraints.dataclass import dataclass

_DATE_SECONDS = 1  # for so long the Date of replies may stay the same
_ARRIVAL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: an empty host is every address of the machine, port 0 any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Site:
    """An application and the socket at which it answers."""

    app: ASGIApp
    listener: socket.socket


def listen(address: Address) -> socket.socket:
    """A socket that takes connections from now on. Raises OSError, socket.gaierror for a host that has no address."""
    everywhere = not address.host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if everywhere or ":" in address.host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off; otherwise each reply takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not everywhere)
        listener.bind((address.host, address.port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


class Runner:
    """Answers at all of `sites` between `start` and `close`, after which their sockets are closed.

    Who still waits for a reply when it is closed gets it within `patience` seconds or not at all.
    """

    def __init__(self, *sites: Site, name: str = "http", patience: int = 2) -> None:
        self._sites = [(_Server(_settings(site.app, patience)), site.listener) for site in sites]
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._failure: OSError | None = None

    def start(self) -> None:
        """Returns when requests are answered. Raises AuditError when that cannot be."""
        self._thread.start()
        for server, _ in self._sites:
            server.ready.wait()
        if self._failure:
            raise AuditError(f"nothing can be answered over HTTP: {self._failure}") from self._failure

    def close(self) -> None:
        """Returns when everything is closed; may be called again."""
        for server, _ in self._sites:
            server.stop()
        self._thread.join()
        for _, listener in self._sites:
            listener.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:  # whoever waits for what never came is told, too
            for server, _ in self._sites:
                server.ready.set()

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve([listener]) for server, listener in self._sites))


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready and stops as soon as it is asked to, not at its next tick."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for `stop`, and let replies tell the time."""
        self._loop = asyncio.get_running_loop()
        await self.on_tick(0)
        self.ready.set()
        while not self._stopping.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _DATE_SECONDS)
        await self._stop_accepting(self._loop)

    async def _stop_accepting(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let connections that are just being accepted arrive, so that the shutdown finds and closes them."""
        for listener in [one for server in self.servers for one in server.sockets]:
            loop.remove_reader(listener.fileno())
        await asyncio.sleep(_ARRIVAL_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, and close the connections of those who waited in vain."""
        await super().shutdown(sockets)
        for connection in self.server_state.connections:
            connection.transport.abort()
        await asyncio.sleep(0)  # the loop closes them in its next turn

    def stop(self) -> None:
        """End the main loop, from any thread."""
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)


def _settings(app: ASGIApp, patience: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,  # our own handlers, see audit/logs.py
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=patience,
    )
