"""One audit run: pages in, violations out to every sink, totals at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from time import perf_counter

from audit.aggregate import KindStats, Summary
from audit.carry import Memory
from audit.errors import AuditError
from audit.model import KindEnd, Lost, Outcome, Page
from audit.outcomes import cut_gap, failure_gap
from audit.sinks import Sink
from audit.sources import Source
from constraints import Engine, Gap, Inventory, Kind, Review, Violation
from constraints.model import Json, Object
from constraints.review import review_of

Found = Violation | Gap


@dataclass(frozen=True, slots=True)
class Rules:
    """What objects are held against: the engine, who is excluded, and what lies around an object.

    `missing` reads a Namespace that is not among the `namespaces`. A page is evaluated when it is its `turn`, for engines
    are not for several threads at once.
    """

    engine: Engine
    excluded: Callable[[Object], bool]
    namespaces: Mapping[str, Object]
    missing: Callable[[str], Object | Lost]
    inventory: Inventory
    turn: AbstractContextManager[object] = field(default_factory=nullcontext)


@dataclass(frozen=True, slots=True)
class Work:
    """What one run has to do: the objects, and what they are held against."""

    source: Source
    rules: Rules


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
    try:
        for item in work.source.pages():
            if isinstance(item, Gap):
                summary.gaps.append(item)
            elif isinstance(item, KindEnd):
                _close_kind(item, summary)
            else:
                _review_page(item, work.rules, sinks, summary)
            del item  # else its objects would be kept until those of the next page are there
            if stopping():
                break
    finally:
        summary.gaps += work.rules.engine.unfinished()
    # A source that waits for its next page may end because of the stop, and what it gave is then a part.
    outcome = stopping()
    if outcome:
        _cut(summary, outcome)


def _cut(summary: Summary, outcome: Outcome, error: BaseException | None = None) -> None:
    summary.cut = outcome
    summary.gaps.append(failure_gap(error) if error and outcome is Outcome.FAILED else cut_gap(outcome))


def _review_page(page: Page, rules: Rules, sinks: Sequence[Sink], summary: Summary) -> None:
    begun = perf_counter()
    reviews = [_review(item, rules) for item in page.objects if not rules.excluded(item)]
    matched = [(review, rules.engine.matching(review, page.alias_of)) for review in reviews]
    matching = perf_counter()
    with rules.turn:
        outcomes = [o for review, hits in matched if hits for o in rules.engine.evaluate(review, hits, rules.inventory)]
    evaluated = perf_counter()
    violations = _record(outcomes, summary)
    for sink in sinks:
        before = perf_counter()
        for violation in violations:
            sink.add(violation)
        summary.phases[_phase(sink)] += perf_counter() - before
    summary.phases["decode"] += page.decode_seconds
    summary.phases["match"] += matching - begun
    summary.phases["evaluate"] += evaluated - matching
    seen = KindStats(
        page.resource.kind,
        objects=len(page.objects),
        excluded=len(page.objects) - len(reviews),
        pages=1,
        review_seconds=evaluated - begun,
        violations=len(violations),
    )
    _count_page(seen, summary)


def _review(item: Object, rules: Rules) -> Review:
    name = item["metadata"].get("namespace")
    if not name:
        return review_of(item)
    namespace = rules.namespaces.get(name)
    return review_of(item, namespace) if namespace is not None else _homeless(item, name, rules)


def _homeless(item: Object, name: Json, rules: Rules) -> Review:
    """The review of an object in a Namespace that was not listed, which is asked for where some answer depends on it."""
    review = review_of(item)
    if not isinstance(name, str) or not rules.engine.reads_namespace(review.ref.kind):
        return review
    found = rules.missing(name)
    return review_of(item, lost=found.why) if isinstance(found, Lost) else review_of(item, found)


def _record(outcomes: Sequence[Found], summary: Summary) -> list[Violation]:
    violations = []
    for outcome in outcomes:
        if isinstance(outcome, Gap):
            summary.note(outcome)
            continue
        summary.add(outcome)
        violations.append(outcome)
    return violations


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
