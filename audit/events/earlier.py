"""What was known before this process looked, as the statuses say that its first run has read (pure).

The Ledger of a process that has just started knows nothing, and that of a replica that leads again knows what is old.
Whoever audited meanwhile has left a status on each constraint: what it lists is no news.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from audit.fields import truncate
from audit.ledger import Changes, Known
from audit.model import ConstraintRecord
from audit.standing.carry import Entry, entries_of, is_whole, status_of
from constraints.dataclass import dataclass

Spoken = tuple[str, str, str, str, str]  # group, kind, namespace, name, message


@dataclass(frozen=True, slots=True)
class News:
    """Of what a Ledger takes for new or resolved: what is, and how many of both were `known` to others before.

    `doubtful` counts, for each constraint, those of which nobody can tell whether they are new.
    """

    new: Sequence[Known] = ()
    gone: Sequence[Known] = ()
    known: int = 0
    known_gone: int = 0
    doubtful: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What others told in statuses since the last run of this process; `first`: it had none.

    By constraint: what is listed; and those of which only a part is.
    """

    first: bool
    told: Mapping[str, frozenset[Spoken]]
    partly: frozenset[str]

    @classmethod
    def of(cls, records: Iterable[ConstraintRecord], last: str) -> Earlier:
        """From the constraints as a run has read them, and the audit_id of the last run."""
        others = [record for record in records if str(status_of(record).get("auditTimestamp") or "") > last]
        told = {record.key: frozenset(map(_listed, entries_of(record))) for record in others}
        return cls(not last, told, frozenset(record.key for record in others if not is_whole(record)))

    def news(self, changes: Changes) -> News:
        """What has changed since then, as far as that can be told."""
        if not self.told:
            return News(tuple(changes.each_new()), tuple(changes.each_resolved()))
        new: list[Known] = []
        known, doubtful = 0, Counter[str]()
        for each in changes.each_new():
            if _named(each) in self.told.get(each.constraint, ()):
                known += 1
            elif each.constraint in self.partly:
                doubtful[each.constraint] += 1
            else:
                new.append(each)
        gone = () if not self.first else tuple(changes.each_resolved())
        return News(new, gone, known, sum(changes.resolved.values()) - len(gone), doubtful)


def _listed(entry: Entry) -> Spoken:
    group, kind, namespace, name, message = (
        str(entry.get(key) or "") for key in ("group", "kind", "namespace", "name", "message")
    )
    return group, kind, namespace, name, message


def _named(known: Known) -> Spoken:
    item = known.object
    return item.kind.group, item.kind.kind, item.namespace, item.name, truncate(known.message)
