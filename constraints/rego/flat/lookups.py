"""Step five: each lookup in a statement of its own, but on the sides of a unification (OPA: rewriteDynamicTerms)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from constraints.rego.flat.rules import is_lookup, named
from constraints.rego.names.scope import Fresh, Step
from constraints.rego.syntax.termorder import changed
from constraints.rego.syntax.tree import Body, Call, Comprehension, Every, Expr, Ref, Scalar, Term, Var, With

UNIFICATIONS: Final = frozenset({"eq", "equal"})
QUERIES: Final = frozenset({"eq"})
"""In modules `==` becomes `=` before this step, in queries it does not."""


def spread_lookups(body: Body, fresh: Fresh, equals: frozenset[str] = UNIFICATIONS) -> Body:
    """The body with all closures in it."""
    return tuple([one for expr in body for one in _Lookups(fresh, equals, expr.withs).statement(expr)])


class _Lookups:
    def __init__(self, fresh: Fresh, equals: frozenset[str], withs: tuple[With, ...]) -> None:
        self.fresh = fresh
        self.equals = equals
        self.withs = withs
        self.support: list[Expr] = []

    def statement(self, expr: Expr) -> list[Expr]:
        what = expr.what
        if isinstance(what, Call) and what.name in self.equals and len(what.args) == 2:
            flat: Term | Every = Call("eq", tuple(map(self._kept, what.args)), what.span)
        elif isinstance(what, Call):
            flat = changed(what, self._taken)
        elif isinstance(what, Every):
            flat = replace(
                what, domain=self._taken(what.domain), body=spread_lookups(what.body, self.fresh, self.equals)
            )
        else:
            flat = self._kept(what)  # type: ignore[arg-type]  # SomeDecl and SomeIn are gone
        self.support.append(expr if flat is what else Expr(flat, expr.negated, expr.withs, expr.span))
        return self.support

    def _kept(self, term: Term) -> Term:
        """A reference or comprehension stays where it is."""
        if isinstance(term, Ref):
            return self._keys_taken(term)
        if isinstance(term, Comprehension):
            return self._inside(term)
        return term if is_lookup(term) else self._taken(term)

    def _taken(self, term: Term) -> Term:
        kind = type(term)
        if kind is Scalar or (isinstance(term, Var) and not is_lookup(term)):
            return term
        if isinstance(term, Comprehension):
            return self._named(self._inside(term))
        if isinstance(term, Ref):
            return self._named(self._keys_taken(term))
        return self._named(term) if is_lookup(term) else changed(term, self._taken)

    def _keys_taken(self, ref: Ref) -> Ref:
        if all(type(part) is Scalar for part in ref.path):
            return ref
        return Ref(ref.head, tuple(map(self._taken, ref.path)), ref.span)

    def _inside(self, term: Comprehension) -> Comprehension:
        return replace(term, body=spread_lookups(term.body, self.fresh, self.equals))

    def _named(self, term: Term) -> Var:
        var, statement = named(term, self.fresh, Step.LOOKUPS, self.withs)
        self.support.append(statement)
        return var
