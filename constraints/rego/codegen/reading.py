"""Operands as expressions, in variables, where they are defined, where they hold."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from constraints.rego.codegen.blocks import guard
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import BASE, INPUT, KINDS, NO_CONSTANT, Operand
from constraints.rego.values.kinds import UNDEFINED, Value


def load(emission: Emission, operand: Operand) -> ast.expr:
    """The expression for a value."""
    if operand.origin is not None:
        emission.unit.reads[operand.origin] = None
    return expression(emission, operand)


def loads(emission: Emission, operands: Iterable[Operand]) -> list[ast.expr]:
    """The expressions for several values."""
    return [load(emission, operand) for operand in operands]


def expression(emission: Emission, operand: Operand) -> ast.expr:
    """The expression for a value that is only walked through, or compared with UNDEFINED."""
    if operand.kind == INPUT:
        emission.unit.sees_input = True
        emission.uses_more()
    if operand.name:
        return emission.nodes.name(operand.name)
    if operand.is_constant:
        return _literal(emission, operand.constant)
    assert operand.node is not None
    return operand.node


def _literal(emission: Emission, value: Value) -> ast.expr:
    """A constant: as it is, or by a global name."""
    if value is UNDEFINED:
        return emission.nodes.name("UNDEFINED")
    if value is None or type(value) in (bool, str, int, float):
        return emission.nodes.constant(value)
    return emission.nodes.name(emission.unit.bind(f"K_{KINDS.get(type(value), 'number')}", value))


def is_type(emission: Emission, value: Operand, kind: str) -> ast.expr:
    """`type(value) is kind`."""
    nodes = emission.nodes
    return nodes.compare(nodes.call("type", expression(emission, value)), ast.Is(), nodes.name(kind))


def kept(emission: Emission, operand: Operand, wish: str = "value") -> Operand:
    """The same value, which can be used several times; `wish` is what the name of a new variable should be."""
    if operand.name or operand.is_constant:
        return operand
    name = emission.names.new(wish)
    emission.emit(emission.nodes.assign(name, expression(emission, operand)))
    return Operand(name, NO_CONSTANT, None, operand.defined, operand.kind, False, operand.origin, operand.keys)


def needed(emission: Emission, operand: Operand, wish: str = "value") -> Operand | None:
    """The same value, where it is defined; None when it never is."""
    if operand.defined:
        return operand
    if operand.is_constant:
        return None
    found = kept(emission, operand, wish)
    nodes = emission.nodes
    guard(emission, nodes.compare(expression(emission, found), ast.IsNot(), nodes.name("UNDEFINED")))
    known = Operand(found.name, NO_CONSTANT, None, True, found.kind, found.test, found.origin, found.keys)
    emission.place.sure[found.name] = known
    return known


def holds(emission: Emission, operand: Operand) -> bool:
    """What follows is done only where the value is neither undefined nor false. False when it always is."""
    if operand.is_constant:
        return operand.constant is not UNDEFINED and operand.constant is not False
    nodes = emission.nodes
    if operand.test:
        guard(emission, load(emission, operand))
    elif operand.kind == "boolean":
        guard(emission, nodes.compare(load(emission, operand), ast.Is(), nodes.constant(True)))
    elif operand.kind in ("", BASE):
        _holds_unknown(emission, operand)
    else:
        return needed(emission, operand) is not None
    return True


def _holds_unknown(emission: Emission, operand: Operand) -> None:
    nodes = emission.nodes
    found = kept(emission, operand)
    test = nodes.compare(load(emission, found), ast.IsNot(), nodes.constant(False))
    if not found.defined:
        undefined = nodes.compare(load(emission, found), ast.IsNot(), nodes.name("UNDEFINED"))
        test = nodes.both(undefined, test)
    guard(emission, test)
