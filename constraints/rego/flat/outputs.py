"""Which variables a statement binds when others are bound already.

As OPA's safety check (v1/ast/compile.go outputVarsForExpr): keys of references to what is bound, patterns of a
unification whose other side is bound (unified.py), and the output behind a function's arguments.
"""

from __future__ import annotations

from collections.abc import Callable

from constraints.rego.flat.unified import is_ready, unified
from constraints.rego.syntax.tree import (
    Call,
    Comprehension,
    Every,
    Expr,
    Ref,
    Scalar,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.syntax.walk import everywhere, parts, pattern, terms_of, visible

Bound = set[str] | frozenset[str]
Arity = Callable[[str], int | None]


def bound_by(expr: Expr, bound: Bound, arity: Arity, carried: set[str] | None = None) -> set[str]:
    """The variables that `expr` can bind; those of `bound` may be among them.

    `carried` is what OPA's check takes along from statement to statement, by mistake: what a call would have bound.
    """
    if expr.negated or not _withs_bound(expr, bound):
        return set()
    carried = set() if carried is None else carried
    what = expr.what
    if isinstance(what, Every):
        iterated(what.domain, bound, carried)
        return set(carried)
    if isinstance(what, Call):
        if what.name == "eq":
            return _by_unification(expr, what, bound, carried)
        return _by_output(expr, what, bound, arity(what.name), carried)
    return _iterated_in(expr, bound)


def _withs_bound(expr: Expr, bound: Bound) -> bool:
    into: set[str] = set()
    for modifier in expr.withs:
        visible(modifier.target, into)
        visible(modifier.value, into)
    return into <= bound


def _iterated_in(expr: Expr, bound: Bound) -> set[str]:
    into: set[str] = set()
    for term in terms_of(expr):
        iterated(term, bound, into)
    return into


def _by_unification(expr: Expr, call: Call, bound: Bound, carried: set[str]) -> set[str]:
    if len(call.args) != 2:
        return set(bound)
    known = carried | _iterated_in(expr, bound) | bound
    carried.clear()
    return (known | unified(call.args[0], call.args[1], known)) - bound


def _by_output(expr: Expr, call: Call, bound: Bound, arity: int | None, carried: set[str]) -> set[str]:
    if arity is None:
        return set()
    carried.clear()
    carried |= _iterated_in(expr, bound)
    if len(call.args) <= arity:
        return set(carried)
    needed: set[str] = set()
    for arg in call.args[:arity]:
        pattern(arg, needed)
    if not needed <= bound | carried:
        return set()
    for arg in call.args[arity:]:
        pattern(arg, carried)
    return set(carried)


def iterated(term: Term, bound: Bound, into: set[str]) -> None:
    """Add the keys of references to what is bound, outside of closures."""
    kind = type(term)
    if kind is Scalar or kind is Var or kind is Comprehension or kind is TemplateString:
        return
    if isinstance(term, Ref):
        if not is_ready(term, bound):
            return
        if type(term.head) is not Var:
            iterated(term.head, bound, into)
        for part in term.path:
            if type(part) is not Scalar:
                _keys(part, into)
                iterated(part, bound, into)
    else:
        for part in parts(term):
            iterated(part, bound, into)


def _keys(part: Term, into: set[str]) -> None:
    """All variables of a key, those in closures too, but heads of references."""
    if isinstance(part, (Var, Comprehension, TemplateString)):
        everywhere(part, into)
    else:
        for inner in part.path if isinstance(part, Ref) else parts(part):
            _keys(inner, into)
