"""Step four: bodies in an order in which every variable is bound before it is needed (OPA: reorderBodyForSafety).

Statements are taken in turn as soon as what they need is bound, closures included; what is left over is unsafe.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import field, replace

from constraints.dataclass import dataclass
from constraints.lang.source import Span
from constraints.rego.flat.outputs import Arity, bound_by
from constraints.rego.flat.rules import FlatRule
from constraints.rego.syntax.problems import UNSAFE, Problems, shown
from constraints.rego.syntax.termorder import SUPPORT, changed
from constraints.rego.syntax.tree import Body, Comprehension, Every, Expr, Ref, Scalar, Term
from constraints.rego.syntax.walk import (
    Mentioned,
    everywhere,
    has_closure,
    own_names,
    parts,
    terms_of,
    visible,
    visible_in_body,
)

Unsafe = list[tuple[Expr, set[str]]]
"""Statements with the variables that nothing binds."""


def check_head(rule: FlatRule, problems: Problems) -> None:
    """Note each variable of a head that stands nowhere in its body."""
    terms = [*rule.args, *rule.suffix, *(term for term in (rule.key, rule.value) if term is not None)]
    if all(type(term) is Scalar for term in terms):
        return
    known = visible_in_body(rule.body) | rule.bound()
    for term in terms:
        names: set[str] = set()
        visible(term, names)
        for name in sorted(name for name in names - known if not name.startswith(SUPPORT)):
            problems.add(UNSAFE, f"var {shown(name)} is unsafe", term.span, rule.source)


def order_body(rule: FlatRule, arity: Arity, problems: Problems) -> None:
    """Change a rule: its body in order; note what is unsafe."""
    safety = _Safety(arity, rule.bound())
    body, unsafe = safety.ordered(rule.body)
    rule.is_early, rule.unordered, rule.body = safety.is_early, rule.body, body
    if unsafe:
        _note(unsafe, problems, rule.source)


def order_to_translate(rule: FlatRule, arity: Arity) -> Body | None:
    """The body in an order in which all is bound; None where there is none, since OPA's check is mistaken.

    OPA takes statements for ready too early, now and then: it can unify what is not bound yet, which we cannot.
    """
    body, unsafe = _Safety(arity, rule.bound(), is_strict=True).ordered(rule.unordered)
    return None if unsafe else body


def _note(unsafe: Unsafe, problems: Problems, source: str) -> None:
    """Name each unsafe variable at the first statement that needs it; those that no one wrote are no names."""
    places: dict[str, Span] = {}
    for expr, names in unsafe:
        for name in names:
            if name not in places or expr.span < places[name]:
                places[name] = expr.span
    written = [name for name in sorted(places) if not name.startswith(SUPPORT)]
    for name in written:
        problems.add(UNSAFE, f"var {shown(name)} is unsafe", places[name], source)
    for expr, _ in unsafe if not written else ():
        problems.add(UNSAFE, "expression is unsafe", expr.span, source)


@dataclass(slots=True)
class _Safety:
    """One body; `bound` are the variables around it, which grow from statement to statement for the closures.

    `is_early`: some statement may stand before what it needs is bound, in the body or a closure.
    """

    arity: Arity
    bound: set[str]
    is_strict: bool = False
    unsafe: Unsafe = field(default_factory=list)
    is_early: bool = False

    def ordered(self, body: Body) -> tuple[Body, Unsafe]:
        """The body in order, all closures in it too; as it was when something is unsafe."""
        order = _Order(body, self)
        while order.turn():
            pass
        self.is_early = order.is_early
        self.unsafe = [(body[at], names) for at, names in order.missing.items() if names]
        found = []
        for at, one in enumerate(order.placed):
            if at:
                self.bound |= order.placed[at - 1].visible
            found.append(self._closed(one))
        return tuple(found), self.unsafe

    # Closures

    def _closed(self, one: Mentioned) -> Expr:
        expr = one.expr
        what = expr.what
        if isinstance(what, Every):
            self.bound |= own_names(what)
            return replace(expr, what=replace(what, body=self._inner(what.body, set(), expr)))
        if not one.closures:
            return expr
        closed = has_closure(what)  # type: ignore[arg-type]  # SomeDecl and SomeIn are gone
        if not closed and not any(has_closure(each.value) for each in expr.withs):
            return expr
        withs = tuple(replace(one, value=self._term(one.value, expr)) for one in expr.withs)
        return replace(expr, what=self._term(what, expr), withs=withs)  # type: ignore[arg-type]  # SomeDecl and SomeIn are gone

    def _term(self, term: Term, at: Expr) -> Term:
        if isinstance(term, Comprehension):
            names: set[str] = set()
            everywhere(term.value, names)
            if term.key is not None:
                everywhere(term.key, names)
            return replace(term, body=self._inner(term.body, names, at))
        if not has_closure(term):
            return term
        return changed(term, lambda part: self._term(part, at))

    def _inner(self, body: Body, names: set[str], at: Expr) -> Body:
        """The body of a closure whose term needs these names."""
        missing = names - visible_in_body(body) - self.bound
        if missing:
            self.unsafe.append((at, missing))
        inner = _Safety(self.arity, set(self.bound), self.is_strict)
        found, unsafe = inner.ordered(body)
        self.unsafe += unsafe
        self.is_early |= inner.is_early
        return body if unsafe else found


class _Order:
    """What has been placed so far, and what each statement still misses.

    Statements that could not be placed in one turn are tried again in the next one where something has changed for
    them.
    """

    def __init__(self, body: Body, safety: _Safety) -> None:
        self.body = body
        self.arity = safety.arity
        self.bound = set(safety.bound)
        self.is_strict = safety.is_strict
        self.each = [Mentioned(expr) for expr in body]
        self.mentioned = set[str]().union(*[one.visible for one in self.each])
        self.safe = self.mentioned & self.bound
        self.missing = {at: one.visible - self.safe for at, one in enumerate(self.each)}
        self.carried: set[str] = set()
        self.placed: list[Mentioned] = []
        self.done: set[int] = set()
        self.waiting = list(range(1 - len(body), 1))  # what to try in the next turn, negated: the last one comes first
        self.users: dict[str, list[int]] = {}  # the statements that a variable stands in
        self.names = [one.visible | one.enclosed if one.enclosed else one.visible for one in self.each]
        for at, names in enumerate(self.names):
            for name in names:
                self.users.setdefault(name, []).append(at)
        self.has_closed_keys = False
        self.tries_all = False
        self.is_early = False

    def turn(self) -> bool:
        """Try statements once, from the first to the last one. False when there is no use in another turn."""
        count, later = len(self.placed), set[int]()
        while self.waiting:
            at = -self.waiting.pop()
            if at in self.done:
                continue
            new = self._taken(at)
            if self.tries_all:
                continue
            if self.carried or self.has_closed_keys:  # may matter to any statement, in this turn and in the next one
                self.tries_all = True
                self.waiting = self._undone(at + 1)
                continue
            for other in {other for name in new for other in self.users[name]} - self.done - {at}:
                later.add(other) if other < at else insort(self.waiting, -other)
        self.waiting = self._undone(0) if self.tries_all else sorted(-at for at in later - self.done)
        return len(self.placed) not in (count, len(self.body))

    def _undone(self, start: int) -> list[int]:
        return [-at for at in range(len(self.body) - 1, start - 1, -1) if at not in self.done]

    def _taken(self, at: int) -> set[str]:
        """Place a statement if it can stand here; gives the variables that it binds then."""
        before = self.safe & self.names[at]
        self.take(at, self.body[at])
        return (self.safe & self.names[at]) - before

    def take(self, at: int, expr: Expr) -> None:
        """Place the statement if it can stand here."""
        safe = self.safe & (self.names[at] | self.carried)
        self.is_early = self.is_early or not self.carried <= self.safe
        outputs = bound_by(expr, safe, self.arity, None if self.is_strict else self.carried)
        captured = needed = (self.each[at].enclosed & self.mentioned) - self.bound
        if self.is_strict:
            self.missing[at] |= captured
        elif captured:
            captured -= self._bound_so_far()
            if captured and captured == outputs:  # never, as with OPA: a closure over just what its own statement binds
                return
            if captured:
                self.missing[at] = captured
        missing = self.missing[at]
        missing -= outputs
        missing -= self.safe
        if not missing:
            if needed and not self.is_strict:
                self.is_early = self.is_early or not (needed | self.each[at].visible) <= self.safe | outputs
            self.placed.append(self.each[at])
            self.done.add(at)
            self.safe |= outputs
            if self.each[at].closures and not self.has_closed_keys:
                self.has_closed_keys = any(map(_has_closed_key, terms_of(expr)))

    def _bound_so_far(self) -> set[str]:
        """What the placed statements bind besides what is safe already: something in closures in keys, or nothing."""
        if not self.has_closed_keys:
            return set()
        known = set(self.safe)
        carried: set[str] = set()
        for one in self.placed:
            known |= bound_by(one.expr, known, self.arity, carried)
        return known - self.safe


def _has_closed_key(term: Term) -> bool:
    """Whether there is a closure in a key of a reference."""
    if isinstance(term, Ref) and any(type(part) is not Scalar and has_closure(part) for part in term.path):
        return True
    return any(_has_closed_key(part) for part in parts(term))
