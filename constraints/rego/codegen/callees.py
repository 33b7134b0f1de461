"""Calls of rules and functions of the policy: each becomes a Python function when it is first asked for."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import INPUT, NO_CONSTANT, Operand
from constraints.rego.codegen.reading import expression, kept
from constraints.rego.codegen.tree import Branch
from constraints.rego.codegen.unit import Callee
from constraints.rego.reads.arguments import DOCUMENT, Argument
from constraints.rego.values.kinds import key_of

VARIANTS: Final = 24  # of one function, for constant arguments; further calls share the one for any arguments


def callee_of(emission: Emission, branch: Branch, arguments: Sequence[Operand] = ()) -> Callee:
    """The function of a rule, generated when it is first asked for; one of its own for arguments that are constants."""
    unit = emission.unit
    known = tuple([argument if argument.is_constant else None for argument in arguments])
    key = (branch.number, *[None if one is None else (key_of(one.constant), type(one.constant)) for one in known])
    found = unit.callees.get(key)
    if found is None:
        if any(known) and (branch.number in unit.deep or unit.variants[branch.number] >= VARIANTS):
            return callee_of(emission, branch)  # for any arguments; what is known is passed on
        assert branch.rule is not None
        other = emission.beside(branch.rule.clauses[0].source)
        found = unit.callees[key] = emission.table.rule(other, branch, known)
        unit.variants[branch.number] += 1
    return found


def answer_of(emission: Emission, branch: Branch) -> Operand:
    """The answer of a rule without arguments, asked for once in a function."""
    emission.uses_more()
    key = (emission.place.context, "rule", branch.number)
    if key not in emission.place.walked:
        callee = callee_of(emission, branch)
        emission.quiet = emission.quiet and callee.quiet
        if callee.answer.is_constant:
            return callee.answer
        node = emission.nodes.call(callee.function, emission.context())
        found = replace(callee.answer, constant=NO_CONSTANT, node=node)
        emission.place.learn(key, kept(emission, found, str(branch.path[-1])))
    return emission.place.step(key)


def function_of(emission: Emission, name: str) -> str:
    """The Python name of a function of the policy, for any arguments."""
    return callee_of(emission, _branch_of(emission, name)).function


def call_function(emission: Emission, name: str, arguments: Sequence[Operand], wish: str) -> Operand:
    """A call of a function of the policy; its code is made for what is known of the arguments."""
    branch = _branch_of(emission, name)
    found = emission.table.here(emission, branch, arguments)
    if found is not None:
        return found
    callee = callee_of(emission, branch, arguments)
    if not callee.pure:
        emission.uses_more()
    if callee.answer.is_constant:
        _count(emission, callee)
        return callee.answer
    if callee.parameter is not None:
        _count(emission, callee)
        return arguments[callee.parameter]
    given = [one for one in arguments if callee.function == branch.function or not one.is_constant]
    return _called(emission, callee, given, wish)


def _called(emission: Emission, callee: Callee, given: Sequence[Operand], wish: str) -> Operand:
    """The answer for these arguments, asked for once in a function where they can be told again."""
    arguments = [_given(emission, *pair) for pair in zip(given, callee.takes, strict=True)]
    node = emission.nodes.call(callee.function, emission.context(), *arguments)
    answer = replace(callee.answer, node=node)
    if not all(one.name or one.is_constant for one in given):
        _count(emission, callee)
        return answer
    key = (emission.place.context, callee.function, *map(identity, given))
    if key not in emission.place.walked:
        _count(emission, callee)
        emission.place.learn(key, kept(emission, answer, wish or "answer"))
    return emission.place.step(key)


def _given(emission: Emission, value: Operand, argument: Argument) -> ast.expr:
    """The expression for an argument; what is read of a value in the review is what the function reads of it."""
    path = (DOCUMENT,) if value.kind == INPUT else value.origin
    if path is not None:
        emission.unit.given.setdefault(argument, {})[path] = None
    return expression(emission, value)


def _count(emission: Emission, callee: Callee) -> None:
    """A call is made, which may make others, and end in an error."""
    emission.weight += callee.weight
    emission.quiet = emission.quiet and callee.quiet


def identity(operand: Operand) -> object:
    """What two operands in variables, or two constants, have in common only if they are the same value."""
    return operand.name or (operand.is_constant and (type(operand.constant), key_of(operand.constant)))


def _branch_of(emission: Emission, name: str) -> Branch:
    branch = emission.unit.tree.find(emission.unit.resolved.functions[name])
    assert branch is not None
    return branch
