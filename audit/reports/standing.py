"""What stands of earlier results where a run could not see whether they are still so (pure)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from audit.aggregate import Summary
from audit.outcomes import NOT_SERVED
from audit.reports.results import short_name
from audit.standing.hidden import Hidden
from constraints import Cause, Constraint, Gap, ObjectRef
from constraints.crd import GROUP
from constraints.model import ANY

_NOTHING_HIDDEN: Final = Hidden()


class StandingResults:
    """Says of policies, by their short names, whether what was known of an object is still all that is known.

    It is where the run could not look at that object for that constraint, or where the constraint could not be read or
    used; not where the constraint is gone.
    """

    def __init__(self, summary: Summary) -> None:
        self._summary = summary
        self._known = {short_name(record.key): record.constraint for record in summary.records}
        self._missed = any(map(_misses_constraints, summary.gaps))
        self._hidden: dict[str, Hidden] = {}

    def of(self, item: ObjectRef | None) -> Callable[[str], bool]:
        """For this object; for one of which nobody knows what it is, everything stands in a run with any gap."""
        if item is None:
            some = bool(self._summary.gaps)
            return lambda _short: some
        return lambda short: self._stands(short, item)

    def _stands(self, short: str, item: ObjectRef) -> bool:
        if short not in self._known:
            return self._missed
        constraint = self._known[short]
        return constraint is None or self._hides(short, constraint).hides((item.kind, item.namespace), item.name)

    def _hides(self, short: str, constraint: Constraint) -> Hidden:
        hidden = self._hidden.get(short)
        if hidden is None:
            gaps = self._summary.gaps_of(constraint)
            hidden = self._hidden[short] = Hidden.of(gaps) if gaps else _NOTHING_HIDDEN
        return hidden


def _misses_constraints(gap: Gap) -> bool:
    """Whether there may be constraints that the run does not know."""
    if gap.cause is Cause.CONSTRAINT:
        return gap.kind is not None
    if gap.cause is Cause.TEMPLATE:
        return not gap.policy or gap.reason == NOT_SERVED
    return gap.cause is Cause.DISCOVERY and (gap.kind is None or gap.kind.group in (ANY, GROUP))
