"""Calls of `print`: erased, or turned into `internal.print([{x | x = argument}, ...])`.

An argument that is undefined is an empty set then and does not fail the body. As OPA (v1/ast/compile.go
rewritePrintCalls): `not` and `with` before and behind `print` are dropped, and arguments bind nothing.
"""

from __future__ import annotations

from dataclasses import replace

from constraints.rego.flat.outputs import Arity, Bound, bound_by
from constraints.rego.flat.rules import FlatRule
from constraints.rego.names.scope import Fresh, Step
from constraints.rego.syntax.problems import COMPILE, Problems, shown
from constraints.rego.syntax.termorder import SUPPORT, changed
from constraints.rego.syntax.tree import ArrayTerm, Body, Call, Comprehension, Every, Expr, Term, Var
from constraints.rego.syntax.walk import has_closure, own_names, visible


def is_print(expr: Expr) -> bool:
    """Whether the statement is a call of `print`."""
    return isinstance(expr.what, Call) and expr.what.name == "print"


def _captured_call(expr: Expr, fresh: Fresh) -> Expr:
    """The call of `internal.print` in the place of a call of `print`."""
    call = expr.what
    assert isinstance(call, Call)
    sets = tuple([_captured(argument, fresh) for argument in call.args])
    return Expr(Call("internal.print", (ArrayTerm(sets, call.span),), call.span), span=expr.span)


def _captured(argument: Term, fresh: Fresh) -> Comprehension:
    var = Var(fresh.support(Step.PRINTS), argument.span)
    body = (Expr(Call("eq", (var, argument), argument.span), span=argument.span),)
    return Comprehension("set", var, body, span=argument.span)


def spread_prints(rule: FlatRule, arity: Arity, problems: Problems) -> None:
    """Change a rule; notes the variables in prints that nothing before binds."""
    rule.body = _Prints(rule, arity, problems).body(rule.body, rule.bound())


class _Prints:
    def __init__(self, rule: FlatRule, arity: Arity, problems: Problems) -> None:
        self.rule = rule
        self.arity = arity
        self.problems = problems

    def body(self, body: Body, bound: Bound) -> Body:
        known = set(bound)
        carried: set[str] = set()
        found: list[Expr] = []
        for expr in body:
            found.append(self._statement(expr, known))
            known |= bound_by(expr, known, self.arity, carried)
        return tuple(found)

    def _statement(self, expr: Expr, known: set[str]) -> Expr:
        what = expr.what
        if is_print(expr):
            self._undeclared(expr, known)
            closed = replace(expr, what=self._term(what, known))  # type: ignore[arg-type]  # it is a call
            return _captured_call(closed, self.rule.fresh)
        if isinstance(what, Every):
            return replace(expr, what=replace(what, body=self.body(what.body, known | own_names(what))))
        return replace(expr, what=self._term(what, known))  # type: ignore[arg-type]  # SomeDecl and SomeIn are gone

    def _term(self, term: Term, known: set[str]) -> Term:
        if not has_closure(term):
            return term
        if isinstance(term, Comprehension):
            return replace(term, body=self.body(term.body, known))
        return changed(term, lambda part: self._term(part, known))

    def _undeclared(self, expr: Expr, known: set[str]) -> None:
        assert isinstance(expr.what, Call)
        for argument in expr.what.args:
            names: set[str] = set()
            visible(argument, names)
            for name in sorted(name for name in names - known if not name.startswith(SUPPORT)):
                self.problems.add(COMPILE, f"var {shown(name)} is undeclared", argument.span, self.rule.source)
