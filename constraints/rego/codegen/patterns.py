"""Unification: equality that binds variables, in `=`, arguments and keys."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from constraints.rego.codegen.blocks import guard
from constraints.rego.codegen.dispatch import value_of, values_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.equality import equal
from constraints.rego.codegen.operand import INPUT, Operand, constant
from constraints.rego.codegen.reading import is_type, kept, load, needed
from constraints.rego.codegen.steps import item_of
from constraints.rego.syntax.termorder import SUPPORT
from constraints.rego.syntax.tree import ArrayTerm, ObjectTerm, Scalar, Term, Var
from constraints.rego.values.kinds import key_of

Pair = tuple[Term, Term]

_BY_VALUE: list[Pair] = []
"""In place of pairs: match the one side against the value of the other."""


def free(emission: Emission, term: Term) -> bool:
    """Whether the term is a pattern with a variable that is not bound yet."""
    match term:
        case Var():
            return term.name not in emission.place.env and term.name not in ("input", "data")
        case ArrayTerm():
            return True in [free(emission, item) for item in term.items]
        case ObjectTerm():
            return True in [free(emission, part) for pair in term.pairs for part in pair]
    return False


def wish_of(pattern: Term) -> str:
    """The name that the policy has for what fits a pattern; none where that is no variable, or the compiler's."""
    if not isinstance(pattern, Var) or pattern.is_wildcard or pattern.name.startswith(SUPPORT):
        return ""
    return pattern.name.partition("#")[0]


# two terms


def unify(emission: Emission, left: Term, right: Term) -> bool:
    """Both are equal, with variables bound to make it so. False when they never are."""
    pairs = [(left, right)]
    while pairs:
        pair = _next(emission, pairs)
        pairs.remove(pair)
        inner = _inner(emission, pair)
        if inner is None:
            return False
        pairs += inner
    return True


def _next(emission: Emission, pairs: Sequence[Pair]) -> Pair:
    """A pair of which one side at least is bound."""
    for pair in pairs:
        if not (free(emission, pair[0]) and free(emission, pair[1])):
            return pair
    for pair in pairs:
        if _composites(pair):
            return pair
    raise emission.error("variables on both sides of = are unsafe")


def _inner(emission: Emission, pair: Pair) -> list[Pair] | None:
    """Unify a pair; gives the pairs that remain, None when it never holds."""
    left, right = pair
    if _composites(pair) and (free(emission, left) or free(emission, right)):
        pairs = _pairwise(emission, left, right)
        if pairs is not _BY_VALUE:
            return pairs
    pattern, term = (left, right) if free(emission, left) else (right, left)
    if not free(emission, pattern):
        values = values_of(emission, [left, right])
        return [] if values is not None and equal(emission, *values) else None
    value = value_of(emission, term)
    found = value if value.defined else needed(emission, value, wish_of(pattern) or "value")
    return [] if found is not None and matches(emission, pattern, found) else None


def _composites(pair: Pair) -> bool:
    return all(isinstance(side, (ArrayTerm, ObjectTerm)) for side in pair)


def _pairwise(emission: Emission, left: Term, right: Term) -> list[Pair] | None:
    """What is equal when two composites are; None when these never are."""
    if isinstance(left, ArrayTerm) and isinstance(right, ArrayTerm):
        return list(zip(left.items, right.items, strict=True)) if len(left.items) == len(right.items) else None
    if not (isinstance(left, ObjectTerm) and isinstance(right, ObjectTerm)) or len(left.pairs) != len(right.pairs):
        return None
    return _by_key(emission, left, right)


def _by_key(emission: Emission, left: ObjectTerm, right: ObjectTerm) -> list[Pair] | None:
    """The values at equal keys; where a key is no constant, one side must be known as a whole."""
    others = {key_of(key.value): value for key, value in right.pairs if isinstance(key, Scalar)}
    mine = {key_of(key.value): value for key, value in left.pairs if isinstance(key, Scalar)}
    if len(others) != len(right.pairs) or len(mine) != len(left.pairs):
        if free(emission, left) and free(emission, right):
            raise emission.error("keys of an object pattern must be constants")
        return _BY_VALUE
    return [(mine[key], others[key]) for key in mine] if mine.keys() == others.keys() else None


# a pattern and a value


def matches(emission: Emission, pattern: Term, value: Operand) -> bool:
    """The pattern is equal to the value, with variables bound to make it so. False when it never is."""
    if not free(emission, pattern):
        found = needed(emission, value_of(emission, pattern))
        return found is not None and equal(emission, value, found)
    match pattern:
        case Var():
            return _bind(emission, pattern, value)
        case ArrayTerm():
            return _match_array(emission, pattern, kept(emission, value))
        case ObjectTerm():
            return _match_object(emission, pattern, kept(emission, value))
    raise AssertionError("no other term has variables to be bound")


def _bind(emission: Emission, var: Var, value: Operand) -> bool:
    """From now on the variable is this value. False when something else is awaited in its place."""
    wish = wish_of(var)
    if not value.name and not value.is_constant and (wish or value.kind != INPUT):
        value = kept(emission, value, wish or "value")
    emission.place.env[var.name] = value
    awaited = emission.place.awaited.get(var.name)
    return awaited is None or unify(emission, var, awaited)


def _match_array(emission: Emission, pattern: ArrayTerm, value: Operand) -> bool:
    if value.is_constant:
        items = value.constant
        if not isinstance(items, list) or len(items) != len(pattern.items):
            return False
        return _match_all(emission, [(term, constant(item)) for term, item in zip(pattern.items, items, strict=True)])
    nodes = emission.nodes
    size = nodes.compare(nodes.call("len", load(emission, value)), ast.Eq(), nodes.constant(len(pattern.items)))
    guard(emission, nodes.both(is_type(emission, value, "list"), size))
    items = [Operand(node=nodes.item(load(emission, value), nodes.constant(at))) for at in range(len(pattern.items))]
    return _match_all(emission, list(zip(pattern.items, items, strict=True)))


def _match_object(emission: Emission, pattern: ObjectTerm, value: Operand) -> bool:
    count = emission.nodes.constant(len(pattern.pairs))
    guard(emission, emission.nodes.call("has_members", load(emission, value), count))
    pairs: list[tuple[Term, Operand]] = []
    for key, term in pattern.pairs:
        found = needed(emission, value_of(emission, key))
        item = None if found is None else needed(emission, item_of(emission, value, found))
        if item is None:
            return False
        pairs.append((term, item))
    return _match_all(emission, pairs)


def _match_all(emission: Emission, pairs: Sequence[tuple[Term, Operand]]) -> bool:
    """Match those without variables first: what fails early costs least."""
    ordered = sorted(pairs, key=lambda pair: free(emission, pair[0]))
    return all(matches(emission, term, value) for term, value in ordered)
