"""Constants, lists, maps and messages."""

from __future__ import annotations

import ast

from constraints.cel import pycode as py
from constraints.cel import syntax
from constraints.cel.emitter import Emitter
from constraints.cel.library.messages import message
from constraints.cel.maps import map_key
from constraints.cel.syntax import Node
from constraints.cel.values import Uint


def emit_constant(emitter: Emitter, node: syntax.Literal) -> ast.expr:
    """A constant."""
    if type(node.value) is Uint:
        return py.read(emitter.layout.name("uint", node.value))
    return py.constant(node.value)


def emit_list(emitter: Emitter, node: syntax.ListLiteral) -> ast.expr:
    """`[a, ?b]`."""
    if not node.optional:
        return ast.List(emitter.values(node.items), ast.Load())
    name = emitter.temporary()
    emitter.block.append(py.assign(name, ast.List([], ast.Load())))
    for place, item in enumerate(node.items):
        _add_item(emitter, name, emitter.emit(item), optional=place in node.optional)
    return py.read(name)


def _add_item(emitter: Emitter, name: str, value: ast.expr, *, optional: bool) -> None:
    if not optional:
        emitter.block.append(py.do(py.method(py.read(name), "append", value)))
        return
    found = emitter.keep(py.call("unwrap_entry", value))
    inner = ast.Attribute(found, "value", ast.Load())
    body = [py.do(py.method(py.read(name), "append", inner))]
    emitter.block.append(py.when(ast.Attribute(found, "present", ast.Load()), body))


def emit_map(emitter: Emitter, node: syntax.MapLiteral) -> ast.expr:
    """`{a: b, ?c: d}`."""
    name = emitter.temporary()
    emitter.block.append(py.assign(name, ast.Dict([], [])))
    for entry in node.entries:
        key, value = emitter.values((entry.key, entry.value))
        key = _key(emitter, entry.key, key)
        if not entry.optional:
            emitter.block.append(py.put(py.read(name), key, value))
            continue
        found = emitter.keep(py.call("unwrap_entry", value))
        body = [py.put(py.read(name), key, ast.Attribute(found, "value", ast.Load()))]
        emitter.block.append(py.when(ast.Attribute(found, "present", ast.Load()), body))
    if not all(map(_is_simple, (entry.key for entry in node.entries))):
        emitter.block.append(py.assign(name, py.call("keyed", py.read(name))))
    return py.read(name)


def _key(emitter: Emitter, node: Node, value: ast.expr) -> ast.expr:
    if _is_simple(node):
        return value
    if isinstance(node, syntax.Literal):
        return py.read(emitter.layout.name("key", map_key(node.value)))
    return py.call("map_key", value)


def _is_simple(node: Node) -> bool:
    """Whether the node is a key that a map holds as it is."""
    return isinstance(node, syntax.Literal) and type(node.value) in (str, int)


def emit_message(emitter: Emitter, node: syntax.Message) -> ast.expr:
    """`name{field: value}`."""
    values = emitter.values([field.value for field in node.fields])
    fields = ast.Dict([py.constant(field.name) for field in node.fields], values)
    optional = ast.Tuple([py.constant(field.name) for field in node.fields if field.optional], ast.Load())
    return py.call(emitter.layout.name("message", message), py.constant(node.name), fields, optional)
