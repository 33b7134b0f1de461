"""What a run adds up to: exact totals, capped lists, and what could not be audited."""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from heapq import merge
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from typing import Any, Literal, get_args

from audit.fields import truncate
from audit.model import ConstraintRecord, KindEnd, Outcome, RunInfo, Standing
from audit.verdicts import Reviewed
from constraints import Constraint, Gap, Kind, ObjectRef, Violation
from constraints.dataclass import dataclass
from constraints.model import Cause

Named = tuple[str, str, str, str, str]
FoundAt = tuple[str, Kind, str]  # constraint key, kind of object, namespace
InRun = tuple[int, int]  # the number of a page, and a place in it
Ranked = tuple[tuple[Named, str, str, int, int], Violation]
NAMESPACES_NAMED = 20  # for one policy, in gaps of their own
Phase = Literal["list", "decode", "match", "evaluate", "log", "write"]
PHASES: tuple[Phase, ...] = get_args(Phase)
_RANK: Callable[[Ranked], Any] = itemgetter(0)
_KIND: Callable[[ObjectRef], Kind] = attrgetter("kind")
_NAMESPACE: Callable[[ObjectRef], str] = attrgetter("namespace")
_AT: Callable[[tuple[InRun, Gap]], InRun] = itemgetter(0)


def sort_key(violation: Violation) -> tuple[Named, str, str]:
    """The order that decides which violations a capped list keeps (compatibility, section 4.1).

    Python compares strings by code point, which is the byte order of their UTF-8.
    """
    item = violation.object
    kind = item.kind
    named = (kind.group, kind.version, kind.kind, item.namespace, item.name)
    return named, truncate(violation.message), violation.action


def _perhaps(rows: Iterable[tuple[int, Violation]], last: ObjectRef) -> list[tuple[int, Violation]]:
    """Those that are not seen at once, by their names alone, to come after the `last`: most are."""
    kind, named = last.kind, (last.namespace, last.name)
    return [row for row in rows if ((item := row[1].object).namespace, item.name) <= named or item.kind is not kind]


@dataclass(frozen=True, slots=True)
class KindStats:
    """One kind in one run: objects listed and excluded, pages, seconds spent, violations found."""

    kind: Kind
    objects: int = 0
    excluded: int = 0
    pages: int = 0
    list_seconds: float = 0.0
    review_seconds: float = 0.0
    violations: int = 0

    def plus(self, more: KindStats) -> KindStats:
        """Both together."""
        return KindStats(
            self.kind,
            self.objects + more.objects,
            self.excluded + more.excluded,
            self.pages + more.pages,
            self.list_seconds + more.list_seconds,
            self.review_seconds + more.review_seconds,
            self.violations + more.violations,
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """Exact totals of one run; for each constraint only the first `limit` violations in sort order.

    `found` counts violations by constraint key, kind of object and namespace, `passes` the objects that a constraint
    matched without finding anything, `kept` are the first violations, ascending. `standing` is what each constraint
    comes to when what could not be seen keeps its last results, by key, once the run has ended. `cut` says of a run
    that did not come to its end how it ended: its totals are then a part and must not replace those of a whole run;
    `mistake` is what ended it where that can only be a mistake of ours. `skipped` are kinds that were not listed
    because no constraint can match them; `templates` counts them by `active` and `error`.
    """

    info: RunInfo
    limit: int
    records: tuple[ConstraintRecord, ...] = ()
    totals: Counter[str] = field(default_factory=Counter)
    found: Counter[FoundAt] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    passes: Counter[str] = field(default_factory=Counter)
    kept: Mapping[str, Sequence[Violation]] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    standing: Mapping[str, Standing] = field(default_factory=dict)
    kinds: Mapping[Kind, KindStats] = field(default_factory=dict)
    skipped: tuple[Kind, ...] = ()
    templates: Counter[str] = field(default_factory=Counter)
    phases: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES, 0.0))
    seconds: float = 0.0
    cut: Outcome | None = None
    mistake: Exception | None = None

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The constraints that could be enforced in this run."""
        return tuple(record.constraint for record in self.records if record.constraint is not None)

    def first(self, key: str) -> Sequence[Violation]:
        """The kept violations of a constraint, ascending."""
        return self.kept.get(key, ())

    def gaps_of(self, constraint: Constraint) -> list[Gap]:
        """The gaps that make this constraint's results incomplete."""
        return [gap for gap in self.gaps if concerns(gap, constraint)]


