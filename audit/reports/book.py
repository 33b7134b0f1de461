"""What the reports of every object say, and which of them a run may have to change (pure).

Of each report only that is kept by which a difference is seen: no text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from datetime import datetime
from itertools import chain, islice
from typing import Final

from audit.aggregate import Summary
from audit.model import ConstraintRecord
from audit.reports.judging import NOTHING, Judged
from audit.reports.names import ReportPlace, place_of
from audit.reports.results import Contents, ReportChoice, ReportResult, Rows, Since, rows_of, short_name
from audit.reports.standing import StandingResults
from constraints import Kind, ObjectRef
from constraints.dataclass import dataclass

LOOKED_AT_AGAIN: Final = 20
"""Places of somebody else's reports that one run looks at again."""
NOWHERE: Final = ObjectRef(Kind("", "", ""), "", "")


@dataclass(slots=True)
class Shelved:
    """The reports of one object as they are known.

    `kind` and `name` are those of the object, None and empty where its reports do not say. `rows` stand for all that
    they say, None where that has to be read. `versions` are the resourceVersions of the parts, empty for one that there
    is not. `audited` names the run that saw all of it last, where that is told; `run` is the last one of this process
    that saw the object, and `mark` that of a verdict whose results they say.
    """

    kind: Kind | None
    name: str
    rows: Rows | None
    versions: tuple[str, ...]
    audited: str = ""
    run: int = 0
    mark: int = 0


@dataclass(frozen=True, slots=True)
class Merged:
    """What reports have to say; `stale`: some of it could not be seen again."""

    contents: Contents
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """Reports of one object that a run may have to write, and what it has found out.

    `item` is the object, None where it was not seen and nobody knows what the reports are about. `parts` are the
    numbers of those that there are. `stands` says by the short name of a policy whether what was known of it is still
    all that is known. `adds`: results come to those of the same policy that are there. `renews`: it is time to tell
    when all of it was seen.
    """

    place: ReportPlace
    item: ObjectRef | None
    results: tuple[ReportResult, ...]
    parts: tuple[int, ...]
    stands: Callable[[str], bool]
    adds: bool = False
    renews: bool = True

    def merged(self, found: Contents, choice: ReportChoice, now: Since) -> Merged:
        """What the reports have to say, which say `found` now; a result that has not changed keeps its time."""
        since = dict(found.listed)
        spoken = set() if self.adds else {result.short for result in self.results}
        left = [result for result, _ in found.listed if result.short not in spoken and self.stands(result.short)]
        words = [each for each in found.words if each[0][1:] not in spoken and self.stands(each[0][1:])]
        listed, others = choice.divided(dict.fromkeys([*self.results, *left]))
        counted = dict(words)
        for word, number in others:
            counted[word] = max(number, counted.get(word, 0)) if self.adds else number
        said = tuple((result, since.get(result, now)) for result in sorted(listed))
        return Merged(Contents(said, tuple(sorted(counted.items()))), stale=bool(left or words) and not self.adds)


@dataclass(frozen=True, slots=True)
class _Draft:
    """What a run has found out about an object; `adds`: besides what its reports say already."""

    item: ObjectRef
    judged: Judged
    adds: bool = False


