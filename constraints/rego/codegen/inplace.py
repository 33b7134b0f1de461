"""Small functions, written where they are called: what they look for is then shared with what stands around them.

A function that is nothing but lookups and comparisons takes less time than its call, and others like it look for the
same: `has_field(c, "a")` for what `get_field(c, "a")` has just found.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from constraints.lang.pywalk import statements
from constraints.rego.codegen.answers import answer_here
from constraints.rego.codegen.blocks import attach, closure
from constraints.rego.codegen.callees import identity
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.tree import FUNCTION, Branch, RuleSet, chain_of
from constraints.rego.codegen.unit import Unit
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import Call, Comprehension, Every, Expr, Scalar, Var

CLAUSES: Final = 2
STATEMENTS: Final = 8  # of all clauses
LEVELS: Final = 3  # functions in each other
_CHEAP: Final = frozenset(
    {"eq", "equal", "neq", "gt", "gte", "lt", "lte", "is_array", "is_boolean", "is_number", "is_string", "count"}
)


def written_here(emission: Emission, branch: Branch, arguments: Sequence[Operand]) -> Operand | None:
    """The answer of a small function for these arguments, by its own statements; None where it has to be called."""
    told = all(one.name or one.is_constant for one in arguments)
    if not told or not emission.unit.is_plain or not _is_small(emission, branch):
        return None
    key = (emission.place.context, "here", branch.number, *map(identity, arguments))
    if key not in emission.place.walked:
        answer = _written(emission, branch, arguments)
        if answer is None:
            return None
        emission.place.learn(key, answer)
    return emission.place.step(key)


def _written(emission: Emission, branch: Branch, arguments: Sequence[Operand]) -> Operand | None:
    answer: Operand | None = None

    def emit() -> bool:
        nonlocal answer
        assert branch.rule is not None
        emission.place.env, emission.place.awaited = {}, {}
        answer = answer_here(emission, branch.rule)
        return True

    around, emission.parameters = emission.parameters, arguments
    block, end = closure(emission, emit)
    emission.parameters = around
    if any(type(one) is ast.For for one in statements(block)):  # a loop takes steps of the budget in a function
        emission.unit.small[branch.number] = False
        return None
    attach(emission, block, end)
    return answer


def _is_small(emission: Emission, branch: Branch) -> bool:
    unit, rule = emission.unit, branch.rule
    assert rule is not None
    if branch.number not in unit.small:
        unit.small[branch.number] = branch.number not in unit.deep and _is_low(unit, branch, LEVELS)
    # a function's code tells of one source
    return unit.small[branch.number] and all(found.source == emission.source for found in rule.clauses)


def _is_low(unit: Unit, branch: Branch, levels: int) -> bool:
    """Whether there is little in a function, and no long row of such functions below it."""
    if not levels or not _has_little(unit, branch):
        return False
    others = [unit.tree.find(path) for path in unit.resolved.graph.get(branch.path, ())]
    return all(_is_low(unit, other, levels - 1) for other in others if other is not None and _has_little(unit, other))


def _has_little(unit: Unit, branch: Branch) -> bool:
    if branch.number not in unit.little:
        unit.little[branch.number] = branch.rule is not None and _is_little(branch.rule)
    return unit.little[branch.number]


def _is_little(rule: RuleSet) -> bool:
    """Whether a rule is a function of few statements, none of which takes long, or has a body of its own."""
    clauses = rule.clauses
    if rule.kind != FUNCTION or rule.default or len(clauses) > CLAUSES:
        return False
    if sum(len(one.rule.body) for one in clauses) > STATEMENTS or any(len(chain_of(one)) > 1 for one in clauses):
        return False
    arguments = [argument for one in clauses for argument in one.rule.head.args or ()]
    plain = all(isinstance(argument, (Scalar, Var)) for argument in arguments)
    return plain and all(_is_plain(node) for one in clauses for node in nodes_of(one.rule))


def _is_plain(node: object) -> bool:
    """Whether a part of a rule is no call that takes long, no body, and no `with`."""
    match node:
        case Comprehension() | Every():
            return False
        case Expr(withs=withs):
            return not withs
        case Call(name=name):
            return name in _CHEAP or name.startswith("data.")
    return True
