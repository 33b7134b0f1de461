"""Whether two values are equal: the cheapest test that what is known of them allows."""

from __future__ import annotations

import ast

from constraints.rego.codegen.blocks import guard
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import INTEGER, Operand, constant
from constraints.rego.codegen.reading import load
from constraints.rego.values.kinds import same


def equal(emission: Emission, left: Operand, right: Operand) -> bool:
    """Go on where both values are equal. False when they never are."""
    test = equality(emission, left, right)
    if test.is_constant:
        return bool(test.constant)
    guard(emission, load(emission, test))
    return True


def equality(emission: Emission, left: Operand, right: Operand) -> Operand:
    """Whether both values, which are defined, are equal: the cheapest test that their types allow."""
    if left.is_constant and right.is_constant:
        return constant(same(left.constant, right.constant))
    if left.is_constant:
        left, right = right, left
    return Operand(node=_equality(emission, left, right), kind="boolean", test=True)


def _equality(emission: Emission, left: Operand, right: Operand) -> ast.expr:
    value = right.constant
    nodes, one, other = emission.nodes, load(emission, left), load(emission, right)
    if value is None or value is True or value is False:
        return nodes.compare(one, ast.Is(), other)
    plain = isinstance(value, str) or "string" in (left.kind, right.kind)
    plain = plain or (type(value) is int and 1 < abs(value) < 1 << 50)  # 0 and 1 equal False and True in Python
    if plain or left.kind == right.kind == "boolean" or (left.kind == INTEGER and type(value) is int):
        return nodes.compare(one, ast.Eq(), other)
    return nodes.call("same", one, other)
