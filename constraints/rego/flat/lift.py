"""Statements taken apart: nested calls, or references too, become statements of their own before the one they stood in.

Most statements stay whole. OPA takes all apart, calls first (v1/ast/compile.go: rewriteExprTerms, rewriteDynamics); where
that can be seen - in what `not` negates, in the order of iterations - it is done here in the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from constraints.rego.names.scope import Fresh
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Call,
    Comprehension,
    Every,
    Expr,
    FunctionName,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    SomeIn,
    Term,
    Var,
    With,
)

UNIFICATIONS = frozenset({"eq", "assign"})


class Lift:
    """Takes terms out of one statement; `support` are the statements to go before it."""

    def __init__(self, expr: Expr, fresh: Fresh) -> None:
        self.expr = expr
        self.fresh = fresh
        self.support: list[Expr] = []

    def name(self, term: Term, withs: tuple[With, ...]) -> Var:
        """A new variable, bound to `term` in a statement before."""
        var = Var(self.fresh.support(), term.span)
        self.support.append(Expr(Call("eq", (var, term), term.span), False, withs, term.span))
        return var

    # Calls

    def calls(self) -> list[Expr]:
        """The statement with each nested call in a statement of its own."""
        expr = self.expr
        withs = tuple([replace(one, value=self.without_calls(one.value, ())) for one in expr.withs])
        what = expr.what
        if isinstance(what, Call):
            if what.name != "print":
                what = Call(what.name, tuple([self.without_calls(arg, withs) for arg in what.args]), what.span)
        elif isinstance(what, SomeIn):
            what = replace(what, domain=self.without_calls(what.domain, withs))
        elif isinstance(what, Every):
            domain = self.without_calls(what.domain, withs)
            what = replace(what, domain=domain if isinstance(domain, Var) else self.name(domain, withs))
        else:
            what = self.without_calls(what, withs)  # type: ignore[arg-type]  # SomeDecl is gone
        return [*self.support, Expr(what, expr.negated, withs, expr.span)]

    def without_calls(self, term: Term, withs: tuple[With, ...]) -> Term:
        """`term` with variables for the calls in it, closures left alone."""
        if isinstance(term, Call):
            args = tuple([self.without_calls(arg, withs) for arg in term.args])
            return self.name(Call(term.name, args, term.span), withs)
        if isinstance(term, Ref):
            return self._inner(term, lambda part: self.without_calls(part, withs), withs)
        return _mapped(term, lambda part: self.without_calls(part, withs))

    def _inner(self, ref: Ref, change: Callable[[Term], Term], withs: tuple[With, ...]) -> Ref:
        head = change(ref.head)
        path = tuple([change(part) for part in ref.path])
        if not isinstance(head, Var):
            head = self.name(head, withs)
        return Ref(head, path, ref.span)

    # References

    def references(self, equals: frozenset[str]) -> list[Expr]:
        """The statement, free of nested calls, with references in statements of their own.

        On the sides of a unification (the calls of `equals`) and alone, a reference stays; its keys are taken out.
        """
        expr = self.expr
        what = expr.what
        if isinstance(what, Call):
            change = self._kept if what.name in equals else self._taken
            what = Call(what.name, tuple([change(arg) for arg in what.args]), what.span)
        elif isinstance(what, (SomeIn, Every)):
            what = replace(what, domain=self._kept(what.domain))
        else:
            what = self._kept(what)  # type: ignore[arg-type]  # SomeDecl is gone
        return [*self.support, Expr(what, expr.negated, expr.withs, expr.span)]

    def _kept(self, term: Term) -> Term:
        if isinstance(term, Ref):
            return Ref(term.head, tuple([self._taken(part) for part in term.path]), term.span)
        if isinstance(term, Call):
            return Call(term.name, tuple([self._taken(arg) for arg in term.args]), term.span)
        return term if isinstance(term, Comprehension) else self._taken(term)

    def _taken(self, term: Term) -> Term:
        if isinstance(term, Ref):
            return self.name(self._kept(term), self.expr.withs)
        return _mapped(term, self._taken)

    def values(self) -> list[Expr]:
        """The statement with the values of its `with` in statements of their own, free to iterate and not negated."""
        withs = tuple(
            one
            if isinstance(one.value, FunctionName) or fixed(one.value)
            else replace(one, value=self.name(one.value, ()))
            for one in self.expr.withs
        )
        return [*self.support, replace(self.expr, withs=withs)]


def _mapped(term: Term, change: Callable[[Term], Term]) -> Term:
    """A composite with its parts changed; anything else as it is."""
    if isinstance(term, (ArrayTerm, SetTerm)):
        return replace(term, items=tuple([change(item) for item in term.items]))
    if isinstance(term, ObjectTerm):
        return replace(term, pairs=tuple([(change(key), change(value)) for key, value in term.pairs]))
    return term


def apart(expr: Expr, fresh: Fresh, equals: frozenset[str] = UNIFICATIONS) -> list[Expr]:
    """The statement with all calls, then all references, in statements before it."""
    found: list[Expr] = []
    for one in Lift(expr, fresh).calls():
        found += Lift(one, fresh).references(equals)
    return found


def fixed(term: Term) -> bool:
    """Whether a term of a head can stand there: nothing in it has to be looked up or called."""
    kind = type(term)
    if kind is Scalar or kind is Var:
        return True
    if isinstance(term, (ArrayTerm, SetTerm)):
        return all(map(fixed, term.items))
    if isinstance(term, ObjectTerm):
        return all(fixed(key) and fixed(value) for key, value in term.pairs)
    return False
