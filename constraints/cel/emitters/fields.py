"""Names and fields."""

from __future__ import annotations

import ast

from constraints.cel import pycode as py
from constraints.cel import syntax
from constraints.cel.emitter import Emitter
from constraints.cel.layout import SLOTS
from constraints.cel.library.messages import ENUMS
from constraints.cel.syntax import Node
from constraints.cel.values import TypeValue


def emit_ident(emitter: Emitter, node: syntax.Ident) -> ast.expr:
    """A name of a macro, an input, or a type."""
    return _named(emitter, node.name)


def _named(emitter: Emitter, name: str) -> ast.expr:
    if name in emitter.names:
        return py.read(emitter.names[name])
    if name in emitter.layout.inputs:
        emitter.layout.read.add(name)
        return py.item(py.read(SLOTS), py.constant(emitter.layout.inputs[name]))
    if name in ENUMS:
        return py.constant(ENUMS[name])
    return py.read(emitter.layout.name(f"type_{name}", TypeValue(name)))


def _variable(emitter: Emitter, name: str) -> ast.expr:
    full = f"variables.{name}"
    if full in emitter.layout.inputs:
        return _named(emitter, full)
    variable = emitter.layout.variables[name]
    emitter.adds = emitter.adds or variable.adds
    return emitter.slot(variable.slot, variable.function)


def emit_select(emitter: Emitter, node: syntax.Select) -> ast.expr:
    """`a.b`, `has(a.b)`, `a.?b`, and names with dots in them."""
    if node in emitter.checked.functions:
        return _named(emitter, emitter.checked.functions[node])
    name = emitter.scan.variable(node)
    if name:
        return _variable(emitter, name)
    if isinstance(node.operand, syntax.Ident) and node.operand.name == "variables":
        return _about_variable(emitter, node)
    if node.test:
        return _has(emitter, node)
    if node.optional:
        return py.call("index_optional", emitter.emit(node.operand), py.constant(node.field))
    return _path(emitter, node)


def _about_variable(emitter: Emitter, node: syntax.Select) -> ast.expr:
    """`has(variables.x)` and `variables.?x`: every variable is there, unless it fails."""
    value = _variable(emitter, node.field)
    return py.constant(True) if node.test else py.call("Optional", value)


def _has(emitter: Emitter, node: syntax.Select) -> ast.expr:
    owner = emitter.keep(emitter.emit(node.operand))
    field = py.constant(node.field)
    quick = ast.Compare(field, [ast.In()], [owner])
    return ast.IfExp(py.is_(py.call("type", owner), py.read("dict")), quick, py.call("has", owner, field))


def _path(emitter: Emitter, node: syntax.Select) -> ast.expr:
    """`a.b.c` in one step; only when that fails each field is looked at."""
    fields = [py.constant(node.field)]
    owner = node.operand
    while _is_plain(emitter, owner):
        assert isinstance(owner, syntax.Select)
        fields.insert(0, py.constant(owner.field))
        owner = owner.operand
    emitter.price += len(fields)
    start = quick = emitter.keep(emitter.emit(owner))
    for field in fields:
        quick = py.item(quick, field)
    name = emitter.temporary()
    slow = py.assign(name, py.call("select", start, *fields))
    emitter.block.append(py.attempt([py.assign(name, quick)], "MISSES", [slow]))
    return py.read(name)


def _is_plain(emitter: Emitter, node: Node) -> bool:
    if not isinstance(node, syntax.Select) or node.test or node.optional or node in emitter.checked.functions:
        return False
    return not emitter.scan.variable(node) and not emitter.is_kept(node)
