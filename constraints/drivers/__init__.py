"""Policy engines: each compiles the code of a template, for one constraint, to a function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from constraints.inventory import Inventory
from constraints.model import Finding, Json


class Program(Protocol):
    """A compiled policy: a pure function of one review document (compatibility, section 8.1) and the inventory.

    Raises EvaluationError for errors that the policy's language defines, and for an evaluation that is stopped because it
    needs too much; both count as a violation. Anything else that it raises is a failure of the engine, which becomes a
    Gap. Each finding counts: a driver whose violations are a set gives equal ones once.

    Its `reads`, where it has them, are the places in the document that its answer may depend on, `*` for any key.
    """

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> Iterable[Finding]: ...


class Policy(Protocol):
    """The code of one template, checked; it makes a Program for each constraint's parameters.

    A policy with a true `integers` tells integers from floats, and has to see what Gatekeeper's would see. One with
    `admission_fields` knows which fields of admission requests it reads.
    """

    def program(self, parameters: Json) -> Program: ...


class Driver(Protocol):
    """Compiles the `source` of one engine's code. Raises CompileError, with a position, when it cannot."""

    engine: str

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy: ...


DRIVERS: dict[str, Driver] = {}


def register(driver: Driver) -> Driver:
    """Let `driver` answer for its engine name. Raises ValueError when another one already does."""
    if DRIVERS.setdefault(driver.engine, driver) is not driver:
        raise ValueError(f"engine {driver.engine!r} is already registered")
    return driver
