"""Statements as they were written, where each one finds bound what it needs; nearly all policies are written so.

Others are translated from the form that OPA's checks work on (flat), in which each call and lookup stands by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from constraints.model import value
from constraints.rego.flat.lift import UNIFICATIONS, Lift, fixed
from constraints.rego.flat.outputs import Arity, Bound, bound_by
from constraints.rego.flat.prints import captured, is_print
from constraints.rego.flat.wholeness import pieces_of
from constraints.rego.names.scope import Fresh
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    SomeIn,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.syntax.walk import Mentioned, has_closure, own_names, visible, visible_in, visible_in_body


class Unordered(Exception):
    """Statements as they were written have no order here; the form that OPA checks has one (flat)."""


@value
class Settings:
    """What holds for all bodies of one run."""

    arity: Arity
    keep_prints: bool = False
    equals: frozenset[str] = UNIFICATIONS | {"equal"}  # == becomes = in modules, not in queries


class Order:
    """Orders the bodies of one rule or query, which are safe. Raises Unordered."""

    def __init__(self, settings: Settings, fresh: Fresh) -> None:
        self.settings = settings
        self.fresh = fresh

    def body(self, body: Sequence[Expr], bound: Bound) -> list[Expr]:
        """The statements in order, all closures in them too."""
        statements = self._prepared(body)
        return self._closed(self._in_turn(statements, bound), bound)

    def _prepared(self, body: Sequence[Expr]) -> list[Expr]:
        """Prints erased or rewritten, and what a negation must not cover in statements before it."""
        found: list[Expr] = []
        for expr in body:
            if is_print(expr):
                found += [captured(expr, self.fresh)] if self.settings.keep_prints else []
                continue
            for one in Lift(expr, self.fresh).values() if expr.withs else (expr,):
                found += Lift(one, self.fresh).calls() if one.negated else [one]
        return found or [Expr(Scalar(True), span=expr.span) for expr in body[:1]]

    def _in_turn(self, body: Sequence[Expr], bound: Bound) -> list[Mentioned]:
        """The statements as they stand."""
        each = [Mentioned(expr) for expr in body]
        mentioned = set[str]().union(*[one.visible for one in each]) - bound
        known = set(bound)
        placed: list[Mentioned] = []
        for one in each:
            placed += self._fitting(one, known, mentioned)
        return placed

    def _fitting(self, one: Mentioned, known: set[str], mentioned: set[str]) -> list[Mentioned]:
        """The statement, taken apart where its order shows; `known` grows by what it binds."""
        names = one.visible - known
        captured = (one.enclosed & mentioned) - known
        if not names:
            _require(captured, known)
            return [one]
        pieces, whole = pieces_of(one.expr, known, self.fresh)
        fits = self._outputs_of(pieces, known)
        _require(names | captured, known | fits)
        known |= fits
        return [one] if whole else list(map(Mentioned, pieces))

    def _outputs_of(self, pieces: Sequence[Expr], known: Bound) -> set[str]:
        """What the statements bind one after the other."""
        found: set[str] = set()
        for piece in pieces:
            names = visible_in(piece) - known - found
            if names:
                outputs = bound_by(piece, known | found, self.settings.arity)
                _require(names, outputs)
                found |= outputs
        return found

    # Closures

    def _closed(self, placed: Sequence[Mentioned], bound: Bound) -> list[Expr]:
        """The statements with their closures ordered; each closure may use what is bound before its statement."""
        known = set(bound)
        found: list[Expr] = []
        for one in placed:
            expr = one.expr
            closed = self._statement(expr, known) if one.closures or type(expr.what) is Every else expr
            found += Lift(closed, self.fresh).references(self.settings.equals) if expr.negated else [closed]
            known |= one.visible
        return found

    def _statement(self, expr: Expr, known: set[str]) -> Expr:
        what = expr.what
        if isinstance(what, Every):
            what = replace(
                what,
                domain=self._term(what.domain, known),
                body=tuple(self.body(what.body, known | own_names(what))),
            )
        elif isinstance(what, SomeIn):
            what = replace(what, domain=self._term(what.domain, known))
        else:
            what = self._term(what, known)  # type: ignore[arg-type]  # SomeDecl is gone
        withs = tuple(replace(one, value=self._term(one.value, known)) for one in expr.withs)
        return replace(expr, what=what, withs=withs)

    def _term(self, term: Term, known: set[str]) -> Term:
        """The term with the closures in it ordered."""
        if not has_closure(term):
            return term
        if isinstance(term, Comprehension):
            return self._comprehension(term, known)
        if isinstance(term, TemplateString):
            return self._template(term, known)
        if isinstance(term, Ref):
            path = tuple(self._term(part, known) for part in term.path)
            return Ref(self._term(term.head, known), path, term.span)
        if isinstance(term, Call):
            return replace(term, args=tuple(self._term(part, known) for part in term.args))
        if isinstance(term, ObjectTerm):
            pairs = ((self._term(key, known), self._term(value, known)) for key, value in term.pairs)
            return replace(term, pairs=tuple(pairs))
        if isinstance(term, (ArrayTerm, SetTerm)):
            return replace(term, items=tuple(self._term(part, known) for part in term.items))
        return term

    def _comprehension(self, term: Comprehension, known: set[str]) -> Comprehension:
        terms = [term.value] if term.key is None else [term.key, term.value]
        body, found = self.with_terms(term.body, terms, known)
        for one in found:
            _require_in(one, known | visible_in_body(body))
        key = None if term.key is None else found[0]
        return replace(term, key=key, value=found[-1], body=body)

    def _template(self, term: TemplateString, known: set[str]) -> TemplateString:
        found: list[str | Term] = []
        for part in term.parts:
            if not isinstance(part, (str, Var)):
                _require_in(part, known)
                part = self._term(part, known)
            found.append(part)
        return replace(term, parts=tuple(found))

    # Heads

    def with_terms(self, body: Body, terms: Sequence[Term], bound: Bound) -> tuple[Body, list[Term]]:
        """A body and the terms evaluated behind it; those that bind or are needed early become part of the body."""
        loose = [term for term in terms if not fixed(term)]
        if not loose:
            return tuple(self.body(body, bound)), list(terms)
        tail = [self._bound_to(Var(self.fresh.support(), term.span), term) for term in loose]
        ordered = self.body([*body, *tail], bound)
        front, back = ordered[: -len(tail)], ordered[-len(tail) :]
        known = bound | visible_in_body(tuple(front))
        if (
            len(back) == len(tail)
            and all(map(_binds_same, tail, back))
            and all(len(visible_in(one) - known) == 1 for one in back)
        ):
            values = [one.what.args[1] for one in back]  # type: ignore[union-attr]
            body = tuple(front)
        else:
            values = [one.what.args[0] for one in tail]  # type: ignore[union-attr]
            body = tuple(ordered)
        values.reverse()
        return body, [term if fixed(term) else values.pop() for term in terms]

    @staticmethod
    def _bound_to(var: Var, term: Term) -> Expr:
        return Expr(Call("eq", (var, term), term.span), span=term.span)


def _binds_same(a: Expr, b: Expr) -> bool:
    """Whether both bind the same new variable."""
    left, right = a.what, b.what
    if not isinstance(left, Call) or not isinstance(right, Call):
        return False
    return right.name == "eq" and left.args[0] == right.args[0]


def _require_in(term: Term, bound: Bound) -> None:
    names: set[str] = set()
    visible(term, names)
    _require(names, bound)


def _require(names: Bound, bound: Bound) -> None:
    if not names <= bound:
        raise Unordered
