"""Variables that are unified before either is bound: from there on one of them stands for both.

OPA's safety check lets such statements stand too early, now and then, and its evaluation links the variables. Ours
binds each variable where its value is made, so the link is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from constraints.rego.flat.lookups import spread_lookups
from constraints.rego.flat.outputs import Arity, bound_by
from constraints.rego.flat.rules import FlatRule
from constraints.rego.flat.safety import order_to_translate
from constraints.rego.flat.unified import is_local
from constraints.rego.syntax.termorder import changed
from constraints.rego.syntax.tree import Body, Call, Comprehension, Every, Expr, Scalar, Term, Var

Aliases = Mapping[str, str]


def bind_first(rule: FlatRule, arity: Arity, equals: frozenset[str]) -> None:
    """Change a rule: its body in an order in which all is bound first, or without unifications of what is not.

    x = y; y = 1             becomes     y = 1; x = y
    x = y; [x] = [z]; ...    becomes     [x] = [z]; ...    with `x` for `y`
    """
    body = order_to_translate(rule, arity)
    if body is not None:
        rule.body = spread_lookups(body, rule.fresh, equals)
        rule.is_early = False
        return
    rule.body, names = _linked_body(rule.body, rule.bound(), arity)
    rule.suffix = tuple([renamed(part, names) for part in rule.suffix])
    rule.key, rule.value = (None if term is None else renamed(term, names) for term in (rule.key, rule.value))


def _linked_body(body: Body, bound: set[str], arity: Arity) -> tuple[Body, Aliases]:
    """The body without such statements, and for each variable that is gone the one that stands for it."""
    known = set(bound)
    names: dict[str, str] = {}
    found: list[Expr] = []
    for expr in body:
        expr = _renamed(expr, names)
        pair = _pair(expr)
        if pair is not None and not known & {*pair}:
            names = {old: pair[0] if new == pair[1] else new for old, new in names.items()} | {pair[1]: pair[0]}
            continue
        found.append(expr)
        known |= bound_by(expr, known, arity)
    return tuple(found), names


def _pair(expr: Expr) -> tuple[str, str] | None:
    what = expr.what
    if expr.negated or not isinstance(what, Call) or what.name != "eq" or len(what.args) != 2:
        return None
    a, b = what.args
    if isinstance(a, Var) and isinstance(b, Var) and is_local(a) and is_local(b) and a.name != b.name:
        return a.name, b.name
    return None


def _renamed(expr: Expr, names: Aliases) -> Expr:
    if not names:
        return expr
    what = expr.what
    if isinstance(what, Every):
        body = tuple(_renamed(inner, names) for inner in what.body)
        flat: Term | Every = replace(what, domain=renamed(what.domain, names), body=body)
    else:
        flat = renamed(what, names)  # type: ignore[arg-type]  # SomeDecl and SomeIn are gone
    withs = tuple(replace(one, value=renamed(one.value, names)) for one in expr.withs)
    return Expr(flat, expr.negated, withs, expr.span)


def renamed(term: Term, names: Aliases) -> Term:
    """The term with the variables that stand for others."""
    if isinstance(term, Scalar):
        return term
    if isinstance(term, Var):
        return Var(names[term.name], term.span) if term.name in names else term
    if isinstance(term, Comprehension):
        key = None if term.key is None else renamed(term.key, names)
        body = tuple(_renamed(expr, names) for expr in term.body)
        return Comprehension(term.kind, renamed(term.value, names), body, key, term.span)
    return changed(term, lambda part: renamed(part, names))