@dataclass(slots=True)
class Book:
    """Compares what runs find out with what the reports say; not for several threads.

    `naming` is how reports are named, `ttl` the seconds for which results stand that no run can see again, 0 for ever.
    `held` are the reports that there are, `foreign` the places where those of somebody else are; each run looks at some
    of these again.
    """

    naming: str
    choice: ReportChoice
    ttl: int = 0
    held: dict[ReportPlace, Shelved] = field(default_factory=dict)
    foreign: set[ReportPlace] = field(default_factory=set)
    _run: int = 0
    _now: int = 0
    _broken: frozenset[str] = frozenset()
    _drafts: dict[ReportPlace, _Draft] = field(default_factory=dict)

    def begin(self, now: int) -> None:
        """Begin a run, at this Unix second; what a run found out that did not come to its end is forgotten."""
        self._run, self._now, self._drafts = self._run + 1, now, {}

    def hold_against(self, records: Iterable[ConstraintRecord]) -> None:
        """Know the constraints of this run: what those have said that cannot be used stands, whatever is seen."""
        self._broken = frozenset(short_name(record.key) for record in records if record.constraint is None)

    def seen(self, item: ObjectRef, judge: Callable[[], Judged], mark: int = 0) -> None:
        """An object that was looked at, or left out for a reason that is a result.

        `judge` is asked for its results unless a verdict of the same `mark` is known to have those of its reports.
        """
        place = place_of(item, self.naming)
        held = self.held.get(place)
        if held is None:
            judged = judge()
            if place in self._drafts or any(result.result in self.choice.kept for result in judged.results):
                self._draft(place, item, judged)
            return
        again = held.run == self._run  # some API servers list an object as two kinds
        held.run = self._run
        may_differ = again or held.kind != item.kind or self._is_old(held, 2)
        if not may_differ and mark and held.mark == mark:
            return
        judged = judge()
        held.mark = mark if held.rows == judged.rows else 0
        if may_differ or not self._says(held, judged.rows):
            self._draft(place, item, judged, again)

    def unmatched(self, item: ObjectRef) -> None:
        """An object that is there, and that no constraint is about."""
        place = place_of(item, self.naming)
        held = self.held.get(place)
        if held is not None and held.run != self._run:
            self.seen(item, lambda: NOTHING)

    def due(self, summary: Summary) -> Iterator[Due]:
        """The reports that a run that came to its end may have to write."""
        standing = StandingResults(summary)
        self.foreign &= self._drafts.keys()
        left_alone = self.foreign - self._looked_at_again()
        for place, draft in self._drafts.items():
            held = self.held.get(place)
            if held is None:
                if place in left_alone:
                    continue
                yield self._due(place, None, draft, standing)
            elif self._differs(held, draft, standing):
                yield self._due(place, held, draft, standing)
        for place, held in self.held.items():
            if held.run != self._run:
                gone = _Draft(_item(place, held), NOTHING)
                if self._differs(held, gone, standing):
                    yield self._due(place, held, gone, standing)

    def _says(self, held: Shelved, rows: Rows) -> bool:
        """Whether the reports say just that, but for what broken constraints have said before."""
        if held.rows is None or held.rows == rows or not self._broken:
            return held.rows == rows
        more = set(held.rows).difference(rows)
        return len(held.rows) == len(rows) + len(more) and all(short in self._broken for short, _ in more)

    def _draft(self, place: ReportPlace, item: ObjectRef, judged: Judged, adds: bool = False) -> None:
        before = self._drafts.get(place)
        if before is not None:
            results = tuple(sorted({*before.judged.results, *judged.results}))
            judged = Judged(results, rows_of(*self.choice.divided(results)))
            item, adds = min(item, before.item, key=lambda each: each.kind), before.adds
        self._drafts[place] = _Draft(item, judged, adds)

    def _looked_at_again(self) -> set[ReportPlace]:
        """Other ones at each run: of those that are somebody else's most are so for long."""
        places = sorted(self.foreign)
        start = self._run * LOOKED_AT_AGAIN % max(len(places), 1)
        return set(islice(chain(places[start:], places), LOOKED_AT_AGAIN))

    def _differs(self, held: Shelved, draft: _Draft, standing: StandingResults) -> bool:
        """Whether the reports may have to be written, with what stands of them."""
        if held.rows is None or draft.adds:
            return True
        if self.ttl and not held.audited:
            return True
        stands = self._stands(held, draft.item, standing)
        spoken = {row[0] for row in draft.judged.rows}
        left = [row for row in held.rows if row[0] not in spoken and stands(row[0])]
        if not left and self._is_old(held, 2):
            return True
        other = draft.item.kind != held.kind
        return other or tuple(sorted([*draft.judged.rows, *left])) != held.rows

    def _due(self, place: ReportPlace, held: Shelved | None, draft: _Draft, standing: StandingResults) -> Due:
        there = held.versions if held else ("",)
        parts = tuple(number for number, version in enumerate(there, 1) if version or place in self.foreign)
        item = None if draft.item is NOWHERE else draft.item
        stands = _everything if draft.adds else self._stands(held, draft.item, standing)
        renews = held is None or not held.audited or self._is_old(held, 2)
        return Due(place, item, draft.judged.results, parts, stands, draft.adds, renews)

    def _stands(self, held: Shelved | None, item: ObjectRef, standing: StandingResults) -> Callable[[str], bool]:
        if held is not None and self._is_old(held, 1):
            return _nothing
        return standing.of(None if item is NOWHERE else item)

    def _is_old(self, held: Shelved, parts: int) -> bool:
        """Whether that part of their time to live is over since all of it was seen."""
        if not self.ttl:
            return False
        at = _seconds(held.audited)
        return at is not None and self._now - at >= self.ttl / parts


def _everything(_short: str) -> bool:
    return True


def _nothing(_short: str) -> bool:
    return False


def _item(place: ReportPlace, held: Shelved) -> ObjectRef:
    """What reports are about, as far as is needed to tell whether it is hidden; its uid is not."""
    return NOWHERE if held.kind is None else ObjectRef(held.kind, place.namespace, held.name)


def _seconds(audited: str) -> float | None:
    try:
        return datetime.fromisoformat(audited).timestamp()
    except ValueError:
        return None
