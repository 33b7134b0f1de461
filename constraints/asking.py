"""Rules asked about one object: first whether they match it, then what they have against it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from constraints.answers import OUT_OF_TIME, Answer, answers, lost, undecided
from constraints.errors import MatchError
from constraints.guard import attempt
from constraints.inventory import Inventory
from constraints.model import Finding, Json, Point, Review
from constraints.review import document, integers
from constraints.rules import Rule
from constraints.timing import OutOfTime, Timekeeper

Hit = Rule | Answer
"""A rule that matches an object, or what is said instead where that cannot be decided."""


class Asking:
    """How rules are asked: `point` says what they see and what is said where they cannot be, `timekeeper` sees to their time."""

    def __init__(self, point: Point, timekeeper: Timekeeper) -> None:
        self.point = point
        self.timekeeper = timekeeper

    def matching(self, rules: Sequence[Rule], review: Review) -> list[Hit]:
        """What the rules come to that match the object. Whatever one of them does, the others go on."""
        hits = attempt(self._matching, rules, review)
        if isinstance(hits, Exception):
            hits = []
            for rule in rules:
                hits += self._decided(rule, review, attempt(self._matching, (rule,), review))
        return hits

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

    def _matching(self, rules: Sequence[Rule], review: Review) -> list[Hit]:
        hits: list[Hit] = []
        for rule in rules:
            try:
                if rule.matches(review):
                    hits.append(rule)
            except MatchError as error:
                hits.append(undecided(rule.constraint, review, error, self.point))
        return [_unless_lost(hit, review) for hit in hits] if review.lost else hits

    def _decided(self, rule: Rule, review: Review, hits: Sequence[Hit] | Exception) -> Sequence[Hit]:
        return [undecided(rule.constraint, review, hits, self.point)] if isinstance(hits, Exception) else hits

    def _asked(self, rule: Rule, review: Review, seen: Mapping[str, Json], inventory: Inventory) -> Sequence[Answer]:
        """What a rule says. OutOfTime may come at any point of the outer block, and nowhere else."""
        found: Sequence[Finding] | Exception
        timekeeper = self.timekeeper
        try:
            try:
                timekeeper.running = (rule.constraint, review)
                found = attempt(rule.ask, seen, inventory)
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


def _unless_lost(hit: Hit, review: Review) -> Hit:
    if isinstance(hit, Rule) and hit.reads_namespace:
        return lost(hit.constraint, review, "its policy reads it")
    return hit
