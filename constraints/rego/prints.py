"""Calls of `print`: erased, or turned into `internal.print([{x | x = argument}, ...])`.

An argument that is undefined is an empty set then and does not fail the body. As OPA (v1/ast/compile.go
rewritePrintCalls): `not` and `with` before and behind `print` are dropped, and arguments bind nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from constraints.rego.outputs import Arity, Bound, bound_by
from constraints.rego.problems import COMPILE, Problems, shown
from constraints.rego.scope import Fresh
from constraints.rego.syntax import ArrayTerm, Call, Comprehension, Expr, Term, Var
from constraints.rego.walk import visible


def is_print(expr: Expr) -> bool:
    """Whether the statement is a call of `print`."""
    return isinstance(expr.what, Call) and expr.what.name == "print"


def captured(expr: Expr, fresh: Fresh) -> Expr:
    """The call of `internal.print` in the place of a call of `print`."""
    call = expr.what
    assert isinstance(call, Call)
    sets = tuple([_captured(argument, fresh) for argument in call.args])
    return Expr(Call("internal.print", (ArrayTerm(sets, call.span),), call.span), span=expr.span)


def _captured(argument: Term, fresh: Fresh) -> Comprehension:
    var = Var(fresh.support(), argument.span)
    body = (Expr(Call("eq", (var, argument), argument.span), span=argument.span),)
    return Comprehension("set", var, body, span=argument.span)


def undeclared(body: Sequence[Expr], bound: Bound, arity: Arity, problems: Problems, source: str) -> None:
    """Name the variables in arguments of `print` that nothing before it binds."""
    known = set(bound)
    for expr in body:
        if not is_print(expr):
            known |= bound_by(expr, known, arity)
            continue
        assert isinstance(expr.what, Call)
        for argument in expr.what.args:
            names: set[str] = set()
            visible(argument, names)
            for name in sorted(names - known):
                problems.add(COMPILE, f"var {shown(name)} is undeclared", argument.span, source)
