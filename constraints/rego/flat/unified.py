"""The variables that a unification binds: as OPA's check has it (v1/ast/unify.go)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from constraints.rego.syntax.termorder import rank
from constraints.rego.syntax.tree import ArrayTerm, Call, Comprehension, ObjectTerm, Ref, Term, Var
from constraints.rego.syntax.walk import ROOTS, parts, visible

Bound = set[str] | frozenset[str]


def unified(a: Term, b: Term, bound: Bound) -> set[str]:
    """The variables that `a = b` binds when those of `bound` are."""
    unifier = _Unifier(bound)
    unifier.unify(a, b)
    return unifier.known


def is_ready(term: Ref | Call, bound: Bound) -> bool:
    """Whether a reference or call can be looked up: the head of the one, all of the other is bound."""
    names: set[str] = set()
    visible(term.head if isinstance(term, Ref) else term, names)
    return names <= bound


def is_local(term: Term) -> bool:
    """Whether it is a variable, and not the document `input` or `data`."""
    return isinstance(term, Var) and term.name not in ROOTS


_FILLED: Final = {"array": ArrayTerm, "object": ObjectTerm}
"""The patterns that a comprehension on the left binds."""


class _Unifier:
    """Collects what gets known, and what waits for what: a variable for those in a pattern."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.known: set[str] = set()
        self.waiting: dict[str, set[str]] = {}

    def unify(self, a: Term, b: Term) -> None:
        """Either side may bind the other."""
        if isinstance(a, Var) and is_local(a):
            self._variable(a, b)
        elif isinstance(b, Var) and is_local(b):
            self._variable(b, a)
        elif isinstance(a, ArrayTerm) and isinstance(b, ArrayTerm):
            self._arrays(a, b)
        elif isinstance(a, ObjectTerm) and isinstance(b, ObjectTerm):
            self._objects(a, b)
        else:
            self._fill(a, b)

    def _fill(self, a: Term, b: Term) -> None:
        """One side may be a pattern, the other one a value."""
        if isinstance(a, Comprehension):
            if isinstance(b, _FILLED.get(a.kind, ())):
                self._know_all(b)
        elif isinstance(b, Comprehension):
            if isinstance(a, ArrayTerm):  # of whatever kind the comprehension is
                self._know_all(a)
        else:
            self._looked_up(a, b)
            self._looked_up(b, a)

    def _variable(self, var: Var, other: Term) -> None:
        if isinstance(other, Var) and is_local(other):
            self._variables(var.name, other.name)
        elif isinstance(other, (ArrayTerm, ObjectTerm)):
            self._composite(var.name, other)
        elif not isinstance(other, (Ref, Call)) or is_ready(other, self.bound):
            self._know(var.name)

    def _variables(self, a: str, b: str) -> None:
        if self._is_known(b):
            self._know(a)
        elif self._is_known(a):
            self._know(b)
        else:
            self.waiting.setdefault(a, set()).add(b)
            self.waiting.setdefault(b, set()).add(a)

    def _composite(self, name: str, other: Term) -> None:
        if self._is_known(name):
            self._know_all(other)
            return
        missing = _bound_in(other) - self.bound - self.known
        if missing:
            self.waiting.setdefault(name, set()).update(missing)
        else:
            self._know(name)

    def _arrays(self, a: ArrayTerm, b: ArrayTerm) -> None:
        if len(a.items) == len(b.items):
            for left, right in zip(a.items, b.items, strict=True):
                self.unify(left, right)

    def _objects(self, a: ObjectTerm, b: ObjectTerm) -> None:
        if len(a.pairs) != len(b.pairs):
            return
        others: dict[Hashable, list[Term]] = {}
        for key, value in b.pairs:
            others.setdefault(rank(key), []).append(value)
        for key, value in a.pairs:
            for against in others.get(rank(key), ()):
                self.unify(value, against)

    def _looked_up(self, value: Term, target: Term) -> None:
        """A document, a reference or a call binds the variables of a pattern."""
        if isinstance(target, (ArrayTerm, ObjectTerm)) and (
            isinstance(value, Var) or (isinstance(value, (Ref, Call)) and is_ready(value, self.bound))
        ):
            self._know_all(target)

    def _is_known(self, name: str) -> bool:
        return name in self.bound or name in self.known

    def _know_all(self, term: Term) -> None:
        for name in _bound_in(term):
            self._know(name)

    def _know(self, name: str) -> None:
        """Note a variable, what it stands for, and what waited for it alone."""
        self.known.add(name)
        for other in self.waiting.pop(name, ()):
            self._know(other)
        for waiting, missing in list(self.waiting.items()):
            if name in missing and waiting in self.waiting:
                missing.discard(name)
                if not missing:
                    self._know(waiting)


def _bound_in(term: Term) -> set[str]:
    """The variables of a pattern: not those of keys, closures, heads of references."""
    into: set[str] = set()
    _collect(term, into)
    return into


def _collect(term: Term, into: set[str]) -> None:
    if isinstance(term, Var):
        visible(term, into)
    elif isinstance(term, ObjectTerm):
        for _, value in term.pairs:
            _collect(value, into)
    else:
        for part in term.path if isinstance(term, Ref) else parts(term):
            _collect(part, into)
