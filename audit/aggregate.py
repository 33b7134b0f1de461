"""What a run adds up to: exact totals, capped lists, and what could not be audited."""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from operator import itemgetter

from audit.fields import truncate
from audit.model import ConstraintRecord, Outcome, RunInfo, Standing
from constraints import Constraint, Gap, Kind, Violation
from constraints.model import Cause

SortKey = tuple[str, str, str, str, str, str, str]
NAMESPACES_NAMED = 20  # for one policy, in gaps of their own
PHASES = ("list", "decode", "match", "evaluate", "log", "write")


def sort_key(violation: Violation) -> SortKey:
    """The order that decides which violations a capped list keeps (compatibility, section 4.1).

    Python compares strings by code point, which is the byte order of their UTF-8.
    """
    item = violation.object
    return (
        item.kind.group,
        item.kind.version,
        item.kind.kind,
        item.namespace,
        item.name,
        truncate(violation.message),
        violation.action,
    )


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


@dataclass(slots=True)
class Summary:
    """Exact totals of one run; for each constraint only the first `limit` violations in sort order.

    `found` counts violations by constraint key, kind of object and namespace; `standing` is what each constraint comes
    to when what could not be seen keeps its last results, by key, once the run has ended. `cut` says of a run that did not
    come to its end how it ended: its totals are then a part and must not replace those of a whole run. `skipped` are
    kinds that were not listed because no constraint can match them; `templates` counts them by `active` and `error`.
    """

    info: RunInfo
    limit: int
    records: tuple[ConstraintRecord, ...] = ()
    totals: Counter[str] = field(default_factory=Counter)
    found: Counter[tuple[str, Kind, str]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    gaps: list[Gap] = field(default_factory=list)
    standing: Mapping[str, Standing] = field(default_factory=dict)
    kinds: dict[Kind, KindStats] = field(default_factory=dict)
    skipped: tuple[Kind, ...] = ()
    templates: Counter[str] = field(default_factory=Counter)
    phases: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PHASES, 0.0))
    seconds: float = 0.0
    cut: Outcome | None = None
    _homeless: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _kept: defaultdict[str, list[tuple[SortKey, Violation]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, violation: Violation) -> None:
        """Count one violation, and keep it while it is among the first `limit` of its constraint."""
        key = violation.constraint.key
        self.totals[key] += 1
        self.found[key, violation.object.kind, violation.object.namespace] += 1
        if violation.error:
            self.errors[key] += 1
        if self.limit:
            self._keep(key, violation)

    def note(self, gap: Gap) -> None:
        """Add a gap; one about a Namespace comes with each object in it, and counts once.

        Where a policy misses many, the next one is about all others.
        """
        if gap.cause is Cause.NAMESPACE:
            missed = self._homeless[gap.policy]
            if gap.namespace in missed or "" in missed:
                return
            if len(missed) >= NAMESPACES_NAMED:
                gap = replace(gap, namespace="", message=f"{gap.message}; and so are more than {len(missed)} others")
            missed.add(gap.namespace)
        self.gaps.append(gap)

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """The constraints that could be enforced in this run."""
        return tuple(record.constraint for record in self.records if record.constraint is not None)

    def first(self, key: str) -> list[Violation]:
        """The kept violations of a constraint, ascending."""
        return [violation for _, violation in self._kept.get(key, ())]

    def gaps_of(self, constraint: Constraint) -> list[Gap]:
        """The gaps that make this constraint's results incomplete."""
        return [gap for gap in self.gaps if concerns(gap, constraint)]

    def _keep(self, key: str, violation: Violation) -> None:
        rows = self._kept[key]
        rank = sort_key(violation)
        if len(rows) == self.limit and rank >= rows[-1][0]:
            return
        insort(rows, (rank, violation), key=itemgetter(0))
        del rows[self.limit :]


def concerns(gap: Gap, constraint: Constraint) -> bool:
    """Whether what `gap` tells of may hide violations of `constraint`."""
    if named := gap.policies or ((gap.policy,) if gap.policy else ()):
        return constraint.key in named or constraint.kind in named
    if gap.cause is Cause.SINK or not constraint.actions:
        return False
    kind = gap.object.kind if gap.object else gap.kind
    return kind is None or constraint.may_match(kind)
