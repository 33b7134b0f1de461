"""What OPA's rule index tests before it looks at a body (v1/ast/index.go), put in front of what can end in a conflict.

The index knows conditions on ground references into base documents and on arguments. Where one fails OPA leaves the
body alone; this shows only where an earlier statement raises an error, and nothing else is changed. The index may let
more pass than the condition itself, which stays where it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from math import inf
from typing import Final

from constraints.dataclass import dataclass
from constraints.rego.index.conditions import Condition, Conditions, place_key
from constraints.rego.index.conflicts import Conflicts, chain_of, disagree
from constraints.rego.names.modules import linked
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import Call, Expr, Rule, Term, Var

INDEXED: Final = "internal.indexed"
"""A statement that the index makes: a place, then the patterns of which one has to fit; none where anything does."""


def with_index(resolved: Resolved) -> Resolved:
    """The same rules, in front of what can end in a conflict the conditions of the index."""
    conflicts = Conflicts(resolved)
    bases = _Bases(resolved.rules)
    rules, sources = {**resolved.rules}, {**resolved.sources}
    for path, found in resolved.rules.items():
        with During(found[0].span, resolved.sources[path][0]):
            points = {id(one): _point(one, conflicts) for rule in found for one in chain_of(rule)}
            needed = any(point is not None for point in points.values()) or disagree(found)
        if needed:
            index = _Index(found, bases, points)
            order = index.order()
            rules[path] = tuple([index.guarded(found[at]) for at in order])
            sources[path] = tuple([resolved.sources[path][at] for at in order])
    return replace(resolved, rules=rules, sources=sources)


class _Bases:
    """Tells references into base documents from those that lead to rules."""

    def __init__(self, rules: Mapping[Path, tuple[Rule, ...]]) -> None:
        self._rules = rules
        self._known = {path[:size] for path in rules for size in range(len(path) + 1)}

    def __call__(self, path: Path) -> bool:
        for size in range(1, len(path) + 1):
            if path[:size] not in self._known:
                return True
            if path[:size] in self._rules:
                return False
        return False


def _point(rule: Rule, conflicts: Conflicts) -> int | None:
    """The number of the first statement that can end in a conflict; a head only puts together what the body binds."""
    return next((at for at, expr in enumerate(rule.body) if conflicts.within(expr)), None)


@dataclass(slots=True)
class _Index:
    """The index of the rules at one place: they share the order in which it looks at places, most frequent ones
    first.
    """

    found: Sequence[Rule]
    bases: _Bases
    points: Mapping[int, int | None]
    counts: Counter[Hashable] = field(default_factory=Counter)
    first: dict[Hashable, Term] = field(default_factory=dict)
    kept: dict[int, list[Condition]] = field(default_factory=dict)
    places: dict[Hashable, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for rule in self.found:
            for one in chain_of(rule):
                self.kept[id(one)] = self._conditions(one)
        self.places = {key: at for at, key in enumerate(sorted(self.counts, key=self._rank))}

    def order(self) -> list[int]:
        """The numbers of the definitions as OPA comes across them.

        Where all answers are equal the first one ends the search; where they are not the second one is the conflict.
        """
        if any(rule.head.contains for rule in self.found):
            return list(range(len(self.found)))
        steps = [min(map(self._steps, chain_of(rule))) for rule in self.found]
        return sorted(range(len(steps)), key=lambda at: steps[at])

    def _steps(self, rule: Rule) -> list[tuple[float, int]]:
        """How far away a rule is in OPA's index: at each place what is not looked at comes first, then what may be
        anything.

        Only the places of the rule's own conditions are named, each as a step away from those behind it.
        """
        steps: list[tuple[float, int]] = []
        for at, here in self._by_place(self.kept[id(rule)]):
            is_open = any(one.is_open for one in here)
            steps.append((-at, 1 if is_open else 2))
            if len(here) > 1 and not is_open:
                return steps
        return [*steps, (-inf, 0)] if steps else []

    def _by_place(self, kept: Sequence[Condition]) -> list[tuple[int, list[Condition]]]:
        """The conditions of a rule at each place, in the order of the places."""
        found: dict[int, list[Condition]] = {}
        for one in kept:
            found.setdefault(self.places[place_key(one.place)], []).append(one)
        return sorted(found.items(), key=lambda item: item[0])

    def _conditions(self, rule: Rule) -> list[Condition]:
        if rule.default or any(
            isinstance(expr.what, Call) and expr.what.name == "internal.print" for expr in rule.body
        ):
            return []
        arguments = frozenset(arg.name for arg in rule.head.args or () if isinstance(arg, Var))
        conditions = Conditions(arguments, self.bases, self._count)
        for at, expr in enumerate(rule.body):
            conditions.at = at
            conditions.see(expr)
        return conditions.kept

    def _count(self, key: Hashable, place: Term) -> None:
        self.counts[key] += 1
        self.first.setdefault(key, place)

    def guarded(self, rule: Rule) -> Rule:
        """The definition with the conditions that show."""
        return linked([self._guarded(one) for one in chain_of(rule)])

    def _guarded(self, rule: Rule) -> Rule:
        point = self.points[id(rule)]
        guards = () if point is None else tuple(self._guards(self.kept[id(rule)], point))
        return replace(rule, body=(*rule.body[:point], *guards, *rule.body[point:])) if guards else rule

    def _guards(self, kept: Sequence[Condition], point: int) -> Iterator[Expr]:
        """The conditions that no statement before the point is about; behind one with several patterns OPA stops."""
        for _, here in self._by_place(kept):
            is_open = any(one.is_open for one in here)
            if any(one.at >= point for one in here) and not (is_open and isinstance(here[0].place, Var)):
                patterns = () if is_open else tuple([one.pattern for one in here])
                place = here[0].place
                yield Expr(Call(INDEXED, (place, *patterns), place.span), span=place.span)
            if len(here) > 1 and not is_open:
                return

    def _rank(self, key: Hashable) -> tuple[int, bool, int, int]:
        span = self.first[key].span
        return -self.counts[key], isinstance(self.first[key], Var), span.line, span.column
