"""The log events of a run (compatibility, section 3): every violation, every gap, exact keys and encodings."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from audit.aggregate import Phase, Summary
from audit.duration import format_duration
from audit.extent import ALL, CHANGES, NONE
from audit.fields import (
    AUDIT_FINISHED,
    AUDIT_STARTED,
    CONSTRAINT_AUDITED,
    constraint_fields,
    event_type,
    gap_fields,
    known_fields,
    truncate,
    valid_text,
    violation_fields,
)
from audit.ledger import Changes, Known
from audit.logs.lines import ViolationLines
from audit.logs.said import Said, Saying
from audit.logs.streams import EVENTS, Bundle, event, events
from audit.model import ConstraintRecord, Ending, Outcome, RunInfo, Standing
from audit.outcomes import ending
from audit.repeats import Repeats
from audit.verdicts import Reviewed
from constraints import Gap, Violation
from constraints.dataclass import dataclass
from constraints.model import Json

log = logging.getLogger("kube_patrol")
VIOLATION_RESOLVED = "violation_resolved"  # ours, too; only where changes are logged
_ENDED = dict.fromkeys(
    (Outcome.COMPLETE, Outcome.GAPS, Outcome.UNWRITTEN), "auditing is complete"
)  # as Gatekeeper says
_NOT_ENDED = "auditing did not come to its end"
_AS_BEFORE = frozenset({Outcome.FAILED, Outcome.NO_POLICIES})  # nothing was audited, and perhaps for hours
_NO_NEWS = frozenset({Outcome.INTERRUPTED, Outcome.NOT_LEADER})
_LEVELS = {Outcome.COMPLETE: logging.INFO, Outcome.FAILED: logging.ERROR}
AT_ONCE = 500  # lines of a page in one write: as many as most pages have, and half a megabyte


def unknown(violation: Violation) -> bool:
    """Nothing is known of earlier runs."""
    return False


class LogSink:
    """Logs violations as they come, and at the end a line a constraint with violations and a line a gap.

    `violations` is a word of audit.extent: which of them get a line; totals and gaps are logged in any case. With
    `changes` those get one that `is_known` does not know of earlier runs, and at the end those that are resolved: a
    line has labels and details, which nobody keeps until then. It belongs behind the status sink, because
    `audit_finished` says that the statuses are written. A run that did not come to its end has no line a constraint:
    its totals are a part. What made runs fail one after the other is said once, then ever more seldom, with a count;
    `clock` gives monotonic seconds for that. All who tell of violations share `saying`; this one
    is told last.
    """

    name = "log"
    phase: Phase = "log"

    def __init__(
        self,
        logger: logging.Logger = EVENTS,
        violations: str = ALL,
        clock: Callable[[], float] = time.monotonic,
        is_known: Callable[[Violation], bool] = unknown,
        saying: Saying | None = None,
    ) -> None:
        self._logger = logger
        self._logged = violations
        self._is_known = is_known
        self._saying = saying or Saying()
        self._audit_id = ""
        self._lines = ViolationLines(self._violation)
        self._failures = Repeats(clock)

    def start(self, info: RunInfo) -> None:
        """Log `audit_started`."""
        self._audit_id = info.audit_id
        self._lines = ViolationLines(self._violation)
        self._emit("auditing constraints and violations", event_type(AUDIT_STARTED))

    def page(self, reviewed: Reviewed) -> None:
        """Log `violation_audited` for each violation, where such lines are wanted."""
        if self._logged != NONE:
            told = iter(self._saying.of(reviewed))
            if self._logged == CHANGES:
                told = (each for each in told if not self._is_known(each[0]))
            while some := [*islice(told, AT_ONCE)]:
                events(self._logger, _Part(some, self._lines))
        self._saying.over()

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Log what each constraint came to, what could not be audited, and `audit_finished`."""
        end = ending(summary)
        self._tell_gaps(summary.gaps, end.outcome)
        for known in changes.each_resolved() if self._logged == CHANGES else ():
            self._emit(truncate(known.message), resolved_fields(known))
        if not summary.cut:
            for record in summary.records:
                standing = summary.standing[record.key]
                if standing.total:
                    self._emit("audit results for constraint", total_fields(record, standing))
        fields = event_type(AUDIT_FINISHED) | {
            "duration": format_duration(summary.seconds),
            "outcome": end.outcome.value,
        }
        self._emit(
            _ENDED.get(end.outcome, _NOT_ENDED), fields | _reason(end), _LEVELS.get(end.outcome, logging.WARNING)
        )

    def _tell_gaps(self, gaps: Sequence[Gap], outcome: Outcome) -> None:
        count = self._repeated(gaps) if outcome in _AS_BEFORE else ""
        if count is None:
            return
        if outcome not in _AS_BEFORE | _NO_NEWS:
            over = self._failures.over()
            if over:
                log.info("audits: %s", over, extra={"audit_id": self._audit_id})
        for gap in gaps:
            self._emit(valid_text(gap.message) + count, gap_fields(gap), logging.WARNING)

    def _repeated(self, gaps: Sequence[Gap]) -> str | None:
        """How often runs have failed like this by now, None when that need not be said now."""
        what = frozenset((gap.cause, gap.reason, gap.kind, gap.policy) for gap in gaps)
        text = gaps[0].message
        line = self._failures.again(what, text)
        return line.removeprefix(text) if line else None

    def _emit(self, message: str, fields: Mapping[str, Json], level: int = logging.INFO) -> None:
        event(self._logger, self._event(message, fields), level)

    def _violation(self, violation: Violation) -> dict[str, Json]:
        return self._event(truncate(violation.message), violation_fields(violation))

    def _event(self, message: str, fields: Mapping[str, Json]) -> dict[str, Json]:
        return {"msg": message, "process": "audit", "audit_id": self._audit_id, **fields}


@dataclass(frozen=True, slots=True)
class _Part(Bundle):
    """Violations of one page, as one record of the log."""

    violations: Sequence[Said]
    maker: ViolationLines

    def lines(self, formatter: logging.Formatter, record: logging.LogRecord) -> bytes:
        return self.maker.lines(self.violations, formatter, record)


def resolved_fields(known: Known) -> dict[str, Json]:
    """What is no longer in violation, why, and the run that saw it first."""
    return (
        event_type(VIOLATION_RESOLVED)
        | known_fields(known.constraint, known.action, known.object)
        | {"resolved": known.why.value if known.why else "", "first_audit_id": known.first}
    )


def total_fields(record: ConstraintRecord, standing: Standing) -> dict[str, Json]:
    """What a constraint came to; `constraint_stale` is there when not all of that is of this run."""
    return (
        event_type(CONSTRAINT_AUDITED)
        | constraint_fields(*record.names)
        | {
            "constraint_action": record.action,
            "constraint_status": "enforced" if record.constraint else "unenforced",
            "constraint_violations": str(standing.total),
        }
        | ({"constraint_stale": True} if standing.stale else {})
    )


def _reason(end: Ending) -> dict[str, Json]:
    return {"reason": valid_text(end.reason)} if end.reason else {}
