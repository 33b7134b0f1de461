"""What the last run knew of kinds that this one could not see: a constraint must not turn green by being blind (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from audit.aggregate import Summary
from audit.model import ConstraintRecord
from constraints import Constraint, Gap, Kind
from constraints.model import Cause, Json

Entry = Mapping[str, Json]
Known = tuple[str, str, Kind]
ORDER = ("group", "version", "kind", "namespace", "name", "message", "enforcementAction")


def entry_key(entry: Entry) -> tuple[str, ...]:
    """The order of `status.violations` entries (contract, section 4.1)."""
    return tuple(str(entry.get(name) or "") for name in ORDER)


@dataclass(frozen=True, slots=True)
class Hidden:
    """The kinds of which not every object was seen; one with an empty `kind` stands for its whole group."""

    kinds: tuple[Kind, ...]

    @classmethod
    def of(cls, gaps: Iterable[Gap]) -> Hidden:
        """From the gaps of one constraint."""
        return cls(tuple(g.kind for g in gaps if g.kind is not None and g.cause in (Cause.LIST, Cause.DISCOVERY)))

    def __contains__(self, kind: Kind) -> bool:
        return any(h.group == kind.group and h.kind in ("", kind.kind) for h in self.kinds)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a constraint's status is to say: `total` is None where nothing at all is known."""

    total: int | None
    entries: tuple[Entry, ...]


@dataclass(slots=True)
class Memory:
    """The violations known by constraint (key and uid) and kind, from run to run of this process.

    A constraint that was made anew under the same name starts with nothing.
    """

    counts: Counter[Known] = field(default_factory=Counter)

    def standing(
        self, record: ConstraintRecord, entries: Iterable[Entry], summary: Summary, hidden: Hidden
    ) -> Standing:
        """Totals and entries of this run, ascending, with those of the last run for the hidden kinds.

        The last run's total for a hidden kind comes from this process' memory. After a restart it comes from the last
        status, whose list is capped: the total then does not fall below the last one.
        """
        found = summary.totals[record.key]
        now = list(entries)
        if not hidden.kinds:
            return Standing(found, tuple(now))
        last = record.obj.get("status") or {}
        old = [e for e in last.get("violations") or () if isinstance(e, dict) and _kind(e) in hidden]
        seen = {entry_key(e) for e in now}
        merged = sorted([*now, *(e for e in old if entry_key(e) not in seen)], key=entry_key)
        total = self._total(record, summary, hidden, len(merged) - len(now))
        return Standing(total, tuple(merged[: summary.limit]))

    def learn(self, summary: Summary) -> None:
        """Remember this run, keeping what is known of kinds that were hidden from it."""
        fresh: Counter[Known] = Counter()
        for constraint in summary.constraints:
            hidden = Hidden.of(summary.gaps_of(constraint))
            known = self._known(constraint)
            found = {kind: count for (key, kind), count in summary.found.items() if key == constraint.key}
            for kind in known.keys() | found.keys():
                last = known.get(kind, 0) if kind in hidden else 0
                fresh[constraint.key, constraint.uid, kind] = max(last, found.get(kind, 0))
        self.counts = fresh

    def _known(self, constraint: Constraint) -> dict[Kind, int]:
        who = (constraint.key, constraint.uid)
        return {kind: count for (key, uid, kind), count in self.counts.items() if (key, uid) == who}

    def _total(self, record: ConstraintRecord, summary: Summary, hidden: Hidden, carried: int) -> int | None:
        found = summary.totals[record.key]
        remembered = self._known(record.constraint) if record.constraint else {}
        known = {kind: count for kind, count in remembered.items() if kind in hidden}
        if known:
            return found + sum(max(0, count - summary.found[record.key, kind]) for kind, count in known.items())
        status = record.obj.get("status") or {}
        last = status.get("totalViolations")
        if not isinstance(last, int):
            return found + carried or None
        whole = len(status.get("violations") or ()) == last
        return found + carried if whole else max(found + carried, last)


def _kind(entry: Entry) -> Kind:
    return Kind(str(entry.get("group") or ""), str(entry.get("version") or ""), str(entry.get("kind") or ""))
