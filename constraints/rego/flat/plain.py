"""Step one: bodies with plain statements. `:=` is `=`, `some x in xs` is `x = xs[_]`, prints are gone, none is
empty.
"""

from __future__ import annotations

from dataclasses import replace

from constraints.rego.flat.prints import is_print
from constraints.rego.flat.rules import TRUE, FlatRule, named
from constraints.rego.names.scope import Fresh, Step
from constraints.rego.syntax.termorder import changed
from constraints.rego.syntax.tree import (
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Ref,
    Scalar,
    SomeDecl,
    SomeIn,
    TemplateString,
    Term,
    Var,
)


def make_plain(rule: FlatRule, keep_prints: bool) -> None:
    """Change a rule."""
    plain = _Plain(rule.fresh, keep_prints)
    rule.body = plain.body(rule.body)
    suffix = []
    for part in rule.suffix:
        if not isinstance(part, (Scalar, Var)):
            part, statement = named(part, rule.fresh, Step.HEADS)
            rule.append(plain.body((statement,)))
        suffix.append(part)
    rule.suffix = tuple(suffix)
    rule.args = tuple(map(plain.term, rule.args))
    rule.key = None if rule.key is None else plain.term(rule.key)
    rule.value = None if rule.value is None else plain.term(rule.value)
    rule.has_closures, rule.has_templates = plain.has_closures, plain.has_templates


class _Plain:
    def __init__(self, fresh: Fresh, keep_prints: bool) -> None:
        self.fresh = fresh
        self.keep_prints = keep_prints
        self.has_closures = False
        self.has_templates = False

    def body(self, body: Body) -> Body:
        found = [
            self._statement(expr)
            for expr in body
            if not isinstance(expr.what, SomeDecl) and (self.keep_prints or not is_print(expr))
        ]
        return tuple(found) or (Expr(TRUE, span=body[0].span if body else TRUE.span),)

    def _statement(self, expr: Expr) -> Expr:
        what = expr.what
        if isinstance(what, SomeIn):
            key = what.key or Var(self.fresh.keys[what.span], what.span)
            what = Call("eq", (what.value, _member_of(replace(what, key=key))), what.span)
        elif isinstance(what, Call) and what.name == "assign":
            what = Call("eq", what.args, what.span)
        if isinstance(what, Every):
            self.has_closures = True
            key = what.key or Var(self.fresh.keys[what.span], what.span)
            plain: Term | Every = Every(key, what.value, self.term(what.domain), self.body(what.body), what.span)
        else:
            plain = self.term(what)  # type: ignore[arg-type]  # SomeDecl is gone
        withs = tuple(replace(one, value=self.term(one.value)) for one in expr.withs)
        return expr if plain is expr.what and not withs else Expr(plain, expr.negated, withs, expr.span)

    def term(self, term: Term) -> Term:
        kind = type(term)
        if kind is Scalar or kind is Var:
            return term
        if isinstance(term, Comprehension):
            self.has_closures = True
            key = None if term.key is None else self.term(term.key)
            return Comprehension(term.kind, self.term(term.value), self.body(term.body), key, term.span)
        if isinstance(term, TemplateString):
            self.has_closures = self.has_templates = True
            found = tuple(part if isinstance(part, str) else self.term(part) for part in term.parts)
            return TemplateString(found, term.span)
        return changed(term, self.term)


def _member_of(what: SomeIn) -> Ref:
    """`some v in xs` as the reference that it iterates: `xs[k]`, with a key of no name where there is none."""
    key = what.key or Var("$", what.span)
    if isinstance(what.domain, Ref):
        return Ref(what.domain.head, (*what.domain.path, key), what.domain.span)
    return Ref(what.domain, (key,), what.domain.span)
