"""The messages about a run, as the objects that their JSON tells (compatibility, section 10); pure."""

from __future__ import annotations

from audit.fields import export_fields
from constraints import Violation
from constraints.model import Json

STARTED = "audit is started"
COMPLETED = "audit is completed"

Message = dict[str, Json]


def start_message(run: str) -> Message:
    """A run has begun."""
    return {"id": run, "message": STARTED}


def end_message(run: str) -> Message:
    """A run has ended, well or not."""
    return {"id": run, "message": COMPLETED}


def violation_message(run: str, violation: Violation) -> Message:
    """A violation with Gatekeeper's keys in their order; what is empty is left out."""
    return {"id": run, **{name: value for name, value in export_fields(violation).items() if value}}
