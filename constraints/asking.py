"""Rules asked about one object: first whether they match it, then what they have against it.

The one place on this side of the house where any exception at all is caught, and turned into a value. Policies are
other people's code: whatever one does while it is compiled, matched or evaluated, the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from constraints.answers import OUT_OF_TIME, Answer, answers, lost, undecided
from constraints.dataclass import dataclass
from constraints.inventory import Inventory
from constraints.match import everything
from constraints.model import Finding, Json, Point, Review
from constraints.review import document, integers
from constraints.rules import Rule
from constraints.timing import OutOfTime, Timekeeper

Hit = Rule | Answer
"""A rule that matches an object, or what is said instead where that cannot be decided."""


@dataclass(slots=True)
class Heard:
    """What came of asking some rules about one object: those that were asked, and the other hits, and the answers."""

    hits: Sequence[Hit]
    answers: list[Answer]


A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")


def attempt(call: Callable[[A, B], T], first: A, second: B) -> T | Exception:
    """What a call of a policy gives, or what it has raised."""
    try:
        return call(first, second)
    except Exception as error:  # the named place: a policy may fail in any way
        return error


class Asking:
    """How rules are asked: `point` says what they see and what is said where they cannot be, `timekeeper` sees to their
    time.
    """

    def __init__(self, point: Point, timekeeper: Timekeeper) -> None:
        self.point = point
        self.timekeeper = timekeeper

    def matching(self, rules: Sequence[Rule], review: Review) -> list[Hit]:
        """What the rules come to that match the object. Whatever one of them does, the others go on."""
        hits: list[Hit] = []
        try:
            for rule in rules:  # a loop of its own costs less than a comprehension: this is done for every object
                matches = rule.matches
                if matches is everything or matches(review):
                    hits.append(rule)
        except Exception:  # the named place: which one that was is found out in the slow way
            hits = [hit for rule in rules for hit in self._decided(rule, review)]
        return [_unless_lost(hit, review) for hit in hits] if review.lost else hits

    def evaluate(self, review: Review, hits: Iterable[Hit], inventory: Inventory) -> list[Answer]:
        """What the rules among the hits say of the object, each within its time, and the other hits as they are."""
        found: list[Answer] = []
        seen: dict[str, Json] | None = None
        whole: dict[str, Json] | None = None
        for hit in hits:
            if not isinstance(hit, Rule):
                found.append(hit)
                continue
            if seen is None:
                seen = document(review, self.point)
            if hit.integers:
                whole = integers(seen) if whole is None else whole
                found += self._asked(hit, review, whole, inventory)
            else:
                found += self._asked(hit, review, seen, inventory)
        return found

    def evaluate_all(self, reviews: Sequence[Review], hits: Sequence[Hit], inventory: Inventory) -> list[Heard]:
        """The same for objects that have these hits in common, in the order of the objects.

        One rule after the other is asked about all of them: what it needs stays in the processor's caches then. One
        that has used up its time is not asked any more.
        """
        heard = [Heard(hits, []) for _ in reviews]
        seen = [document(review, self.point) for review in reviews]
        whole: Sequence[dict[str, Json]] = ()
        for hit in hits:
            if not isinstance(hit, Rule):
                for each in heard:
                    each.answers.append(hit)
                continue
            if hit.integers:
                whole = whole or [integers(each) for each in seen]
            for review, seeing, each in zip(reviews, whole if hit.integers else seen, heard, strict=True):
                if self.timekeeper.spent and hit.key in self.timekeeper.spent:
                    each.hits = [other for other in each.hits if other is not hit]
                else:
                    each.answers += self._asked(hit, review, seeing, inventory)
        return heard

    def _decided(self, rule: Rule, review: Review) -> Sequence[Hit]:
        """A rule that matches, or what is said instead of it; nothing of one that does not match."""
        found = attempt(_matches, rule, review)
        if isinstance(found, Exception):
            return [undecided(rule.constraint, review, found, self.point)]
        return [rule] if found else []

    def _asked(self, rule: Rule, review: Review, seen: Mapping[str, Json], inventory: Inventory) -> Sequence[Answer]:
        """What a rule says. OutOfTime may come at any point of the outer block, and nowhere else."""
        found: Sequence[Finding] | Exception
        timekeeper = self.timekeeper
        try:
            try:
                timekeeper.running = (rule.constraint, review)
                found = rule.ask(seen, inventory)
            except Exception as error:  # the named place; a call of `attempt` would take longer than some policies do
                found = error
            finally:
                timekeeper.running = None
                if timekeeper.calls:
                    timekeeper.settle()
        except OutOfTime:
            if timekeeper.calls:
                timekeeper.settle()  # it came while settling; there is no second one soon
            found = OUT_OF_TIME
        answered = answers(rule.constraint, review, found) if found else ()
        del found  # what has failed knows this frame, and each would keep the other one
        return answered


def _matches(rule: Rule, review: Review) -> bool:
    return rule.matches(review)


def _unless_lost(hit: Hit, review: Review) -> Hit:
    if isinstance(hit, Rule) and hit.reads_namespace:
        return lost(hit.constraint, review, "its policy reads it")
    return hit
