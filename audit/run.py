"""One audit run: pages in, violations out to every sink, totals at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from time import perf_counter

from audit.aggregate import KindStats, Summary
from audit.carry import Memory
from audit.errors import AuditError
from audit.model import KindEnd, Lost, Outcome, Page
from audit.outcomes import cut_gap, failure_gap
from audit.reviewing import Rules, review_page, unknown_namespaces
from audit.sinks import Sink
from audit.sources import Source
from audit.verdicts import Reviewed
from constraints import Gap, Kind
from constraints.model import Object


@dataclass(frozen=True, slots=True)
class Work:
    """What one run has to do: the objects, and what they are held against.

    `missing` reads a Namespace that is not among those of the rules. A page is reviewed when it is its `turn`, for engines
    are not for several threads at once; `review` does it, here or elsewhere.
    """

    source: Source
    rules: Rules
    missing: Callable[[str], Object | Lost]
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)
    review: Callable[[Page, Rules], Reviewed] = review_page


Prepare = Callable[[Summary], Work]
Stopping = Callable[[], Outcome | None]


def run(prepare: Prepare, sinks: Sequence[Sink], summary: Summary, memory: Memory, stopping: Stopping) -> Summary:
    """Audit every object once and hand each violation to every sink on its way past.

    `prepare` reads the policies, after the sinks have heard that the run has begun, and notes what it could not read
    in the summary. `memory` knows of earlier runs what this one may not see. Once `stopping()` says how the run has to
    end, the page in work is the last. An AuditError ends it as `failed`; the sinks are finished even then, and when
    anything else is raised.
    """
    begun = perf_counter()
    for sink in sinks:
        sink.start(summary.info)
    try:
        early = stopping()
        if early:
            _cut(summary, early)
        else:
            _review_all(prepare(summary), sinks, summary, stopping)
        summary.standing = {} if summary.cut else memory.settle(summary)
    except AuditError as error:
        _cut(summary, stopping() or Outcome.FAILED, error)
    except BaseException as error:
        _cut(summary, Outcome.FAILED, error)
        raise
    finally:
        summary.seconds = perf_counter() - begun
        for sink in sinks:
            finishing = perf_counter()
            sink.finish(summary)
            summary.phases[_phase(sink)] += perf_counter() - finishing
            summary.seconds = perf_counter() - begun
    return summary


def _review_all(work: Work, sinks: Sequence[Sink], summary: Summary, stopping: Stopping) -> None:
    unfinished: dict[str, Gap] = {}
    try:
        for item in work.source.pages():
            if isinstance(item, Gap):
                summary.gaps.append(item)
            elif isinstance(item, KindEnd):
                _close_kind(item, summary)
            else:
                work = replace(work, rules=_with_namespaces(item, work))
                with work.turn:
                    reviewed = work.review(item, work.rules)
                _hand_on(reviewed, sinks, summary)
                unfinished |= {gap.policy: gap for gap in reviewed.unfinished}
            del item  # else its objects would be kept until those of the next page are there
            if stopping():
                break
    finally:
        summary.gaps += unfinished.values()
    # A source that waits for its next page may end because of the stop, and what it gave is then a part.
    outcome = stopping()
    if outcome:
        _cut(summary, outcome)


def _cut(summary: Summary, outcome: Outcome, error: BaseException | None = None) -> None:
    summary.cut = outcome
    summary.gaps.append(failure_gap(error) if error and outcome is Outcome.FAILED else cut_gap(outcome))


def _hand_on(reviewed: Reviewed, sinks: Sequence[Sink], summary: Summary) -> None:
    number = 0
    for verdict in reviewed.verdicts:
        for gap in verdict.gaps:
            summary.note(gap)
        for violation in verdict.violations:
            summary.add(violation)
            number += 1
    for sink in sinks:
        before = perf_counter()
        for violation in reviewed.violations():
            sink.add(violation)
        summary.phases[_phase(sink)] += perf_counter() - before
    seconds = reviewed.seconds
    summary.phases["decode"] += seconds.decode
    summary.phases["match"] += seconds.match
    summary.phases["evaluate"] += seconds.evaluate
    seen = KindStats(
        reviewed.kind,
        objects=reviewed.objects,
        excluded=reviewed.excluded,
        pages=1,
        review_seconds=seconds.match + seconds.evaluate,
        violations=number,
    )
    _count_page(seen, summary)


def _with_namespaces(page: Page, work: Work) -> Rules:
    unknown = unknown_namespaces(page, work.rules)
    if not unknown:
        return work.rules
    found = {name: work.missing(name) for name in unknown}
    return replace(work.rules, namespaces={**work.rules.namespaces, **found})


def _count_page(more: KindStats, summary: Summary) -> None:
    so_far = summary.kinds.get(more.kind, KindStats(more.kind))
    summary.kinds[more.kind] = replace(
        so_far,
        objects=so_far.objects + more.objects,
        excluded=so_far.excluded + more.excluded,
        pages=so_far.pages + more.pages,
        review_seconds=so_far.review_seconds + more.review_seconds,
        violations=so_far.violations + more.violations,
    )


def _close_kind(end: KindEnd, summary: Summary) -> None:
    kind: Kind = end.resource.kind
    summary.kinds[kind] = replace(summary.kinds.get(kind, KindStats(kind)), list_seconds=end.seconds)
    summary.phases["list"] += end.seconds


def _phase(sink: Sink) -> str:
    return "write" if sink.name == "status" else "log"
