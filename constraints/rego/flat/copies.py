"""Step seven: variables that no one wrote and that only hand a value on go again, once all checks are done.

    count(xs, t); n = t                   becomes   count(xs, n)
    [t | x = xs[k]; t = {"msg": x}]       becomes   [{"msg": x} | x = xs[_]]

where `t` is a result or the term of a head, and `k` a key that `some x in xs` does not ask for. A value has the name
then by which people know it, and what is known of a head shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from constraints.dataclass import value
from constraints.rego.flat.rules import FlatRule
from constraints.rego.flat.unified import is_local
from constraints.rego.syntax.termorder import SUPPORT, TEMPLATE, changed
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    ObjectTerm,
    Ref,
    SetTerm,
    Term,
    Var,
    With,
)
from constraints.rego.syntax.walk import has_closure, own_names, visible_in, visible_in_body

Heads = list[Term]
"""The terms that are made behind a body, each a variable or a composite of such."""


def drop_copies(rule: FlatRule) -> None:
    """Change a rule, whose body is in safe order: its body and the terms of its head."""
    copies = _Copies(frozenset(rule.fresh.keys.values()), rule.has_closures, rule.has_templates)
    heads = [head for head in (rule.key, rule.value) if head is not None]
    rule.body, heads = copies.body(rule.body, rule.bound(), heads)
    rule.key, rule.value = (None if head is None else heads.pop(0) for head in (rule.key, rule.value))


@value
class _Copies:
    """`keys`: those of iterations for which no one asks; for the others see FlatRule."""

    keys: frozenset[str]
    has_closures: bool
    has_templates: bool

    def body(self, body: Body, bound: set[str], heads: Heads) -> tuple[Body, Heads]:
        """A body and its heads; `bound` are the variables around it."""
        around = bound | visible_in_body(body) if self.has_closures else bound
        found = [self._statement(expr, around) for expr in _renamed(body, bound)]
        if self.has_templates:
            found = _with_parts(found)
        heads = [_put_back(head, found) for head in heads]
        return tuple(found), heads

    def _statement(self, expr: Expr, around: set[str]) -> Expr:
        what = expr.what
        if isinstance(what, Every):
            body, _ = self.body(what.body, around | own_names(what), [])
            key = self._key(what.key) if what.key is not None else None
            return replace(expr, what=replace(what, key=key, body=body))
        term = self._without_key(what) if self.keys and isinstance(what, Call) else what
        if self.has_closures:
            term = self._closures(term, around)  # type: ignore[arg-type]  # SomeDecl and SomeIn are gone
        return expr if term is what else replace(expr, what=term)

    def _without_key(self, call: Call) -> Call:
        """`x = xs[k]` with a wildcard for the key."""
        match call.args:
            case (pattern, Ref(head, (*path, Var(name) as key), span)) if name in self.keys:
                return Call(call.name, (pattern, Ref(head, (*path, self._key(key)), span)), call.span)
        return call

    def _key(self, key: Var) -> Var:
        return Var(f"${key.name}", key.span) if key.name in self.keys else key

    def _closures(self, term: Term, around: set[str]) -> Term:
        if not isinstance(term, Comprehension):
            return changed(term, lambda part: self._closures(part, around)) if has_closure(term) else term
        body, (found, *keys) = self.body(term.body, around, [term.value, *([term.key] if term.key else [])])
        return Comprehension(term.kind, found, body, keys[0] if keys else None, term.span)


def _renamed(body: Body, bound: set[str]) -> Sequence[Expr]:
    """The statements with results under the names that they are given next."""
    found: list[Expr] = []
    results: dict[str, int] = {}
    seen, unseen = set(bound), 0
    for expr in body:
        pair = _pair(expr, results)
        if pair is not None:
            name, at = pair
            while unseen < len(found):
                seen |= visible_in(found[unseen])
                unseen += 1
            if name.name not in seen and expr.withs == found[at].withs:
                found[at] = _with_result(found[at], name)
                seen.add(name.name)
                continue
        elif not expr.negated:
            result = _result(expr.what)
            if result is not None:
                results[result.name] = len(found)
        found.append(expr)
    return found


def _result(what: object) -> Var | None:
    """The variable of the compiler that may be the result of a call."""
    match what:
        case Call(name, (*_, Var() as last)) if name != "eq" and last.name.startswith(SUPPORT):
            return last
    return None


def _pair(expr: Expr, results: dict[str, int]) -> tuple[Var, int] | None:
    """For `name = t` the name, and the number of the statement that has the result `t`."""
    if expr.negated or not isinstance(expr.what, Call) or expr.what.name != "eq":
        return None
    one, other = expr.what.args
    if not isinstance(one, Var) or not isinstance(other, Var):
        return None
    if other.name in results and is_local(one):
        return one, results[other.name]
    return (other, results[one.name]) if one.name in results and is_local(other) else None


def _with_result(expr: Expr, name: Var) -> Expr:
    call = expr.what
    assert isinstance(call, Call)
    return replace(expr, what=Call(call.name, (*call.args[:-1], name), call.span))


def _put_back(head: Term, body: list[Expr]) -> Term:
    """The composite that a statement of the body, which goes, has in the place of a variable."""
    if not isinstance(head, Var) or not head.name.startswith(SUPPORT):
        return head
    for at, expr in enumerate(body):
        match expr:
            case Expr(Call("eq", (Var(name), ArrayTerm() | ObjectTerm() | SetTerm() as term)), False, ()):
                if name == head.name:
                    del body[at]
                    return term
    return head


def _with_parts(body: list[Expr]) -> list[Expr]:
    """The statements with the closures that are parts of template strings in their place."""
    closures = {one[0]: one[1:] for one in map(_closure, body) if one is not None}
    taken: set[Term] = set()

    def part(item: Term, withs: tuple[With, ...]) -> Term:
        closure, those = closures.get(item, (item, ()))
        if closure is item or those != withs:
            return item
        taken.add(item)
        return closure

    found = []
    for expr in body:
        match expr.what:
            case Call(name, (ArrayTerm(items, span), *result)) if name == TEMPLATE:
                parts = ArrayTerm(tuple([part(item, expr.withs) for item in items]), span)
                expr = replace(expr, what=Call(name, (parts, *result), expr.what.span))
        found.append(expr)
    return [expr for expr in found if not taken.intersection((_closure(expr) or ())[:1])]


def _closure(expr: Expr) -> tuple[Term, Term, tuple[With, ...]] | None:
    """The variable of the compiler for which a statement makes a set, and its closure."""
    match expr.what:
        case Call("eq", (Var(name) as var, Comprehension("set") as term)) if name.startswith(SUPPORT):
            return None if expr.negated else (var, term, expr.withs)
    return None
