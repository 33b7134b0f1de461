"""Health and metrics over HTTP, each server in a thread of its own."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Thread
from time import sleep

import uvicorn
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from audit.errors import ConfigError
from audit.settings.flagtypes import split_address

TURNED_OFF = ("", "0")
STOPPING_SECONDS = 2
_POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: an empty host is every address of the machine, port 0 any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An application, where it answers, and the flag that says where."""

    app: ASGIApp
    address: Address
    flag: str = ""


def address(text: str) -> Address | None:
    """From `:9090`; None for `0` and the empty string, which turn an endpoint off. Raises ConfigError."""
    if text in TURNED_OFF:
        return None
    try:
        return Address(*split_address(text))
    except ValueError as error:
        raise ConfigError(str(error)) from error


def health_app(problem: Callable[[], str]) -> ASGIApp:
    """`/healthz` says that the process lives; `/readyz` is 503, and says why, while there is a `problem()`."""

    def healthz(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    def readyz(request: Request) -> PlainTextResponse:
        why = problem()
        return PlainTextResponse(f"not ready: {why}", 503) if why else PlainTextResponse("ok")

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz)])


def metrics_app(registry: CollectorRegistry) -> ASGIApp:
    """`/metrics` in the format that the scraper asks for."""

    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return Starlette(routes=[Route("/metrics", metrics)])


@contextmanager
def serving(*endpoints: Endpoint) -> Iterator[tuple[Address, ...]]:
    """Answer at every endpoint as long as the context lasts; gives the addresses with their real ports.

    Raises ConfigError, naming flag and address, when one cannot be listened at; then none is served.
    """
    with ExitStack() as stack:
        yield tuple([stack.enter_context(_serving(endpoint)) for endpoint in endpoints])


@contextmanager
def _serving(endpoint: Endpoint) -> Iterator[Address]:
    listener = _listen(endpoint)
    actual = Address(endpoint.address.host, listener.getsockname()[1])
    server = uvicorn.Server(_settings(endpoint.app))
    thread = Thread(target=server.run, args=([listener],), name=f"http {actual}", daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            sleep(_POLL_SECONDS)
        yield actual
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def _settings(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,  # our own handlers, see audit/logs/streams.py
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOPPING_SECONDS,
    )


def _listen(endpoint: Endpoint) -> socket.socket:
    address = endpoint.address
    everywhere = not address.host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if everywhere or ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, dualstack_ipv6=everywhere)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        flag = f"{endpoint.flag}: " if endpoint.flag else ""
        cure = "; choose another one, or 0 to do without" if endpoint.flag else ""
        raise ConfigError(f"{flag}cannot listen at {address}: {why}{cure}") from error