class Totals:
    """What pages, ends of lists and gaps add up to, in whatever order and groups they are added.

    Each has its number in the run, from which alone follows what came first. `limit` is how many violations of a
    constraint are kept.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._totals: Counter[str] = Counter()
        self._found: Counter[FoundAt] = Counter()
        self._errors: Counter[str] = Counter()
        self._passes: Counter[str] = Counter()
        self._kinds: dict[Kind, KindStats] = {}
        self._phases: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        self._kept: dict[str, list[Ranked]] = {}
        self._gaps = Gaps()

    def add(self, number: int, item: Reviewed | KindEnd | Gap) -> None:
        """Add what came at this number of the run."""
        if isinstance(item, Gap):
            self._gaps.add((number, 0), item)
        elif isinstance(item, KindEnd):
            self._add_stats(KindStats(item.resource.kind, list_seconds=item.seconds))
            self._phases["list"] += item.seconds
        else:
            self._add_page(number, item)

    def merge(self, other: Totals) -> None:
        """Add everything that was added to `other`, which has the same limit."""
        for mine, more in zip(self._counters(), other._counters(), strict=True):
            mine.update(more)
        for stats in other._kinds.values():
            self._add_stats(stats)
        for phase, seconds in other._phases.items():
            self._phases[phase] += seconds
        for key, rows in other._kept.items():
            self._kept[key] = list(islice(merge(self._kept.get(key, ()), rows, key=_RANK), self.limit))
        self._gaps.merge(other._gaps)

    def on(self, blank: Summary) -> Summary:
        """A summary that has all this besides what it had."""
        phases = {phase: seconds + self._phases[phase] for phase, seconds in blank.phases.items()}
        return replace(
            blank,
            totals=self._totals,
            found=self._found,
            errors=self._errors,
            passes=self._passes,
            kept={key: [violation for _, violation in rows] for key, rows in self._kept.items()},
            gaps=(*blank.gaps, *self._gaps.in_order()),
            kinds=self._kinds,
            phases=phases,
        )

    def _counters(self) -> tuple[Counter[Any], ...]:
        return self._totals, self._found, self._errors, self._passes

    def _add_page(self, number: int, page: Reviewed) -> None:
        rows: defaultdict[Constraint, list[tuple[int, Violation]]] = defaultdict(list)
        at = 0
        for verdict in page.verdicts:
            for violation in verdict.violations:
                rows[violation.constraint].append((at, violation))
                at += 1
            for gap in verdict.gaps:
                self._gaps.add((number, at), gap)
                at += 1
        for constraint, found in rows.items():
            self._count(constraint.key, found)
            self._keep(constraint.key, number, found)
        self._gaps.leave(number, page.unfinished)
        self._passes.update(page.passes())
        seconds = page.seconds
        for phase, spent in (("decode", seconds.decode), ("match", seconds.match), ("evaluate", seconds.evaluate)):
            self._phases[phase] += spent
        stats = KindStats(page.kind, page.objects, page.excluded, 1, 0.0, seconds.match + seconds.evaluate)
        self._add_stats(replace(stats, violations=sum(map(len, rows.values()))))

    def _count(self, key: str, found: Sequence[tuple[int, Violation]]) -> None:
        self._totals[key] += len(found)
        for kind, objects in groupby([violation.object for _, violation in found], _KIND):
            for namespace, number in Counter(map(_NAMESPACE, objects)).items():
                self._found[key, kind, namespace] += number
        failed = sum([violation.error for _, violation in found])
        if failed:
            self._errors[key] += failed

    def _add_stats(self, more: KindStats) -> None:
        self._kinds[more.kind] = self._kinds.get(more.kind, KindStats(more.kind)).plus(more)

    def _keep(self, key: str, number: int, found: Sequence[tuple[int, Violation]]) -> None:
        kept, rows = self._kept.setdefault(key, []), iter(found)
        self._insert(kept, number, islice(rows, max(self.limit - len(kept), 0)))
        if kept:
            self._insert(kept, number, _perhaps(rows, kept[-1][1].object))

    def _insert(self, kept: list[Ranked], number: int, rows: Iterable[tuple[int, Violation]]) -> None:
        for at, violation in rows:
            rank = (*sort_key(violation), number, at)
            if len(kept) < self.limit or rank < kept[-1][0]:
                insort(kept, (rank, violation), key=_RANK)
                del kept[self.limit :]


class Gaps:
    """What could not be audited, each at its place in the run.

    One about a Namespace comes with each object in it, and counts once for a policy; where a policy misses many, the
    next one is about all others. One for want of time comes with each page, and counts once, at the end.
    """

    def __init__(self) -> None:
        self._single: list[tuple[InRun, Gap]] = []
        self._homeless: dict[str, dict[str, tuple[InRun, Gap]]] = {}
        self._unfinished: dict[str, tuple[InRun, Gap]] = {}

    def add(self, at: InRun, gap: Gap) -> None:
        """Add one at its place."""
        if gap.cause is not Cause.NAMESPACE:
            self._single.append((at, gap))
            return
        missed = self._homeless.setdefault(gap.policy, {})
        _earliest(missed, gap.namespace, (at, gap))
        if len(missed) > NAMESPACES_NAMED + 1:
            del missed[max(missed, key=lambda name: missed[name][0])]

    def leave(self, number: int, gaps: Sequence[Gap]) -> None:
        """Add those of a page that are for want of time."""
        for at, gap in enumerate(gaps):
            _earliest(self._unfinished, gap.policy, ((number, at), gap))

    def merge(self, other: Gaps) -> None:
        """Add those that were added to `other`."""
        for at, gap in other._single:
            self.add(at, gap)
        for missed in other._homeless.values():
            for at, gap in missed.values():
                self.add(at, gap)
        for policy, row in other._unfinished.items():
            _earliest(self._unfinished, policy, row)

    def in_order(self) -> list[Gap]:
        """All of them, as they came."""
        rows = [*self._single]
        for missed in self._homeless.values():
            named = sorted(missed.values(), key=_AT)
            rows += named[:NAMESPACES_NAMED]
            rows += [(at, _and_others(gap)) for at, gap in named[NAMESPACES_NAMED:]]
        return [gap for _, gap in (*sorted(rows, key=_AT), *sorted(self._unfinished.values(), key=_AT))]


def _and_others(gap: Gap) -> Gap:
    return replace(gap, namespace="", message=f"{gap.message}; and so are more than {NAMESPACES_NAMED} others")


def _earliest(rows: dict[str, tuple[InRun, Gap]], key: str, row: tuple[InRun, Gap]) -> None:
    rows[key] = min(rows.get(key, row), row, key=_AT)


def concerns(gap: Gap, constraint: Constraint) -> bool:
    """Whether what `gap` tells of may hide violations of `constraint`."""
    if named := gap.policies or ((gap.policy,) if gap.policy else ()):
        return constraint.key in named or constraint.kind in named
    if gap.cause is Cause.SINK or not constraint.actions:
        return False
    kind = gap.object.kind if gap.object else gap.kind
    return kind is None or constraint.may_match(kind)
