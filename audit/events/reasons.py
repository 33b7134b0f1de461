"""The reasons of Events, and what becomes of those that are due (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum

from audit.fields import numbered


class Reason(Enum):
    """The `reason` of an Event; docs/events.md says when there is one."""

    AUDITED = "AuditViolation"  # Gatekeeper's word
    FOUND = "ViolationFound"
    RESOLVED = "ViolationResolved"
    STANDING = "ViolationsStanding"

    @property
    def type(self) -> str:
        """Warning for what is wrong, Normal for what is not any more, or is only said."""
        return "Warning" if self in (Reason.AUDITED, Reason.FOUND) else "Normal"


class Fate(Enum):
    """What became of an Event that was due."""

    WRITTEN = "written"
    FAILED = "failed"
    GONE = "gone"  # with the namespace that it belongs to
    LATE = "late"
    LIMIT = "limit"
    RATE = "rate"
    KNOWN = "known"
    ABOUT_EVENT = "about_event"


Fates = Counter[tuple[Reason, Fate]]


def held_back(fates: Mapping[tuple[Reason, Fate], int]) -> str:
    """One line about what was not written, empty where all was."""
    written = sum(number for (_, fate), number in fates.items() if fate is Fate.WRITTEN)
    rows = Counter({f"{r.value} {f.value}": n for (r, f), n in fates.items() if n and f is not Fate.WRITTEN})
    if not rows:
        return ""
    each = ", ".join(f"{name} ({number})" for name, number in sorted(rows.items()))
    not_written = "was" if rows.total() == 1 else "were"
    return f"{numbered(written, 'Event was', 'Events were')} written, {rows.total()} {not_written} not: {each}"
