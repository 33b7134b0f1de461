"""Step three: each call in a statement of its own, with its result in an argument more (OPA: rewriteExprTerms).

What OPA does next to terms of comprehensions and to values of `with` is done here, too: when something has to be looked
up for them, a statement does so (rewriteComprehensionTerms, rewriteWithModifiers).
"""

from __future__ import annotations

from dataclasses import replace

from constraints.rego.flat.rules import FlatRule, joined, must_be_looked_up, named
from constraints.rego.names.scope import Fresh, Step
from constraints.rego.syntax.termorder import changed
from constraints.rego.syntax.tree import (
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    FunctionName,
    Ref,
    Scalar,
    Term,
    Var,
    With,
)


def spread_calls(rule: FlatRule) -> None:
    """Change a rule: its body, and its head of which only what can stand in one is left."""
    calls = _Calls(rule.fresh)
    args = []
    for arg in rule.args:
        args.append(calls.term(arg))
        rule.append(calls.taken())
    for name in ("key", "value"):
        term = getattr(rule, name)
        if term is not None:
            setattr(rule, name, calls.term(term))
            rule.append(calls.taken())
    rule.body = calls.body(rule.body)
    if rule.key is not None and must_be_looked_up(rule.key):
        rule.key = rule.named(rule.key)
    if rule.value is not None and must_be_looked_up(rule.value):
        rule.value = rule.named(rule.value)
    rule.args = tuple(rule.named(arg) if must_be_looked_up(arg) else arg for arg in args)


class _Calls:
    """`support` are the statements that have to stand before the one in work."""

    def __init__(self, fresh: Fresh, withs: tuple[With, ...] = ()) -> None:
        self.fresh = fresh
        self.withs = withs
        self.support: list[Expr] = []

    def taken(self) -> list[Expr]:
        """The support, which is gone then."""
        found, self.support = self.support, []
        return found

    def body(self, body: Body) -> Body:
        return tuple([one for expr in body for one in self._statement(expr)])

    def _statement(self, expr: Expr) -> list[Expr]:
        what = expr.what
        before: list[Expr] = []
        withs = self._withs(expr.withs, before) if expr.withs else ()
        inner = _Calls(self.fresh, withs)
        if isinstance(what, Every):
            domain, statement = named(what.domain, self.fresh, Step.CALLS, withs)
            before += inner._statement(statement)
            flat: Term | Every = replace(what, domain=domain, body=self.body(what.body))
        elif isinstance(what, Call):
            flat = changed(what, inner.term)
        else:
            flat = inner.term(what)  # type: ignore[arg-type]  # SomeDecl and SomeIn are gone
        before += inner.support
        same = flat is what and withs == expr.withs
        before.append(expr if same else Expr(flat, expr.negated, withs, expr.span))
        return before

    def _withs(self, withs: tuple[With, ...], before: list[Expr]) -> tuple[With, ...]:
        plain = _Calls(self.fresh)
        expanded = [replace(one, value=plain.term(one.value)) for one in withs]
        before += plain.support
        found = []
        for one in expanded:
            if not isinstance(one.value, FunctionName) and must_be_looked_up(one.value):
                value, statement = named(one.value, self.fresh, Step.WITHS)
                before.append(statement)
                one = replace(one, value=value)
            found.append(one)
        return tuple(found)

    def term(self, term: Term) -> Term:
        """The term without calls; they are in the support."""
        kind = type(term)
        if kind is Scalar or kind is Var:
            return term
        if isinstance(term, Comprehension):
            return self._comprehension(term)
        flat = changed(term, self.term)
        if isinstance(flat, Call):
            var = Var(self.fresh.support(Step.CALLS), term.span)
            call = Call(flat.name, (*flat.args, var), flat.span)
            self.support.append(Expr(call, False, self.withs, term.span))
            return var
        if isinstance(flat, Ref) and not isinstance(flat.head, (Var, Scalar)):
            head, statement = named(flat.head, self.fresh, Step.CALLS, self.withs)
            self.support.append(statement)
            return Ref(head, flat.path, flat.span)
        return flat

    def _comprehension(self, term: Comprehension) -> Comprehension:
        inner = _Calls(self.fresh)
        start = len(self.fresh.made)
        key = None if term.key is None else inner.term(term.key)
        value = inner.term(term.value)
        body = inner.body(joined(term.body, inner.taken()))
        behind = len(self.fresh.made)
        if key is not None and must_be_looked_up(key):
            key, statement = named(key, self.fresh, Step.COMPREHENSIONS)
            body = joined(body, [statement])
        if must_be_looked_up(value):
            value, statement = named(value, self.fresh, Step.COMPREHENSIONS)
            body = joined(body, [statement])
        made = self.fresh.made
        made[start:] = made[behind:] + made[start:behind]  # OPA goes from the outside to the inside in that step
        return Comprehension(term.kind, value, body, key, term.span)
