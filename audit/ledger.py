"""The last known violations of every object, and what a run changes in them (pure).

Two violations are the same when one constraint says the same text of one object; a constraint or an object that was
made anew is another one. What a run could not see stays as it was, and is stale until it is seen again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import Enum
from sys import intern

from audit.aggregate import Summary
from audit.model import ConstraintRecord, RunInfo
from audit.standing.hidden import Hidden
from audit.verdicts import Reviewed, identity
from constraints import Constraint, Kind, ObjectRef, Violation
from constraints.dataclass import dataclass

# The violations of one object, four parts for each: the number of its constraint, its message, the runs that saw it
# first and last; the last one is empty where that is the last whole run. One tuple takes a third of what many would.
Entry = tuple[int | str, ...]
_PARTS = 4


class Why(Enum):
    """Why a violation is resolved; an object is mended that is still there with nothing against it."""

    OBJECT_GONE = "object_gone"
    OBJECT_MENDED = "object_mended"
    CONSTRAINT_GONE = "constraint_gone"


@dataclass(frozen=True, slots=True)
class Known:
    """A violation as it is remembered; `first` and `last` are the audit_ids of the runs that saw it first and last.

    `constraint` is `<Kind>/<name>`, `action` its `spec.enforcementAction`, and `why` is there once it is resolved.
    """

    constraint: str
    action: str
    object: ObjectRef
    message: str
    first: str
    last: str
    why: Why | None = None


def _none() -> Iterator[Known]:
    return iter(())


@dataclass(frozen=True, slots=True)
class Changes:
    """What one run has changed: numbers, and the violations themselves until the next run ends.

    `standing` were seen again, `stale` could not be seen. A run that did not come to its end changes nothing.
    """

    new: int = 0
    standing: int = 0
    stale: int = 0
    resolved: Mapping[Why, int] = field(default_factory=dict)
    each_new: Callable[[], Iterator[Known]] = _none
    each_standing: Callable[[], Iterator[Known]] = _none
    each_stale: Callable[[], Iterator[Known]] = _none
    each_resolved: Callable[[], Iterator[Known]] = _none


NO_CHANGES = Changes()


@dataclass(frozen=True, slots=True)
class _Rule:
    key: str
    uid: str
    action: str


class Ledger:
    """Compares what each run finds with what was known before; not for several threads.

    Texts that are equal are there once. `start` begins a run, `end` says what has changed.
    """

    def __init__(self) -> None:
        self._known: dict[str, Entry] = {}
        self._rules: dict[int, _Rule] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        self._next = 0
        self._kinds: list[Kind] = []
        self._kind_numbers: dict[tuple[str, str], int] = {}
        self._last = ""  # the audit_id of the last whole run
        self._begin("")

    def start(self, info: RunInfo) -> None:
        """Begin a run; what was found in one that did not come to its end is forgotten."""
        self._begin(info.audit_id)

    def knows(self, violation: Violation) -> bool:
        """Whether the violation was known before the present run."""
        entry = self._known.get(self._key(violation.object), ())
        sought = (self._number(violation.constraint), violation.message)
        return sought in zip(entry[::_PARTS], entry[1::_PARTS], strict=True)

    def first(self, violation: Violation) -> str:
        """The audit_id of the run that saw the violation first: the present one, where none is known."""
        entry = self._known.get(self._key(violation.object), ()) if self._known else ()
        if not entry:
            return self._begun
        sought = (self._number(violation.constraint), violation.message)
        return next((row[2] for row in _rows(entry) if row[:2] == sought), self._begun)

    def page(self, reviewed: Reviewed) -> None:
        """Take in what a page has shown."""
        known, seen = self._known, self._seen
        for verdict in reviewed.verdicts:
            key = self._key(verdict.object)
            if verdict.violations:
                self._now[key] = self._entry(known.get(key, ()), verdict.violations)
            elif key in known:
                seen.add(key)
        start = self._kind_number(reviewed.kind)
        seen.update(key for other in reviewed.others if (key := f"{start}\0{other}") in known)

    def end(self, summary: Summary) -> Changes:
        """What a run has changed that has come to its end; it is what is known from now on."""
        self._rename(summary.records)
        fates, resolved = _Fates(summary, self._rules), []
        for key, before in self._known.items():
            now = self._now.get(key, ())
            if now is before:
                continue
            missing = self._missing(before, now)
            for row in missing:
                why = fates.of(row[0], self._ref(key), there=key in self._now or key in self._seen)
                if why is None:
                    now += (*row[:3], row[3] or self._last)
                else:
                    resolved.append(replace(self._told(key, row), why=why))
            if now:
                self._now[key] = now
        self._known, self._last = self._now, self._begun
        self._forget(summary.records)
        return self._changes(resolved)

    def _begin(self, audit_id: str) -> None:
        self._begun = audit_id
        self._now: dict[str, Entry] = {}
        self._seen: set[str] = set()  # objects that are there and have no violation any more
        self._of: dict[Constraint, int] = {}

    def _changes(self, resolved: Sequence[Known]) -> Changes:
        known, run = self._known, self._last
        total = sum(map(len, known.values())) // _PARTS
        new = sum(entry[2::_PARTS].count(run) for entry in known.values())
        stale = total - sum(entry[3::_PARTS].count("") for entry in known.values())
        return Changes(
            new,
            total - new - stale,
            stale,
            Counter(each.why for each in resolved if each.why),
            lambda: self._each(known, lambda row: row[2] == run),
            lambda: self._each(known, lambda row: row[2] != run and not row[3]),
            lambda: self._each(known, lambda row: bool(row[3])),
            lambda: iter(resolved),
        )

    def _each(self, known: Mapping[str, Entry], wanted: Callable[[_Row], bool]) -> Iterator[Known]:
        return (self._told(key, row) for key, entry in known.items() for row in _rows(entry) if wanted(row))

    def _told(self, key: str, row: _Row) -> Known:
        number, message, first, last = row
        rule = self._rules[number]
        return Known(rule.key, rule.action, self._ref(key), message, first, last or self._last)

    def _entry(self, before: Entry, violations: Sequence[Violation]) -> Entry:
        found = list(dict.fromkeys([(self._number(each.constraint), each.message) for each in violations]))
        same = list(zip(before[::_PARTS], before[1::_PARTS], strict=True)) == found
        if same and before[3::_PARTS].count("") == len(found):
            return before
        first = {row[:2]: row[2] for row in _rows(before)}
        parts: list[int | str] = []
        for number, message in found:
            parts += (number, intern(message), first.get((number, message), self._begun), "")
        return tuple(parts)

    def _missing(self, before: Entry, now: Entry) -> list[_Row]:
        found = set(zip(now[::_PARTS], now[1::_PARTS], strict=True))
        return [row for row in _rows(before) if row[:2] not in found]

    def _key(self, ref: ObjectRef) -> str:
        return f"{self._kind_number(ref.kind)}\0{identity(ref.namespace, ref.name, ref.uid)}"

    def _ref(self, key: str) -> ObjectRef:
        number, namespace, name, uid = key.split("\0", 3)
        return ObjectRef(self._kinds[int(number)], namespace, name, uid)

    def _kind_number(self, kind: Kind) -> int:
        """The same for all versions of a kind."""
        number = self._kind_numbers.get((kind.group, kind.kind))
        if number is None:
            number = self._kind_numbers[kind.group, kind.kind] = len(self._kinds)
            self._kinds.append(kind)
        return number

    def _number(self, constraint: Constraint) -> int:
        number = self._of.get(constraint)
        if number is None:
            number = self._of[constraint] = self._number_of(constraint.key, constraint.uid, constraint.action)
        return number

    def _number_of(self, key: str, uid: str, action: str) -> int:
        number = self._numbers.get((key, uid))
        if number is None:
            number, self._next = self._next, self._next + 1
            self._numbers[key, uid] = number
        self._rules[number] = _Rule(key, uid, action)
        return number

    def _rename(self, records: Sequence[ConstraintRecord]) -> None:
        """Know the actions of now."""
        for record in records:
            if _identity(record) in self._numbers:
                self._number_of(*_identity(record), record.action)

    def _forget(self, records: Sequence[ConstraintRecord]) -> None:
        """Drop the numbers of constraints that are gone: their violations are resolved."""
        there = {self._numbers.get(_identity(record)) for record in records} | set(self._of.values())
        for number in self._rules.keys() - there:
            rule = self._rules.pop(number)
            del self._numbers[rule.key, rule.uid]
        self._of = {}


_Row = tuple[int, str, str, str]


def _rows(entry: Entry) -> Iterator[_Row]:
    for at in range(0, len(entry), _PARTS):
        yield entry[at : at + _PARTS]  # type: ignore[misc]  # as Entry says


def _identity(record: ConstraintRecord) -> tuple[str, str]:
    return record.key, str(record.obj["metadata"].get("uid") or "")


class _Fates:
    """What became of violations that were not found again."""

    def __init__(self, summary: Summary, rules: Mapping[int, _Rule]) -> None:
        self._summary = summary
        self._rules = rules
        self._records = {_identity(record): record for record in summary.records}
        self._hidden: dict[int, Hidden] = {}

    def of(self, number: int, ref: ObjectRef, there: bool) -> Why | None:
        """Why one is resolved, None where that is not known; `there`: the object was seen."""
        rule = self._rules[number]
        record = self._records.get((rule.key, rule.uid))
        if record is None:
            return Why.CONSTRAINT_GONE
        constraint = record.constraint
        if constraint is None or self._hides(number, constraint, ref):
            return None
        if there or not constraint.enforced or not constraint.may_match(ref.kind):
            return Why.OBJECT_MENDED
        return Why.OBJECT_GONE

    def _hides(self, number: int, constraint: Constraint, ref: ObjectRef) -> bool:
        hidden = self._hidden.get(number)
        if hidden is None:
            hidden = self._hidden[number] = Hidden.of(self._summary.gaps_of(constraint))
        return hidden.hides((ref.kind, ref.namespace), ref.name)
