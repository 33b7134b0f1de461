"""What a body says of its variables by constants alone, known before its first statement.

    value = labels[key]; expected = input.parameters.labels[0]; expected.key = key

    becomes, for the parameters {"labels": [{"key": "owner"}]},

    expected = {"key": "owner"}; key = "owner"; value = labels[key]; ...

so that `key` is looked up, instead of trying all labels. Conjunction commutes, and nothing that is done early can fail.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from constraints.rego.codegen.operand import NO_CONSTANT, Operand, constant
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import Body, Call, Expr, Ref, Scalar, Term, Var
from constraints.rego.syntax.walk import ROOTS, visible_in
from constraints.rego.values.kinds import UNDEFINED, Value, lookup

_DATA: Final = Var("data")

Env = Mapping[str, Operand]
Equation = tuple[Expr, Var, Term]
"""A statement, a variable and what it says that this is equal to."""


def known(body: Body, env: Env, parameters: Any) -> Env:
    """The variables that must be equal to a constant; the statements that say so hold later on."""
    if len(body) < 2:
        return {}
    equations = [equation for expr in body for equation in _equations(expr)]
    if not equations:
        return {}
    found: dict[str, Operand] = {}
    all_known: Any = {**env} if type(env) is dict else ChainMap({}, env)  # type: ignore[arg-type]  # it is only read
    more = True
    while more:  # each may make further terms known
        more = False
        for equation in equations:
            value = _value(equation, body, all_known, parameters)
            if value is not NO_CONSTANT:
                found[equation[1].name] = all_known[equation[1].name] = constant(value)
                more = True
    return found


def _value(equation: Equation, body: Body, env: Env, parameters: Any) -> Value:
    """What a variable is bound to where an equation says so, NO_CONSTANT when it is not bound by that."""
    expr, var, term = equation
    if var.is_wildcard or var.name in env or var.name in ROOTS:
        return NO_CONSTANT
    value = _constant(term, env, parameters)
    if value is UNDEFINED or value is NO_CONSTANT or _is_first(expr, var, body):
        return NO_CONSTANT if value is UNDEFINED else value
    # it may be a key: looking up numbers is more than comparing with them
    return value if type(value) is str and not _is_stored(var, body) else NO_CONSTANT


def _constant(term: Term, env: Env, parameters: Any) -> Value:
    """The value of a term, NO_CONSTANT when that takes more than constants."""
    match term:
        case Scalar(value=value):
            return value
        case Var(name=name) if name in env:
            return env[name].constant
        case Ref(head=Var(name="input"), path=(Scalar(value="parameters"), *path)):
            return _walked(parameters, path, env, parameters)
        case Ref(head=Var(name=name), path=path) if name in env:
            return _walked(env[name].constant, path, env, parameters)
    return NO_CONSTANT


def _walked(value: Value, path: Sequence[Term], env: Env, parameters: Any) -> Value:
    for part in path:
        key = _constant(part, env, parameters)
        if value is NO_CONSTANT or key is NO_CONSTANT:
            return NO_CONSTANT
        value = UNDEFINED if value is UNDEFINED or key is UNDEFINED else lookup(value, key)
    return value


def _equations(expr: Expr) -> Iterator[Equation]:
    """Variables and what a statement says they are equal to."""
    what = expr.what
    if expr.negated or expr.withs or not isinstance(what, Call) or what.name != "eq":
        return
    if len(what.args) == 2:
        for one, other in (what.args, what.args[::-1]):
            if isinstance(one, Var):
                yield expr, one, other


def _is_first(expr: Expr, var: Var, body: Body) -> bool:
    """Whether no statement before this one names the variable, so that it is bound here."""
    return next(one for one in body if one is expr or var.name in visible_in(one)) is expr


def _is_stored(var: Var, body: Body) -> bool:
    """Whether a variable is in a reference into `data`: there a key is found by its text, too."""
    return any(var in nodes_of(node) for node in nodes_of(body) if type(node) is Ref and node.head == _DATA)
