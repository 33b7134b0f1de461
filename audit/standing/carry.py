"""What the last run knew of objects that this one could not see: no constraint may turn green by being blind (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import field

from audit.aggregate import Summary
from audit.fields import status_entry
from audit.model import ConstraintRecord, Standing
from audit.standing.hidden import Bucket, Hidden
from constraints import Kind
from constraints.dataclass import dataclass
from constraints.model import Json

Entry = Mapping[str, Json]
Identity = tuple[str, str]  # key and uid: a constraint made anew is another one

ORDER = ("group", "version", "kind", "namespace", "name", "message", "enforcementAction")


def entry_key(entry: Entry) -> tuple[str, ...]:
    """The order of `status.violations` entries (compatibility, section 4.1)."""
    return tuple(str(entry.get(name) or "") for name in ORDER)


@dataclass(slots=True)
class Memory:
    """How many violations are known by constraint, kind and namespace, from run to run of this process.

    Only constraints of which everything was seen in one run are in it.
    """

    counts: dict[Identity, Counter[Bucket]] = field(default_factory=dict)

    def settle(self, summary: Summary) -> dict[str, Standing]:
        """What each constraint comes to after a whole run, by key; and remember it."""
        found = _by_constraint(summary)
        standing: dict[str, Standing] = {}
        counts: dict[Identity, Counter[Bucket]] = {}
        for record in summary.records:
            identity = (record.key, str(record.obj["metadata"].get("uid") or ""))
            known, now = self.counts.get(identity), found.get(record.key, Counter())
            hidden = Hidden.of(summary.gaps_of(record.constraint)) if record.constraint else Hidden()
            if record.constraint is None:
                standing[record.key] = _last(record)
            elif hidden:
                standing[record.key], now = _carried(record, summary, hidden, _Counted(now, known))
            else:
                standing[record.key] = Standing(now.total(), tuple(_entries(record, summary)))
                known = now
            if known is not None:
                counts[identity] = now if record.constraint else known
        self.counts = counts
        return standing


@dataclass(frozen=True, slots=True)
class _Counted:
    """Violations of one constraint by kind and namespace: those of this run, and those of the last one.

    `before` is None where this process has not yet seen all of the constraint in one run.
    """

    now: Counter[Bucket]
    before: Counter[Bucket] | None


def _carried(
    record: ConstraintRecord, summary: Summary, hidden: Hidden, counted: _Counted
) -> tuple[Standing, Counter[Bucket]]:
    """What a constraint comes to of which something is hidden, and its counts for the next run.

    That is what was found now, and what the last run had found of the objects that are hidden from this one.
    """
    found = _entries(record, summary)
    old = _unseen(record, hidden, found, counted.now.total() > len(found))
    if counted.before is not None:
        counts = _counts(record, hidden, counted.now, counted.before, old)
        total: int | None = counts.total()
    else:
        counts = counted.now
        total = _total_after_restart(record, counts.total(), len(old))
    entries = sorted([*found, *old], key=entry_key)[: summary.limit]
    return Standing(total, tuple(entries), stale=True), counts


def _counts(
    record: ConstraintRecord, hidden: Hidden, now: Counter[Bucket], before: Counter[Bucket], old: list[Entry]
) -> Counter[Bucket]:
    """The counts of `now`; where objects are hidden from this run, not less than those of `before`.

    Where a whole kind or namespace is hidden its last count stands. Where single objects are, those count that the last
    status lists (`old`); if that list was cut, their namespace keeps its last count, too.
    """
    counts, touched, listed = Counter(now), hidden.touched(), Counter(map(_bucket, old))
    whole = is_whole(record)
    for bucket, count in before.items():
        kind, namespace = bucket
        if hidden.covers(bucket) or ((kind.group, kind.kind, namespace) in touched and not whole):
            counts[bucket] = max(count, now[bucket])
    for bucket, count in listed.items():
        counts[bucket] = max(counts[bucket], now[bucket] + count)
    return counts


def _total_after_restart(record: ConstraintRecord, found: int, carried: int) -> int | None:
    """From the last status, whose list may be cut: the total then does not fall below the last one."""
    last = status_of(record).get("totalViolations")
    if not isinstance(last, int):
        return found + carried or None
    return found + carried if is_whole(record) else max(found + carried, last)


def _unseen(record: ConstraintRecord, hidden: Hidden, found: list[Entry], cut: bool) -> list[Entry]:
    """The entries of the last status that are hidden and were not found again.

    Where the list of what was found is `cut`, an entry behind its end may have been found.
    """
    seen = {entry_key(entry) for entry in found}
    end = entry_key(found[-1]) if cut and found else None
    keys = (
        (entry_key(entry), entry)
        for entry in entries_of(record)
        if hidden.hides(_bucket(entry), str(entry.get("name") or ""))
    )
    return [entry for key, entry in keys if key not in seen and (end is None or key < end)]


def _last(record: ConstraintRecord) -> Standing:
    """A constraint that is not enforced has what its status said last."""
    total = status_of(record).get("totalViolations")
    known = isinstance(total, int)
    return Standing(
        total if known else None, tuple(sorted(entries_of(record), key=entry_key)) if known else (), stale=True
    )


def _by_constraint(summary: Summary) -> dict[str, Counter[Bucket]]:
    found: dict[str, Counter[Bucket]] = {}
    for (key, kind, namespace), count in summary.found.items():
        found.setdefault(key, Counter())[kind, namespace] = count
    return found


def _entries(record: ConstraintRecord, summary: Summary) -> list[Entry]:
    return [status_entry(violation) for violation in summary.first(record.key)]


def status_of(record: ConstraintRecord) -> Mapping[str, Json]:
    """The status of a constraint as it was read at the start of the run; empty where it has none."""
    status = record.obj.get("status")
    return status if isinstance(status, dict) else {}


def entries_of(record: ConstraintRecord) -> list[Entry]:
    """What that status lists."""
    listed = status_of(record).get("violations")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def is_whole(record: ConstraintRecord) -> bool:
    """Whether it lists all violations that it counts."""
    return len(entries_of(record)) == status_of(record).get("totalViolations")


def _bucket(entry: Entry) -> Bucket:
    kind = Kind(str(entry.get("group") or ""), str(entry.get("version") or ""), str(entry.get("kind") or ""))
    return kind, str(entry.get("namespace") or "")
