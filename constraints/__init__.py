"""What does this rule say about this object? Pure: no network, disk, clock, threads or environment."""

from __future__ import annotations

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
