"""What does this rule say about this object? Pure: no network, disk, clock, threads or environment."""

from __future__ import annotations

from collections.abc import Mapping

from constraints.constraint import Constraint
from constraints.drivers import DRIVERS, Driver, register
from constraints.drivers.cel import CelDriver
from constraints.drivers.regopy import RegopyDriver
from constraints.engine import Engine
from constraints.errors import PolicyError
from constraints.inventory import Inventory
from constraints.model import Cause, Gap, Kind, ObjectRef, Point, Review, Violation
from constraints.template import Template

__all__ = [
    "Cause",
    "Constraint",
    "Engine",
    "Gap",
    "Inventory",
    "Kind",
    "ObjectRef",
    "Point",
    "PolicyError",
    "Review",
    "Template",
    "Violation",
    "engines",
]

register(CelDriver())  # the first one answers for a template that has code for both
register(RegopyDriver())


def engines(*, native: bool = True, failure_policy: str = "Fail") -> Mapping[str, Driver]:
    """The policy engines: with CEL when `native`, whose templates have that failure policy unless they name one."""
    cel = CelDriver(failure_policy)
    found = {name: cel if name == cel.engine else driver for name, driver in DRIVERS.items()}
    return found if native else {name: driver for name, driver in found.items() if driver is not cel}
