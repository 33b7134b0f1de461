"""Statements against types, one after the other: closures, then references, then the statement itself (OPA:
CheckBody).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from constraints.rego.syntax.termorder import OpaNames, in_order, pairs_in_order
from constraints.rego.syntax.tree import Body, Call, Comprehension, Every, Expr, FunctionName, ObjectTerm, SetTerm, Term
from constraints.rego.syntax.walk import has_closure, parts, terms_of
from constraints.rego.types.fit import fit, unify
from constraints.rego.types.kinds import ANY, FunctionType, Type, is_open, meets
from constraints.rego.types.references import ReferenceCheck
from constraints.rego.types.scope import Misfit, TypeScope

PATIENCE: Final = 4_000
"""Bodies of comprehensions to look at; as OPA does it, each one that is nested in others doubles their number."""


def check_body(scope: TypeScope, body: Body) -> list[Misfit]:
    """What cannot fit; the scope gets the types of the variables."""
    found: list[Misfit] = []
    for expr in body:
        closures = _closures(scope, expr)
        references = ReferenceCheck(scope)
        references.statement(expr)
        found += closures
        found += references.misfits
        misfit = _statement(scope, expr)
        if misfit is not None and not (misfit.of_unknown and (closures or references.misfits)):
            found.append(misfit)
    return found


# Closures


def _closures(scope: TypeScope, expr: Expr) -> list[Misfit]:
    """What is wrong in the last closure in which something is; those within closures are looked at from here, too."""
    if not isinstance(expr.what, Every) and not any(map(has_closure, terms_of(expr))):
        return []
    found: list[Misfit] = []
    stack = list(_terms_in_order(expr))[::-1]
    while stack:
        term = stack.pop()
        if isinstance(term, Comprehension):
            _, misfits = scope.collected(term)
            if misfits:
                found = misfits
                continue
            if scope.world.checks > PATIENCE:
                continue
        stack += list(_parts_in_order(term, scope.names))[::-1]
    return found


def _terms_in_order(expr: Expr) -> Iterator[Term]:
    yield from terms_of(expr)
    if isinstance(expr.what, Every):
        for inner in expr.what.body:
            yield from _terms_in_order(inner)


def _parts_in_order(term: Term, names: OpaNames) -> Iterator[Term]:
    if isinstance(term, Comprehension):
        yield from (term.value,) if term.key is None else (term.key, term.value)
        for expr in term.body:
            yield from _terms_in_order(expr)
    elif isinstance(term, ObjectTerm):
        for pair in pairs_in_order(term, names):
            yield from pair
    else:
        yield from in_order(term.items, names) if isinstance(term, SetTerm) else parts(term)


# The statement itself


def _statement(scope: TypeScope, expr: Expr) -> Misfit | None:
    for one in expr.withs:
        misfit = _replacement(scope, one.target, one.value)
        if misfit is not None:
            return misfit
    what = expr.what
    if not isinstance(what, Call):
        return None
    return _unification(scope, expr, what) if what.name == "eq" else _call(scope, expr, what)


def _replacement(scope: TypeScope, target: Term, value: Term) -> Misfit | None:
    if not isinstance(target, FunctionName) or not isinstance(value, FunctionName):
        return None
    kind, other = scope.type_of(target), scope.type_of(value)
    if isinstance(kind, FunctionType) and isinstance(other, FunctionType) and not meets(kind, other):
        return Misfit(f"{target.name}: arity mismatch", value.span)
    return None


def _unification(scope: TypeScope, expr: Expr, call: Call) -> Misfit | None:
    if len(call.args) != 2:
        return Misfit(f"eq: too {'few' if len(call.args) < 2 else 'many'} arguments", expr.span)
    a, b = call.args
    kind, other = scope.type_of(a), scope.type_of(b)
    if unify(scope, a, b):
        return None
    text = "match error" if kind or other else "match error\n\tleft  : ???\n\tright : ???"
    return Misfit(text, expr.span, is_open(kind) or is_open(other))


def _call(scope: TypeScope, expr: Expr, call: Call) -> Misfit | None:
    kind = scope.world.function(call.name)
    if kind == ANY:
        return None
    if not isinstance(kind, FunctionType):
        return Misfit(f"undefined function {call.name}", expr.span)
    wanted = kind.args if kind.result is None else (*kind.args, kind.result)
    given = [scope.type_of(arg) for arg in call.args]
    if len(given) > len(wanted):
        return Misfit(f"{call.name}: too many arguments", expr.span, any(map(is_open, given)))
    if len(given) < len(kind.args):
        return Misfit(f"{call.name}: too few arguments", expr.span, any(map(is_open, given)))
    return _arguments(scope, expr, call, wanted)


def _arguments(scope: TypeScope, expr: Expr, call: Call, wanted: Sequence[Type | None]) -> Misfit | None:
    """The first argument that cannot have its type; what stands behind gives a variable no type any more."""
    given = [scope.type_of(arg) for arg in call.args]
    for arg, known, want in zip(call.args, given, wanted, strict=False):
        if not is_open(known) and not meets(known, want):
            return Misfit(f"{call.name}: invalid argument(s)", expr.span, any(map(is_open, given)))
        if not fit(scope, arg, want):
            of_unknown = any(is_open(scope.type_of(one)) for one in call.args)
            return Misfit(f"{call.name}: invalid argument(s)", expr.span, of_unknown)
    return None
