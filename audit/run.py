"""One audit run: pages in, violations out to every sink, totals at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field, replace
from time import perf_counter

from audit.aggregate import Summary, Totals
from audit.errors import AuditError
from audit.guard import attempt
from audit.ledger import NO_CHANGES, Ledger
from audit.model import ConstraintRecord, KindEnd, Lost, Outcome, Page
from audit.outcomes import cut_gap, failure_gap
from audit.reviewing import Rules, review_page, unknown_namespaces
from audit.sinks import Sink
from audit.sinks.guard import GuardedSink
from audit.sources import Source
from audit.standing.carry import Memory
from audit.verdicts import Reviewed
from constraints import Gap, Kind
from constraints.dataclass import dataclass
from constraints.model import Object

TOLD = 64
"""Verdicts that sinks are told of at once: what these make of them is small beside a page, and gone before the next."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one run has to do: the objects, and what they are held against.

    `missing` reads a Namespace that is not among those of the rules. A page is reviewed when it is its `turn`, for
    engines are not for several threads at once; `review` does it, here or elsewhere.
    """

    source: Source
    rules: Rules
    missing: Callable[[str], Object | Lost]
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)
    review: Callable[[Page, Rules], Reviewed] = review_page


@dataclass(frozen=True, slots=True)
class Prepared:
    """What there is to do, and what is known before it begins; fields are those of the Summary."""

    work: Work
    records: tuple[ConstraintRecord, ...] = ()
    templates: Counter[str] = field(default_factory=Counter)
    gaps: tuple[Gap, ...] = ()
    skipped: tuple[Kind, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of earlier runs: how many violations, and, where somebody wants to hear of changes, every one."""

    memory: Memory = field(default_factory=Memory)
    ledger: Ledger | None = None


Prepare = Callable[[], Prepared]
Stopping = Callable[[], Outcome | None]


def run(prepare: Prepare, sinks: Sequence[Sink], blank: Summary, past: Past, stopping: Stopping) -> Summary:
    """Audit every object once and hand each page of results to every sink on its way past; gives what it came to.

    `prepare` reads the policies, after the sinks have heard that the run has begun. `past` knows of earlier runs what
    this one may not see. Once `stopping()` says how the run has to end, the page in work is the last. An error ends it
    as `failed`; the sinks are finished even then. One that is no AuditError is the summary's `mistake`.
    """
    course = _Course(blank, [GuardedSink(sink) for sink in sinks], past, stopping)
    try:
        error = attempt(lambda: course.take(prepare))
    except BaseException as fatal:  # the process has to end
        course.end(fatal)
        raise
    return course.end(error)


class _Course:
    """A run on its way: `summary` is what is known before and after the pages, `totals` what they add up to."""

    def __init__(self, blank: Summary, sinks: Sequence[GuardedSink], past: Past, stopping: Stopping) -> None:
        self.begun = perf_counter()
        self.summary = blank
        self.totals = Totals(blank.limit)
        self.number = 0
        self.sinks = sinks
        self.stopping = stopping
        self.last: tuple[Gap, ...] = ()  # why the run did not come to its end
        self.telling: Counter[str] = Counter()  # seconds that sinks took, by their phase
        self.past = past
        self.changes = NO_CHANGES
        if past.ledger:
            past.ledger.start(blank.info)
        for sink in sinks:
            sink.start(blank.info)

    def take(self, prepare: Prepare) -> None:
        """Prepare, and review everything. Raises AuditError, and whatever is a mistake."""
        early = self.stopping()
        if early:
            self._cut(early)
            return
        prepared = prepare()
        self.summary = replace(
            self.summary,
            records=prepared.records,
            templates=prepared.templates,
            gaps=prepared.gaps,
            skipped=prepared.skipped,
        )
        self._review_all(prepared.work)
        # A source that waits for its next page may end because of the stop, and what it gave is then a part.
        outcome = self.stopping()
        if outcome:
            self._cut(outcome)
        else:
            self._settle()

    def _settle(self) -> None:
        known = self._known()
        self.summary = replace(self.summary, standing=self.past.memory.settle(known))
        if self.past.ledger:
            self.changes = self.past.ledger.end(known)

    def end(self, error: BaseException | None) -> Summary:
        """Finish the sinks one after the other; what each could not do is known to those after it."""
        if error is not None:
            self._cut((isinstance(error, AuditError) and self.stopping()) or Outcome.FAILED, error)
        summary = self._timed(self._known())
        for sink in self.sinks:
            finishing = perf_counter()
            gaps = sink.finish(summary, self.changes)
            spent = perf_counter() - finishing
            phases = {**summary.phases, sink.phase: summary.phases[sink.phase] + spent}
            summary = self._timed(replace(summary, gaps=(*summary.gaps, *gaps), phases=phases))
        return summary

    def _review_all(self, work: Work) -> None:
        for item in work.source.pages():
            if isinstance(item, Page):
                work = replace(work, rules=_with_namespaces(item, work))
                self._hand_on(_reviewed(item, work))
            else:
                self._count(item)
            del item  # else its objects would be kept until those of the next page are there
            if self.stopping():
                break

    def _hand_on(self, reviewed: Reviewed) -> None:
        self._count(reviewed)
        if self.past.ledger:
            self.past.ledger.page(reviewed)
        for number, part in enumerate(reviewed.parts(TOLD)):
            for sink in self.sinks:
                before = perf_counter()
                sink.page(part, begins=not number)
                spent = perf_counter() - before
                self.telling[sink.phase] += spent  # type: ignore[assignment]  # a Counter may hold floats

    def _count(self, item: Reviewed | KindEnd | Gap) -> None:
        self.totals.add(self.number, item)
        self.number += 1

    def _cut(self, outcome: Outcome, error: BaseException | None = None) -> None:
        gap = failure_gap(error) if error and outcome is Outcome.FAILED else cut_gap(outcome)
        mistake = error if isinstance(error, Exception) and not isinstance(error, AuditError) else None
        self.summary = replace(self.summary, cut=outcome, mistake=mistake)
        self.last = (gap,)

    def _known(self) -> Summary:
        found = self.totals.on(self.summary)
        phases = {phase: seconds + self.telling[phase] for phase, seconds in found.phases.items()}
        return replace(found, gaps=(*found.gaps, *self.last), phases=phases)

    def _timed(self, summary: Summary) -> Summary:
        return replace(summary, seconds=perf_counter() - self.begun)


def _reviewed(page: Page, work: Work) -> Reviewed:
    with work.turn:
        return work.review(page, work.rules)


def _with_namespaces(page: Page, work: Work) -> Rules:
    unknown = unknown_namespaces(page, work.rules)
    if not unknown:
        return work.rules
    found = {name: work.missing(name) for name in unknown}
    return replace(work.rules, namespaces={**work.rules.namespaces, **found})
