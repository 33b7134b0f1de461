"""Unification: equality that binds variables."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from constraints.rego.codegen.base import INTEGER, Operand, constant
from constraints.rego.codegen.terms import Terms
from constraints.rego.syntax.tree import ArrayTerm, Call, ObjectTerm, Scalar, Term, Var
from constraints.rego.values.kinds import key_of, same

Pair = tuple[Term, Term]

_BY_VALUE: list[Pair] = []
"""In place of pairs: match the one side against the value of the other."""


class Unification(Terms):
    """What `=`, `:=` and patterns are in Python."""

    def free(self, term: Term) -> bool:
        """Whether the term is a pattern with a variable that is not bound yet."""
        match term:
            case Var():
                return term.name not in self.place.env and term.name not in ("input", "data")
            case ArrayTerm():
                return True in [self.free(item) for item in term.items]
            case ObjectTerm():
                return True in [self.free(part) for pair in term.pairs for part in pair]
        return False

    def unify(self, left: Term, right: Term) -> bool:
        """Both are equal, with variables bound to make it so. False when they never are."""
        pairs = [(left, right)]
        while pairs:
            pair = self._next(pairs)
            pairs.remove(pair)
            inner = self._inner(pair)
            if inner is None:
                return False
            pairs += inner
        return True

    def _next(self, pairs: Sequence[Pair]) -> Pair:
        """A pair of which one side at least is bound."""
        for pair in pairs:
            if not (self.free(pair[0]) and self.free(pair[1])):
                return pair
        for pair in pairs:
            if _composites(pair):
                return pair
        raise self.error("variables on both sides of = are unsafe")

    def _inner(self, pair: Pair) -> list[Pair] | None:
        """Unify a pair; gives the pairs that remain, None when it never holds."""
        left, right = pair
        if _composites(pair) and (self.free(left) or self.free(right)):
            pairs = self._pairwise(left, right)
            if pairs is not _BY_VALUE:
                return pairs
        pattern, term = (left, right) if self.free(left) else (right, left)
        if not self.free(pattern):
            return [] if self._equal(left, right) else None
        self.wish = _wish(pattern) if isinstance(term, Call) else ""
        value = self.needed(self.term(term), _wish(pattern))
        return [] if value is not None and self.match(pattern, value) else None

    def _pairwise(self, left: Term, right: Term) -> list[Pair] | None:
        if isinstance(left, ArrayTerm) and isinstance(right, ArrayTerm):
            return list(zip(left.items, right.items, strict=True)) if len(left.items) == len(right.items) else None
        if not (isinstance(left, ObjectTerm) and isinstance(right, ObjectTerm)) or len(left.pairs) != len(right.pairs):
            return None
        return self._by_key(left, right)

    def _by_key(self, left: ObjectTerm, right: ObjectTerm) -> list[Pair] | None:
        """The values at equal keys; where a key is no constant, one side must be known as a whole."""
        others = {key_of(key.value): value for key, value in right.pairs if isinstance(key, Scalar)}
        mine = {key_of(key.value): value for key, value in left.pairs if isinstance(key, Scalar)}
        if len(others) != len(right.pairs) or len(mine) != len(left.pairs):
            if self.free(left) and self.free(right):
                raise self.error("keys of an object pattern must be constants")
            return _BY_VALUE
        return [(mine[key], others[key]) for key in mine] if mine.keys() == others.keys() else None

    def _equal(self, left: Term, right: Term) -> bool:
        values = self.terms([left, right])
        return values is not None and self.equal(*values)

    def equal(self, left: Operand, right: Operand) -> bool:
        """Go on where both values are equal. False when they never are."""
        test = self.equality(left, right)
        if test.is_constant:
            return bool(test.constant)
        self.guard(self.load(test))
        return True

    def equality(self, left: Operand, right: Operand) -> Operand:
        """Whether both values, which are defined, are equal: the cheapest test that their types allow."""
        if left.is_constant and right.is_constant:
            return constant(same(left.constant, right.constant))
        if left.is_constant:
            left, right = right, left
        return Operand(node=self._equality(left, right), kind="boolean", test=True)

    def _equality(self, left: Operand, right: Operand) -> ast.expr:
        value = right.constant
        if value is None or value is True or value is False:
            return self.nodes.compare(self.load(left), ast.Is(), self.load(right))
        plain = isinstance(value, str) or "string" in (left.kind, right.kind)
        plain = plain or (type(value) is int and 1 < abs(value) < 1 << 50)  # 0 and 1 equal False and True in Python
        if plain or left.kind == right.kind == "boolean" or (left.kind == INTEGER and type(value) is int):
            return self.nodes.compare(self.load(left), ast.Eq(), self.load(right))
        return self.runtime("same", self.load(left), self.load(right))

    # patterns

    def match(self, pattern: Term, value: Operand) -> bool:
        """The pattern is equal to the value, with variables bound to make it so. False when it never is."""
        if isinstance(pattern, Var) and self.free(pattern):
            self.bind(pattern, value)
            return True
        if not self.free(pattern):
            found = self.needed(self.term(pattern))
            return found is not None and self.equal(value, found)
        value = self.kept(value)
        if isinstance(pattern, ArrayTerm):
            return self._match_array(pattern, value)
        assert isinstance(pattern, ObjectTerm)
        return self._match_object(pattern, value)

    def bind(self, var: Var, value: Operand) -> None:
        """From now on the variable is this value."""
        if not var.is_wildcard or not (value.name or value.is_constant):
            value = self.kept(value, var.name)
        self.place.env[var.name] = value

    def _match_array(self, pattern: ArrayTerm, value: Operand) -> bool:
        if value.is_constant:
            items = value.constant
            if not isinstance(items, list) or len(items) != len(pattern.items):
                return False
            return self._match_all([(term, constant(item)) for term, item in zip(pattern.items, items, strict=True)])
        size = self.nodes.compare(
            self.runtime("len", self.load(value)), ast.Eq(), self.nodes.constant(len(pattern.items))
        )
        self.guard(self.nodes.both(self.is_type(value, "list"), size))
        pairs = []
        for at, term in enumerate(pattern.items):
            pairs.append((term, Operand(node=self.nodes.item(self.load(value), self.nodes.constant(at)))))
        return self._match_all(pairs)

    def _match_object(self, pattern: ObjectTerm, value: Operand) -> bool:
        count = self.nodes.constant(len(pattern.pairs))
        self.guard(self.runtime("has_members", self.load(value), count))
        pairs: list[tuple[Term, Operand]] = []
        for key, term in pattern.pairs:
            found = self.needed(self.term(key))
            item = None if found is None else self.needed(self.lookup(value, found))
            if item is None:
                return False
            pairs.append((term, item))
        return self._match_all(pairs)

    def _match_all(self, pairs: Sequence[tuple[Term, Operand]]) -> bool:
        """Match those without variables first: what fails early costs least."""
        return all(self.match(term, value) for term, value in sorted(pairs, key=lambda pair: self.free(pair[0])))


def _composites(pair: Pair) -> bool:
    return all(isinstance(side, (ArrayTerm, ObjectTerm)) for side in pair)


def _wish(pattern: Term) -> str:
    return pattern.name.partition("#")[0] if isinstance(pattern, Var) and not pattern.is_wildcard else "value"
