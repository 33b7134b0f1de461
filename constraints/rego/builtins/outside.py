"""What builtins may know of the world outside of the policy: the clock, chance, data from elsewhere, and where print
goes.

Whoever evaluates fills an Outside; `constraints` itself has no clock, no network and no chance.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from constraints.dataclass import value
from constraints.rego.builtins import BuiltinError
from constraints.rego.values.kinds import Value


def _absent(what: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise BuiltinError(f"there is no {what} in this evaluation")

    return refuse


_NO_CLOCK = _absent("clock")
_NO_CHANCE = _absent("randomness")
_NO_PROVIDERS = _absent("external data")
_NO_NETWORK = _absent("network")


def _nowhere(_: str) -> None:
    """Text that nobody wants."""


@value
class Outside:
    """Hooks; one that is not filled makes the builtins that need it fail, but text goes nowhere.

    `now`: nanoseconds since 1970. `entropy`: that many random bytes. `external_data`: the answer of a provider to a
    request (compatibility, section 8.4). `http_send`: the response object. `lookup_ip_addr`: the addresses of a host.
    """

    now: Callable[[], int] = _NO_CLOCK
    entropy: Callable[[int], bytes] = _NO_CHANCE
    print: Callable[[str], None] = _nowhere
    trace: Callable[[str], None] = _nowhere
    external_data: Callable[[Value], Value] = _NO_PROVIDERS
    http_send: Callable[[Value], Value] = _NO_NETWORK
    lookup_ip_addr: Callable[[str], list[str]] = _NO_NETWORK


class Context(Protocol):
    """What a contextual builtin sees of an evaluation. `memory` lives as long as one query, for builtins that keep
    their answer through it, each under keys of its own: a tuple that starts with the builtin's name."""

    @property
    def outside(self) -> Outside: ...

    @property
    def memory(self) -> dict[Any, Any]: ...


def now(context: Context) -> int:
    """The time, in nanoseconds since 1970; the same all through a query."""
    memory = context.memory
    if "now" not in memory:
        memory["now"] = context.outside.now()
    found: int = memory["now"]
    return found
