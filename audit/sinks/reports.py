"""Policy reports: one for each object, written where what it has to say is not what it says."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import partial
from typing import Final

from audit.aggregate import Phase, Summary
from audit.errors import AuditError
from audit.kube.hope import Hope
from audit.ledger import Changes
from audit.model import ConstraintRecord, RunInfo, TemplateRecord
from audit.reports.book import Book
from audit.reports.judging import Judging
from audit.reports.names import ReportPlace, is_reported
from audit.reports.reading import Shelf, cure
from audit.reports.writing import ReportFate, ReportWriter, Settled
from audit.verdicts import Reviewed
from constraints import ObjectRef
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol")
_WROTE: Final = (ReportFate.CREATED, ReportFate.UPDATED, ReportFate.REMOVED)
_UNDONE: Final = (ReportFate.LATE, ReportFate.FAILED)
_FORGOTTEN: Final = (ReportFate.REMOVED, ReportFate.GONE, ReportFate.UNCHANGED)


@dataclass(slots=True)
class ReportsSink:
    """Compares what a run finds with the reports that there are, and writes those that differ when it has ended.

    A run that did not come to its end changes nothing: of what it has not seen nobody knows whether it is still so.
    `count` hears how many objects' reports were due, by what became of them.
    """

    book: Book
    shelf: Shelf
    writer: ReportWriter
    count: Callable[[Mapping[tuple[str, ...], int]], None]
    name: str = "policy reports"
    phase: Phase = "write"
    _judging: Judging = field(default_factory=Judging)
    _info: RunInfo = field(default_factory=lambda: RunInfo.at(0))
    _ready: bool = False

    def policies(
        self, records: Iterable[ConstraintRecord], templates: Iterable[TemplateRecord], excludes: bool = True
    ) -> None:
        """What the objects of this run are held against; `excludes`: it is known which ones are left out."""
        records = tuple(records)
        self._judging = Judging.of(self.book.choice, records, templates, excludes)
        self.book.hold_against(records)

    def start(self, info: RunInfo) -> None:
        """Look which reports there are. Raises AuditError, that says what is missing."""
        self._ready, self._info = False, info
        self.shelf.look(self.book)
        self.book.begin(int(info.started))
        self._ready = True

    def page(self, reviewed: Reviewed) -> None:
        """Note what differs from what the reports say."""
        if not is_reported(reviewed.kind):
            return
        judging = self._judging
        for verdict in reviewed.verdicts:
            self.book.seen(verdict.object, partial(judging.verdict, verdict), judging.mark(verdict))
        for at, other in enumerate(reviewed.others):
            namespace, name, uid = other.split("\0", 2)
            item = ObjectRef(reviewed.kind, namespace, name, uid)
            if at >= reviewed.excluded:
                self.book.unmatched(item)
            elif judging.excludes:
                self.book.seen(item, partial(judging.skipped, item))

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Write what differs. Raises AuditError where that failed."""
        if not self._ready or summary.cut:
            return
        due, hope = list(self.book.due(summary)), Hope()
        told = self.writer.write(due, self._info, hope)
        for each, became in zip(due, told, strict=True):
            self._settle(each.place, became)
        fates = Counter(each.fate for each in told)
        self.count({(fate.value,): number for fate, number in fates.items()})
        self._tell(fates)
        self._check(fates, hope)

    def _settle(self, place: ReportPlace, told: Settled) -> None:
        if told.fate is ReportFate.FOREIGN:
            self.book.foreign.add(place)
        elif told.fate not in _UNDONE:
            self.book.foreign.discard(place)
        if told.held is not None:
            self.book.held[place] = told.held
        elif told.fate in _FORGOTTEN:
            self.book.held.pop(place, None)

    def _tell(self, fates: Counter[ReportFate]) -> None:
        rows = [f"{fates[fate]} {fate.value}" for fate in _WROTE if fates[fate]]
        if fates[ReportFate.LATE]:
            rows.append(f"{fates[ReportFate.LATE]} left for the next run")
        if rows:
            log.info("policy reports: %s", ", ".join(rows), extra={"audit_id": self._info.audit_id})

    def _check(self, fates: Counter[ReportFate], hope: Hope) -> None:
        problems, reason, foreign = [], "NameTaken", self.book.foreign
        if fates[ReportFate.FAILED] and hope.error:
            number = f"the reports of {fates[ReportFate.FAILED]} objects could not be written"
            problems.append(f"{number}: {hope.error}{cure(hope.error, self.shelf.api)}")
            reason = hope.error.reason
        if foreign:
            first = "/".join(part for part in min(foreign) if part)
            text = "have the name of a report that is not ours and is left as it is, such as"
            problems.append(f"the reports of {len(foreign)} objects {text} {first}; {_OTHER_NAMES}")
        if problems:
            raise AuditError("; ".join(problems), reason=reason)


_OTHER_NAMES = "--policy-report-names=prefixed gives ours names that nobody else has"
