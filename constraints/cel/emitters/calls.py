"""Operators, functions and methods."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from constraints.cel import pycode as py
from constraints.cel import syntax
from constraints.cel.constants import check_constant
from constraints.cel.overloads import FUNCTIONS, Function
from constraints.cel.syntax import Node
from constraints.cel.types import STRING

if TYPE_CHECKING:
    from constraints.cel.codegen import Emitter


def emit_call(emitter: Emitter, node: syntax.Call) -> ast.expr:
    """A call; only what cannot be said in Python itself calls a function."""
    name = emitter.checked.functions[node]
    method = node.target is not None and name == node.function
    nodes = (node.target, *node.args) if method and node.target else node.args
    if name == "dyn":
        return emitter.emit(nodes[0])
    if name in ("or", "orValue") and method:
        return _either(emitter, node, name)
    if name in ("_==_", "_!=_"):
        quick = _same(emitter, nodes, equal=name == "_==_")
        if quick:
            return quick
    check_constant(node)
    arguments = emitter.values(nodes)
    if name == "_+_" and all(_is_text(emitter, part) for part in nodes):
        return ast.BinOp(arguments[0], ast.Add(), arguments[1])
    if name == "!_" and emitter.is_boolean(nodes[0]):
        return ast.UnaryOp(ast.Not(), arguments[0])
    return py.call(_code(emitter, FUNCTIONS[name], nodes), *arguments)


def _either(emitter: Emitter, node: syntax.Call, name: str) -> ast.expr:
    """`a.or(b)` and `a.orValue(b)`: b is looked at only when a is absent."""
    assert node.target is not None
    target = emitter.keep(py.call("optional_target", emitter.emit(node.target), py.constant(name)))
    result = emitter.temporary()
    with emitter.inside() as body:
        body.append(py.assign(result, emitter.emit(node.args[0])))
    there = target if name == "or" else ast.Attribute(target, "value", ast.Load())
    present = ast.Attribute(target, "present", ast.Load())
    emitter.block.append(py.when(present, [py.assign(result, there)], body))
    return py.read(result)


def _same(emitter: Emitter, nodes: Sequence[Node], *, equal: bool) -> ast.expr | None:
    """A comparison with a text, a truth value or null needs no more than Python's own."""
    for literal, other in (nodes, nodes[::-1]):
        if not isinstance(literal, syntax.Literal):
            continue
        value = literal.value
        if value is None or isinstance(value, bool):
            return (py.is_ if equal else py.is_not)(emitter.emit(other), py.constant(value))
        if isinstance(value, str):
            operator = ast.Eq() if equal else ast.NotEq()
            return ast.Compare(emitter.emit(other), [operator], [py.constant(value)])
    return None


def _code(emitter: Emitter, function: Function, nodes: Sequence[Node]) -> str:
    """The name of what to call: one overload when the types of the arguments are certain."""
    if function.unguarded:
        return emitter.layout.name(function.name, function.unguarded)
    types = tuple(emitter.checked.types[node] for node in nodes)
    if all(emitter.scan.is_certain(node) for node in nodes):
        for overload in function.overloads:
            if overload.arguments == types:
                return emitter.layout.name(function.name, overload.code)
    return emitter.layout.name(function.name, function)


def emit_index(emitter: Emitter, node: syntax.Index) -> ast.expr:
    """`a[b]` and `a[?b]`."""
    name = "index_optional" if node.optional else "index"
    return py.call(name, *emitter.values((node.operand, node.key)))


def _is_text(emitter: Emitter, node: Node) -> bool:
    return emitter.checked.types[node] == STRING and emitter.scan.is_certain(node)
