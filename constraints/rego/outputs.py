"""Which variables a statement binds when others are bound already.

As OPA's safety check (v1/ast/compile.go outputVarsForExpr, v1/ast/unify.go): keys of references to what is bound,
patterns of a unification whose other side is bound, and the output behind a function's arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from constraints.rego.syntax import (
    ArrayTerm,
    Call,
    Comprehension,
    Every,
    Expr,
    ObjectTerm,
    Ref,
    Scalar,
    SomeIn,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.walk import ROOTS, parts, pattern, visible

Bound = set[str] | frozenset[str]
Arity = Callable[[str], int | None]

UNIFICATIONS = frozenset({"eq", "assign"})


def bound_by(expr: Expr, bound: Bound, arity: Arity) -> set[str]:
    """The variables that `expr` can bind; those of `bound` may be among them."""
    if expr.negated or not _withs_bound(expr, bound):
        return set()
    what = expr.what
    if isinstance(what, SomeIn):
        return _by_membership(what, bound)
    into: set[str] = set()
    if isinstance(what, Every):
        iterated(what.domain, bound, into)
    elif isinstance(what, Call):
        for arg in what.args:
            iterated(arg, bound, into)
        if what.name in UNIFICATIONS and len(what.args) == 2:
            return into | unified(what.args[0], what.args[1], bound | into)
        return into | _by_output(what, bound | into, arity(what.name))
    else:
        iterated(what, bound, into)  # type: ignore[arg-type]  # SomeDecl is gone
    return into


def _withs_bound(expr: Expr, bound: Bound) -> bool:
    into: set[str] = set()
    for modifier in expr.withs:
        visible(modifier.target, into)
        visible(modifier.value, into)
    return into <= bound


def _by_membership(what: SomeIn, bound: Bound) -> set[str]:
    into: set[str] = set()
    iterated(what.domain, bound, into)
    needed: set[str] = set()
    visible(what.domain, needed)
    if needed <= bound | into:
        pattern(what.value, into)
        visible(what.key, into)
    return into


def _by_output(call: Call, bound: Bound, arity: int | None) -> set[str]:
    into: set[str] = set()
    if arity is None or len(call.args) <= arity:
        return into
    needed: set[str] = set()
    for arg in call.args[:arity]:
        pattern(arg, needed)
    if needed <= bound:
        for arg in call.args[arity:]:
            pattern(arg, into)
    return into


def iterated(term: Term, bound: Bound, into: set[str]) -> None:
    """Add the keys of references to what is bound, outside of closures."""
    kind = type(term)
    if kind is Scalar or kind is Var or kind is Comprehension or kind is TemplateString:
        return
    if isinstance(term, Ref):
        if not _head_bound(term.head, bound):
            return
        if type(term.head) is not Var:
            iterated(term.head, bound, into)
        for part in term.path:
            if type(part) is not Scalar:
                _keys(part, into)
                iterated(part, bound, into)
    elif isinstance(term, Call):
        for part in term.args:
            iterated(part, bound, into)
    else:
        for part in parts(term):
            iterated(part, bound, into)


def _keys(part: Term, into: set[str]) -> None:
    if isinstance(part, Var):
        visible(part, into)
    else:
        for inner in part.path if isinstance(part, Ref) else parts(part):
            _keys(inner, into)


def _head_bound(head: Term, bound: Bound) -> bool:
    if isinstance(head, Var):
        return head.name in bound or head.name in ROOTS
    needed: set[str] = set()
    visible(head, needed)
    return needed <= bound


@dataclass(slots=True)
class _Unifier:
    """Collects what depends on what: `(x, names)` says that x is bound once all names are, and the other way round."""

    bound: Bound
    known: set[str] = field(default_factory=set)
    pairs: list[tuple[str, set[str]]] = field(default_factory=list)

    def unify(self, a: Term, b: Term) -> None:
        """Either side may bind the other."""
        if _is_local(b) and not _is_local(a):
            a, b = b, a
        if isinstance(a, Var) and _is_local(a):
            self._variable(a, b)
        elif isinstance(a, ArrayTerm) and isinstance(b, ArrayTerm):
            if len(a.items) == len(b.items):
                for left, right in zip(a.items, b.items, strict=True):
                    self.unify(left, right)
        elif isinstance(a, ObjectTerm) and isinstance(b, ObjectTerm):
            self._objects(a, b)
        elif isinstance(b, Comprehension):
            self._collected(isinstance(a, ArrayTerm), a)
        elif isinstance(a, Comprehension):
            kinds = {"array": ArrayTerm, "object": ObjectTerm}
            self._collected(a.kind in kinds and isinstance(b, kinds[a.kind]), b)
        else:
            self._pattern(a, b)
            self._pattern(b, a)

    def _variable(self, var: Var, other: Term) -> None:
        if isinstance(other, (Var, ArrayTerm, ObjectTerm)):
            names: set[str] = set()
            pattern(other, names)
            self.pairs.append((var.name, names))
        elif self._ready(other):
            self.known.add(var.name)

    def _objects(self, a: ObjectTerm, b: ObjectTerm) -> None:
        if len(a.pairs) != len(b.pairs):
            return
        for key, value in a.pairs:
            for other, against in b.pairs:
                if key == other:
                    self.unify(value, against)

    def _pattern(self, target: Term, value: Term) -> None:
        is_pattern = isinstance(target, (ArrayTerm, ObjectTerm))
        if is_pattern and isinstance(value, (Ref, Call, Var)) and self._ready(value):
            pattern(target, self.known)

    def _collected(self, binds: bool, target: Term) -> None:
        """A comprehension binds an array on its left, and on its right only what is of its own kind."""
        if binds:
            pattern(target, self.known)

    def _ready(self, term: Term) -> bool:
        if isinstance(term, Ref):
            return _head_bound(term.head, self.bound)
        if isinstance(term, Call):
            needed: set[str] = set()
            visible(term, needed)
            return needed <= self.bound
        return True

    def solve(self) -> set[str]:
        """All that gets bound."""
        known = set(self.bound) | self.known
        pairs = self.pairs
        while pairs:
            left = []
            for name, names in pairs:
                if name in known:
                    known |= names
                elif names <= known:
                    known.add(name)
                else:
                    left.append((name, names))
            if len(left) == len(pairs):
                break
            pairs = left
        return known - self.bound


def _is_local(term: Term) -> bool:
    return isinstance(term, Var) and term.name not in ROOTS


def unified(a: Term, b: Term, bound: Bound) -> set[str]:
    """The variables that `a = b` binds."""
    unifier = _Unifier(bound)
    unifier.unify(a, b)
    return unifier.solve()
