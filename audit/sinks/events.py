"""Kubernetes Events: Gatekeeper's, one for each violation in each run, and ours, for what has changed only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from functools import partial

from audit.aggregate import Phase, Summary
from audit.events import bodies
from audit.events.bodies import CORE, NEW, Moment, Where, event_name
from audit.events.due import Buckets, Longest
from audit.events.earlier import Earlier
from audit.events.notices import Notice, notices
from audit.events.reasons import Fate, Fates, Reason
from audit.events.telling import Telling
from audit.events.writing import Posted, creation, repetition
from audit.kube.request import Request
from audit.ledger import Changes
from audit.model import RunInfo
from audit.verdicts import Reviewed
from constraints import Violation
from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class _Told:
    """How often a violation was told, when first, and at which of the runs last."""

    count: int
    first: float
    run: int


@dataclass(frozen=True, slots=True)
class _Due:
    """A violation that an Event is due for, and how often it was told before."""

    key: int
    violation: Violation
    told: _Told | None


@dataclass(slots=True)
class AuditEvents:
    """`--emit-audit-events`: each violation of a run is an Event, and each repetition of it one more in its `count`.

    Those that were not told for longest come first. A run that did not come to its end has none.
    """

    telling: Telling
    where: Where
    name: str = "events"
    phase: Phase = "write"
    _run: int = 0
    _told: dict[int, _Told] = field(default_factory=dict)
    _seen: set[int] = field(default_factory=set)
    _buckets: Buckets = field(default_factory=Buckets)
    _waiting: Longest[_Due] = field(default_factory=lambda: Longest[_Due](0))
    _fates: Fates = field(default_factory=Counter)

    def start(self, info: RunInfo) -> None:
        """Nothing is due yet."""
        self._run += 1
        self._seen, self._fates, self._waiting = set(), Counter(), Longest(self.telling.limit)

    def page(self, reviewed: Reviewed) -> None:
        """Keep what may be told at the end of the run."""
        if bodies.is_event(reviewed.kind):
            self._hold(Fate.ABOUT_EVENT, sum(1 for _ in reviewed.violations()))
            return
        now = self.telling.elapsed()
        for violation in reviewed.violations():
            self._offer(violation, now)

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Write what is due. Raises AuditError where that failed."""
        if summary.cut:
            return
        self._told = {key: self._told[key] for key in self._seen}
        due, moment = tuple(self._allowed()), self.telling.moment(summary)
        self._hold(Fate.LIMIT, self._waiting.left_out)
        sent = self._written(due, moment)
        for each, fate in zip(due, sent.fates, strict=True):
            self._fates[Reason.AUDITED, fate] += 1
            if fate is Fate.WRITTEN:
                before = each.told or _Told(0, moment.now, 0)
                self._told[each.key] = _Told(before.count + 1, before.first, self._run)
        self.telling.told(self._fates, sent, summary.info.audit_id)

    def _offer(self, violation: Violation, now: float) -> None:
        key = hash((_identity(violation), violation.constraint.key, violation.message, violation.action))
        told = self._told.get(key)
        if told:
            self._seen.add(key)
        if self._buckets.has(self._source(violation), now):
            self._waiting.offer(told.run if told else 0, _Due(key, violation, told))
        else:
            self._hold(Fate.RATE, 1)

    def _source(self, violation: Violation) -> tuple[object, ...]:
        """What client-go counts as the source of Events: with a synthetic uid each constraint has its own."""
        item = _identity(violation)
        return item if self.where.involved else (*item, violation.constraint.key)

    def _allowed(self) -> Iterator[_Due]:
        """What is due as far as the rate allows; violations that are alike in everything have one Event."""
        now, keys = self.telling.elapsed(), set()
        self._buckets.forget(now)
        for each in self._waiting.taken():
            if each.key in keys:
                continue
            if self._buckets.take(self._source(each.violation), now):
                keys.add(each.key)
                yield each
            else:
                self._hold(Fate.RATE, 1)

    def _written(self, due: Sequence[_Due], moment: Moment) -> Posted:
        """Write them; an Event that the API server has dropped since the last run is made again."""
        writer = self.telling.writer
        deadline = writer.deadline()
        first = writer.write([partial(self._request, each, moment) for each in due], deadline)
        lost = [at for at, fate in enumerate(first.fates) if fate is Fate.GONE and due[at].told]
        again = writer.write([partial(self._creation, due[at], moment) for at in lost], deadline)
        fates = list(first.fates)
        for at, fate in zip(lost, again.fates, strict=True):
            fates[at] = fate
        return Posted(tuple(fates), first.error or again.error)

    def _request(self, due: _Due, moment: Moment) -> Request:
        if due.told is None:
            return self._creation(due, moment)
        patch = bodies.repeat(due.told.count + 1, moment)
        return repetition(self._name(due), self.where.of(due.violation.object), patch)

    def _creation(self, due: _Due, moment: Moment) -> Request:
        event = bodies.audited(due.violation, self.where, self._name(due), moment)
        return creation(CORE, bodies.counted(event, due.told.first, due.told.count + 1) if due.told else event)

    def _name(self, due: _Due) -> str:
        return event_name(due.violation.object.name, self.telling.unique, str(due.key))

    def _hold(self, fate: Fate, number: int) -> None:
        if number:
            self._fates[Reason.AUDITED, fate] += number


def _identity(violation: Violation) -> tuple[object, ...]:
    item = violation.object
    return item.kind, item.namespace, item.name, item.uid


@dataclass(slots=True)
class ChangeEvents:
    """`--audit-events-on-change`: an Event, on the object itself, when a violation appears and when it is resolved.

    What others have told before this process looked is no change (audit.events.earlier).
    """

    telling: Telling
    name: str = "events on change"
    phase: Phase = "write"
    _last: str = ""  # the audit_id of the last run that came to its end
    _buckets: Buckets = field(default_factory=Buckets)

    def start(self, info: RunInfo) -> None:
        """Nothing to do: the Ledger finds the changes."""

    def page(self, reviewed: Reviewed) -> None:
        """Nothing to do, too."""

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Write what has changed. Raises AuditError where that failed."""
        if summary.cut:
            return
        news = Earlier.of(summary.records, self._last).news(changes)
        self._last = summary.info.audit_id
        due, held = self._divided(notices(news, self.telling.moment(summary), self.telling.unique))
        writer = self.telling.writer
        sent = writer.write([partial(_creation, notice) for notice in due], writer.deadline())
        known_new = news.known + news.doubtful.total()
        known = Counter({(Reason.FOUND, Fate.KNOWN): known_new, (Reason.RESOLVED, Fate.KNOWN): news.known_gone})
        written = Counter((notice.reason, fate) for notice, fate in zip(due, sent.fates, strict=True))
        self.telling.told(known + held + written, sent, summary.info.audit_id)

    def _divided(self, found: Iterable[Notice]) -> tuple[list[Notice], Fates]:
        """Those that may be written now, and what keeps the others back."""
        now, limit = self.telling.elapsed(), self.telling.limit
        due: list[Notice] = []
        held: Fates = Counter()
        self._buckets.forget(now)
        for notice in found:
            if notice.about_event:
                held[notice.reason, Fate.ABOUT_EVENT] += 1
            elif limit and len(due) >= limit:
                held[notice.reason, Fate.LIMIT] += 1
            elif not self._buckets.take(notice.source, now):
                held[notice.reason, Fate.RATE] += 1
            else:
                due.append(notice)
        return due, held


def _creation(notice: Notice) -> Request:
    return creation(NEW, notice.event())
