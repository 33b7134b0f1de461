"""What a body says of its variables by constants alone, known before its first statement.

    value := labels[key]; expected := input.parameters.labels[0]; expected.key == key

    becomes, for the parameters {"labels": [{"key": "owner"}]},

    expected := {"key": "owner"}; key := "owner"; value := labels[key]; ...

so that `key` is looked up, instead of trying all labels. Conjunction commutes, and nothing that is done early can fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from constraints.rego.codegen.operand import NO_CONSTANT, Operand, constant
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import Body, Call, Expr, Ref, Scalar, Term, Var
from constraints.rego.syntax.walk import ROOTS
from constraints.rego.values.kinds import UNDEFINED, Value, lookup

Env = Mapping[str, Operand]
Equation = tuple[str, Var, Term]
"""The name of an operator, a variable and what it says that this is equal to."""


def known(body: Body, env: Env, parameters: Any) -> Env:
    """The variables that must be equal to a constant; the statements that say so hold later on."""
    if len(body) < 2:
        return {}
    equations = [equation for expr in body for equation in _equations(expr)]
    if not any(_value(equation, env, parameters) is not NO_CONSTANT for equation in equations):
        return {}
    stored = {node.name for node in nodes_of(tuple(map(_stored, body))) if isinstance(node, Var)}
    equations = [equation for equation in equations if equation[1].name not in stored]
    found: dict[str, Operand] = {}
    while one := _one_more(equations, {**env, **found}, parameters):  # each may make further terms known
        found |= one
    return found


def _one_more(equations: Sequence[Equation], env: Env, parameters: Any) -> Env:
    """The first variable that can be known now, empty when there is none."""
    for equation in equations:
        value = _value(equation, env, parameters)
        if value is not NO_CONSTANT:
            return {equation[1].name: constant(value)}
    return {}


def _value(equation: Equation, env: Env, parameters: Any) -> Value:
    """What a variable is bound to where an equation says so, NO_CONSTANT when it is not bound by that."""
    operator, var, term = equation
    if var.is_wildcard or var.name in env or var.name in ROOTS:
        return NO_CONSTANT
    value = _constant(term, env, parameters)
    if value is UNDEFINED:
        return NO_CONSTANT
    if operator != "assign" and type(value) is not str:
        return NO_CONSTANT  # looking up numbers is more than comparing with them
    return value


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
    if expr.negated or expr.withs or not isinstance(what, Call) or what.name not in ("assign", "eq", "equal"):
        return
    if len(what.args) == 2:
        for one, other in (what.args, what.args[::-1]):
            if isinstance(one, Var):
                yield what.name, one, other


def _stored(expr: Expr) -> tuple[Ref, ...]:
    """The references of a statement into `data`: there a key is found by its text, too."""
    return tuple([node for node in nodes_of(expr) if type(node) is Ref and _is_data(node.head)])


def _is_data(term: Term) -> bool:
    return type(term) is Var and term.name == "data"
