"""Rules asked about one object: first whether they match it, then what they have against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constraints.answers import OUT_OF_TIME, Answer, answers, lost, undecided
from constraints.errors import MatchError
from constraints.guard import attempt
from constraints.inventory import Inventory
from constraints.model import Finding, Json, Point, Review
from constraints.rules import Rule
from constraints.timing import OutOfTime, Timekeeper

Hit = Rule | Answer


def matching(rules: Sequence[Rule], review: Review, point: Point) -> list[Hit]:
    """The rules that match the object, and what is known where that cannot be decided."""
    hits = attempt(_matching, rules, review, point)
    if isinstance(hits, Exception):  # as strange as a policy may be: the other ones go on
        hits = []
        for rule in rules:
            hits += _decided(rule, review, attempt(_matching, (rule,), review, point), point)
    return hits


def _matching(rules: Sequence[Rule], review: Review, point: Point) -> list[Hit]:
    hits: list[Hit] = []
    for rule in rules:
        try:
            if rule.matches(review):
                hits.append(rule)
        except MatchError as error:
            hits.append(undecided(rule.constraint, review, error, point))
    return hits if not review.lost else [_unless_lost(hit, review) for hit in hits]


def _unless_lost(hit: Hit, review: Review) -> Hit:
    if isinstance(hit, Rule) and hit.reads_namespace:
        return lost(hit.constraint, review, "its policy reads it")
    return hit


def _decided(rule: Rule, review: Review, hits: Sequence[Hit] | Exception, point: Point) -> Sequence[Hit]:
    return [undecided(rule.constraint, review, hits, point)] if isinstance(hits, Exception) else hits


def asked(
    rule: Rule, review: Review, seen: Mapping[str, Json], inventory: Inventory, timing: Timekeeper
) -> Sequence[Answer]:
    """What a rule says, within its time. OutOfTime may come at any point of the outer block, and nowhere else."""
    found: Sequence[Finding] | Exception
    try:
        try:
            timing.running = (rule.constraint, review)
            found = attempt(rule.program, seen, inventory)
        finally:
            timing.running = None
            if timing.calls:
                timing.settle()
    except OutOfTime:
        if timing.calls:
            timing.settle()  # it came while settling; there is no second one soon
        found = OUT_OF_TIME
    answered = answers(rule.constraint, review, found) if found else ()
    del found  # what has failed knows this frame, and each would keep the other one
    return answered
