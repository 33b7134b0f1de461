"""What is answered where: routes, addresses and the flags that name them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from socket import socket

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Route

from audit.errors import ConfigError
from audit.settings.config import ServeConfig
from audit.settings.flagtypes import split_address
from audit.web.health import health
from audit.web.metrics import metrics
from audit.web.runner import Address, Runner, Site, listen
from constraints.dataclass import dataclass

TURNED_OFF = ("", "0")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Routes, where they are answered, and the flag that says where."""

    routes: tuple[Route, ...]
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


def endpoints(config: ServeConfig, problem: Callable[[], str], registry: CollectorRegistry) -> Iterator[Endpoint]:
    """All that this process answers: whoever has more to tell adds its routes here."""
    if at := address(config.health_addr):
        yield Endpoint(health(problem), at, "--health-addr")
    if config.prometheus_port:
        yield Endpoint(metrics(registry), Address("", config.prometheus_port), "--prometheus-port")


@contextmanager
def serving(*endpoints: Endpoint) -> Iterator[tuple[Address, ...]]:
    """Answer at every endpoint as long as the context lasts; gives the addresses with their real ports.

    Endpoints of the same address are one site. Raises ConfigError, naming flag and address, when one cannot be listened
    at; then none is served.
    """
    with ExitStack() as stack:
        sites, addresses = [], []
        for first, *others in _by_address(endpoints):
            listener = stack.enter_context(_listening(first))
            routes = [route for each in (first, *others) for route in each.routes]
            sites.append(Site(Starlette(routes=routes), listener))
            addresses.append(Address(first.address.host, listener.getsockname()[1]))
        runner = Runner(*sites)
        runner.start()
        stack.callback(runner.close)
        yield tuple(addresses)


def _by_address(endpoints: tuple[Endpoint, ...]) -> Iterable[list[Endpoint]]:
    """Those that share an address together; of two at any free port each has its own."""
    found: dict[Address | int, list[Endpoint]] = {}
    for number, endpoint in enumerate(endpoints):
        found.setdefault(endpoint.address if endpoint.address.port else number, []).append(endpoint)
    return found.values()


def _listening(endpoint: Endpoint) -> socket:
    try:
        return listen(endpoint.address)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        flag = f"{endpoint.flag}: " if endpoint.flag else ""
        cure = "; choose another one, or 0 to do without" if endpoint.flag else ""
        raise ConfigError(f"{flag}cannot listen at {endpoint.address}: {why}{cure}") from error
