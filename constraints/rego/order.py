"""Statements in an order in which every variable is bound before it is needed: the source's order where that does.

The rules are OPA's (v1/ast/compile.go reorderBodyForSafety): statements are taken in turn as soon as what they need is
bound; closures may use what stands before them; what is left over is unsafe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from constraints.model import value
from constraints.rego.flatten import UNIFICATIONS, Lift, apart, fixed
from constraints.rego.outputs import Arity, Bound, bound_by
from constraints.rego.prints import captured, is_print
from constraints.rego.scope import Fresh
from constraints.rego.syntax import (
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
from constraints.rego.walk import enclosed_in, has_closure, terms_of, visible, visible_in, visible_in_body
from constraints.rego.wholeness import must_be_apart, pieces_of


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
        statements = self._prepared(body, bound)
        mentioned = visible_in_body(tuple(statements)) - bound
        placed = self._in_turn(statements, bound, mentioned)
        if placed is None:
            placed = self._taken_apart(statements, bound, mentioned)
        return self._closed(placed, bound)

    def _prepared(self, body: Sequence[Expr], bound: Bound) -> list[Expr]:
        """Prints erased or rewritten, and what a negation must not cover in statements before it."""
        found: list[Expr] = []
        for expr in body:
            if is_print(expr):
                found += [captured(expr, self.fresh)] if self.settings.keep_prints else []
                continue
            for one in Lift(expr, self.fresh).values() if expr.withs else (expr,):
                found += Lift(one, self.fresh).calls() if one.negated else [one]
        return found or [Expr(Scalar(True), span=expr.span) for expr in body[:1]]

    # The common case: the order of the source

    def _in_turn(self, body: Sequence[Expr], bound: Bound, mentioned: set[str]) -> list[Expr] | None:
        """The statements as they stand, or None when one of them needs what is bound behind it."""
        known = set(bound)
        placed: list[Expr] = []
        for expr in body:
            found = self._fitting(expr, known, mentioned)
            if found is None:
                return None
            placed += found
        return placed

    def _fitting(self, expr: Expr, known: set[str], mentioned: set[str]) -> list[Expr] | None:
        """The statement, taken apart where its order shows, if it can stand here; `known` grows by what it binds."""
        names = visible_in(expr) - known
        if not names:
            return [expr] if self._closures_fit(expr, known, set(), mentioned) else None
        pieces, whole = pieces_of(expr, known, self.fresh)
        fits = self._outputs_of(pieces, known)
        if fits is None or not names <= fits or not self._closures_fit(expr, known, fits - known, mentioned):
            return None
        known |= fits
        return [expr] if whole else pieces

    def _outputs_of(self, pieces: Sequence[Expr], known: Bound) -> set[str] | None:
        """What the statements bind one after the other; None when one of them cannot stand."""
        found: set[str] = set()
        for piece in pieces:
            names = visible_in(piece) - known - found
            if names:
                outputs = bound_by(piece, known | found, self.settings.arity)
                if not names <= outputs:
                    return None
                found |= outputs
        return found

    def _closures_fit(self, expr: Expr, known: set[str], outputs: set[str], mentioned: set[str]) -> bool:
        enclosed = enclosed_in(expr) & mentioned
        captured = enclosed - known
        if captured:
            return captured <= outputs and captured != outputs
        return not enclosed or not self._mirrored(expr, known, mentioned)

    def _mirrored(self, expr: Expr, known: Bound, mentioned: set[str]) -> bool:
        """Whether closures use just the variables that are keys beside them: OPA takes those for unbound, always."""
        for piece in Lift(expr, self.fresh).calls():
            outputs = bound_by(piece, known, self.settings.arity)
            if outputs and outputs == enclosed_in(piece) & mentioned:
                return True
            known = known | outputs
        return False

    # The other case: calls in statements of their own, each as soon as it can be

    def _taken_apart(self, body: Sequence[Expr], bound: Bound, mentioned: set[str]) -> list[Expr]:
        groups = [Lift(expr, self.fresh).calls() for expr in body]
        mentioned = mentioned | (visible_in_body(tuple(piece for group in groups for piece in group)) - bound)
        waiting = [(index, piece) for index, group in enumerate(groups) for piece in group]
        known = set(bound)
        placed: list[tuple[int, Expr]] = []
        while waiting:
            left = []
            for index, piece in waiting:
                if self._fits_now(piece, known, mentioned):
                    placed.append((index, piece))
                else:
                    left.append((index, piece))
            if len(left) == len(waiting):
                raise Unordered
            waiting = left
        return self._whole_again(body, groups, placed, bound)

    def _fits_now(self, piece: Expr, known: set[str], mentioned: set[str]) -> bool:
        names = visible_in(piece) - known
        outputs = bound_by(piece, known, self.settings.arity) - known if names else set()
        if not names <= outputs or not self._closures_fit(piece, known, outputs, mentioned):
            return False
        known |= outputs
        return True

    def _whole_again(
        self, body: Sequence[Expr], groups: list[list[Expr]], placed: list[tuple[int, Expr]], bound: Bound
    ) -> list[Expr]:
        """The placed statements; those that are still together as they were written."""
        found: list[Expr] = []
        known = set(bound)
        at = 0
        while at < len(placed):
            index, piece = placed[at]
            group = groups[index]
            together = [one for _, one in placed[at : at + len(group)]]
            if piece is group[0] and all(map(_same, together, group)) and len(together) == len(group):
                found += apart(body[index], self.fresh) if must_be_apart(body[index], known) else [body[index]]
                at += len(group)
            else:
                together = [piece]
                found.append(piece)
                at += 1
            for one in together:
                known |= visible_in(one)
        return found

    # Closures

    def _closed(self, placed: Sequence[Expr], bound: Bound) -> list[Expr]:
        """The statements with their closures ordered; each closure may use what is bound before its statement."""
        known = set(bound)
        found: list[Expr] = []
        for expr in placed:
            names = visible_in(expr)
            closed = self._statement(expr, known)
            found += Lift(closed, self.fresh).references(self.settings.equals) if expr.negated else [closed]
            known |= names
        return found

    def _statement(self, expr: Expr, known: set[str]) -> Expr:
        if not any(map(has_closure, terms_of(expr))) and type(expr.what) is not Every:
            return expr
        what = expr.what
        if isinstance(what, Every):
            own = {var.name for var in (what.key, what.value) if var is not None}
            what = replace(
                what,
                domain=self._term(what.domain, known),
                body=tuple(self.body(what.body, known | own)),
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
            _require(one, known | visible_in_body(body))
        key = None if term.key is None else found[0]
        return replace(term, key=key, value=found[-1], body=body)

    def _template(self, term: TemplateString, known: set[str]) -> TemplateString:
        found: list[str | Term] = []
        for part in term.parts:
            if not isinstance(part, (str, Var)):
                _require(part, known)
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


def _same(a: Expr, b: Expr) -> bool:
    return a is b


def _binds_same(a: Expr, b: Expr) -> bool:
    """Whether both bind the same new variable."""
    left, right = a.what, b.what
    if not isinstance(left, Call) or not isinstance(right, Call):
        return False
    return right.name == "eq" and left.args[0] == right.args[0]


def _require(term: Term, bound: Bound) -> None:
    names: set[str] = set()
    visible(term, names)
    if not names <= bound:
        raise Unordered
