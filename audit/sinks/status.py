"""Writes each constraint's status: totals, the capped list, and what could not be audited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field

from audit.aggregate import Phase, Summary
from audit.errors import AuditError, KubeError, TooLarge, Unreachable
from audit.fields import truncate
from audit.kube.patch import Subject
from audit.ledger import Changes
from audit.model import ConstraintRecord, RunInfo
from audit.verdicts import Reviewed
from constraints import Gap, Kind
from constraints.dataclass import dataclass
from constraints.model import Cause, Json, Object

GAPS_SHOWN = 20
SILENT_WRITES = 2  # of one kind in a row without a reply, after which no others of it are tried in this run
SILENT_KINDS = 3  # so many of those in a row, after which nothing is
Write = Callable[[Subject, Object], object]


@dataclass(slots=True)
class Silence:
    """Which writes of one run had no reply, each of which takes a minute. May be shared by threads."""

    _writes: Counter[Kind] = field(default_factory=Counter)
    _kinds: set[Kind] = field(default_factory=set)

    def check(self, kind: Kind) -> None:
        """Raises Unreachable where one more write would most likely have no reply either."""
        if self._writes[kind] >= SILENT_WRITES or len(self._kinds) >= SILENT_KINDS:
            raise Unreachable("not tried, for others had no reply", reason="Timeout")

    def heard(self, kind: Kind, error: KubeError | None) -> None:
        """A write has ended, with this error or well."""
        if isinstance(error, Unreachable):
            self._writes[kind] += 1
            self._kinds.add(kind)
        else:
            self._writes[kind] = 0
            self._kinds.clear()


@dataclass(slots=True)
class StatusSink:
    """Merge-patches `status` of every constraint at the end of a run, several at a time.

    Also where only the timestamp is another one: it tells that the constraint was audited again (compatibility,
    section 4.1). What a status says `byPod` is written by `controller`, and only where that changes.
    `write(target, body)` does the patch; a constraint that is gone is not an error of it. A status that is too large
    for the API server is written with fewer violations, and says how many it leaves out. Raises AuditError naming those
    that could not be written, after all were tried for which there was hope. Nothing is written for a run that was cut:
    its totals are a part, and the last ones are better.
    """

    write: Write
    parallel: int = 8
    name: str = "status"
    phase: Phase = "write"

    def start(self, info: RunInfo) -> None:
        """Nothing to do: a status is written once, at the end."""

    def page(self, reviewed: Reviewed) -> None:
        """Nothing to do: the summary keeps what a status shows."""

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Write all statuses of a whole run."""
        if summary.cut:
            return
        silence = Silence()
        with ThreadPoolExecutor(self.parallel, thread_name_prefix="status") as pool:
            errors = list(pool.map(lambda record: self._write(record, summary, silence), summary.records))
        failures = [(record.key, error) for record, error in zip(summary.records, errors, strict=True) if error]
        if failures:
            text = "; ".join(f"{key}: {error}" for key, error in failures[:5])
            raise AuditError(f"{len(failures)} statuses could not be written: {text}", reason=failures[0][1].reason)

    def _write(self, record: ConstraintRecord, summary: Summary, silence: Silence) -> KubeError | None:
        kind, problem = record.resource.kind, None
        try:
            silence.check(kind)
            self._write_what_fits(Subject.of(record.resource, record.obj), self._status(record, summary))
        except KubeError as error:
            problem = error
        silence.heard(kind, problem)
        return problem

    def _write_what_fits(self, target: Subject, status: Object) -> None:
        """Halve the list until the API server takes it; what is kept are the first ones in sort order, as ever."""
        listed = status.get("violations") or ()
        kept = len(listed)
        while True:
            try:
                self.write(target, {"status": status})
                return
            except TooLarge:
                if not kept:
                    raise
                kept //= 2
                shorter = listed[len(listed) - kept :] or None
                status = {**status, "violations": shorter, "violationsTruncated": len(listed) - kept}

    def _status(self, record: ConstraintRecord, summary: Summary) -> Object:
        """The fields that are ours; null removes one. A constraint that is not enforced keeps its last results."""
        stamp = {"auditTimestamp": summary.info.audit_id}
        gaps = summary.gaps_of(record.constraint) if record.constraint else unenforced(record)
        described = described_gaps(gaps) or None
        if record.constraint is None:
            return {**stamp, "auditGaps": described}
        standing = summary.standing[record.key]
        return {
            **stamp,
            "totalViolations": standing.total,
            "violations": list(reversed(standing.entries)) or None,
            "violationsTruncated": None,
            "auditGaps": described,
        }


def described_gaps(gaps: Iterable[Gap]) -> list[dict[str, Json]]:
    """`status.auditGaps`: gaps that are alike as one entry with a count and the first one's message."""
    rows: dict[tuple[str | tuple[str, str], ...], dict[str, Json]] = {}
    for gap in gaps:
        kind = gap.object.kind if gap.object else gap.kind
        names = {"group": kind.group, "version": kind.version, "kind": kind.kind} if kind else {}
        names |= {"namespace": gap.namespace} if gap.namespace else {}
        key = (gap.cause.value, gap.reason, *names.items())
        row = rows.setdefault(key, {"cause": gap.cause.value, "reason": gap.reason, **names, "count": 0})
        row.setdefault("message", truncate(gap.message))
        row["count"] += 1
    return list(rows.values())[:GAPS_SHOWN]


def unenforced(record: ConstraintRecord) -> list[Gap]:
    """Why a constraint is not enforced, as gaps."""
    return [Gap(Cause.CONSTRAINT, type(e).__name__, str(e), policy=record.key) for e in record.errors]
