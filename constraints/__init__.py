"""What does this rule say about this object? Pure: no network, disk, clock, threads or environment.

Each name is imported when it is first asked for: whoever wants a value or two need not wait for the compilers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from constraints.engine import Engine
    from constraints.errors import PolicyError
    from constraints.inventory import Inventory
    from constraints.model import Cause, Constraint, Gap, Kind, ObjectRef, Point, Review, Violation
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
]
_HOMES = {"Engine": "engine", "PolicyError": "errors", "Inventory": "inventory", "Template": "template"}


def __getattr__(name: str) -> Any:
    """Python asks this for a name that is not here yet."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'model')}"), name)
    globals()[name] = found
    return found
