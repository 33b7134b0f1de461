"""Which of equal keys counts in an object that is written out: the last one in OPA's order of the terms.

OPA sorts an object's keys as terms (v1/ast/compare.go), before it knows their values: constants, then variables, those
that its compiler made of calls and of references last, in this order, then composites.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from constraints.rego.syntax.termorder import made_up
from constraints.rego.syntax.tree import ArrayTerm, ObjectTerm, Scalar, SetTerm, Term, Var
from constraints.rego.values.order import order_key

Pair = TypeVar("Pair")

_ARRAY, _OBJECT, _SET = range(2, 5)


def in_order_of_keys(pairs: Sequence[Pair], term: ObjectTerm, known: Mapping[str, object]) -> Sequence[Pair]:
    """The pairs of an object such that the last one of equal keys counts; `known`: its variables as they were bound."""
    if all(isinstance(key, Scalar) for key, _ in term.pairs):
        return pairs
    places = {name: at for at, name in enumerate(known)}
    order = sorted(range(len(pairs)), key=lambda at: _rank(term.pairs[at][0], places))
    return [pairs[at] for at in order]


def _rank(term: Term, places: Mapping[str, int]) -> tuple[Any, ...]:
    match term:
        case Scalar(value):
            return (0, order_key(value))
        case Var(name):
            made = made_up(name)
            return (1, *made) if made[0] else (1, 0, places.get(name, -1), name)
        case ArrayTerm(items):
            return (_ARRAY, *_ranks(items, places))
        case ObjectTerm(pairs):
            return (_OBJECT, *_ranks((part for pair in pairs for part in pair), places))
        case SetTerm(items):
            return (_SET, *sorted(_ranks(items, places)))
    raise AssertionError("a key is a constant, a variable, or made of such")


def _ranks(terms: Iterable[Term], places: Mapping[str, int]) -> list[tuple[Any, ...]]:
    return [_rank(term, places) for term in terms]
