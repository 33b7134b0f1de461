"""Operators, functions and methods."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from constraints.cel import pycode as py
from constraints.cel import syntax
from constraints.cel.constants import check_constant, check_key, seeks
from constraints.cel.costs import ERROR, LIST, PANICS, Charge, no_integer, rule_of, size
from constraints.cel.emitter import Emitter
from constraints.cel.layout import SLOTS
from constraints.cel.library.regex import textual
from constraints.cel.overloads import FUNCTIONS, Function, alone
from constraints.cel.syntax import Node
from constraints.cel.types import DOUBLE, INT, UINT

_NUMBERS: Final = frozenset({INT, UINT, DOUBLE})
_EQUALITY: Final = {"_==_": "same", "_!=_": "different"}
_AFFIXES: Final = frozenset({"startsWith", "endsWith"})
_HEAVY: Final = frozenset(
    {"_+_", "contains", "find", "findAll", "matches", "sets.contains", "sets.equivalent", "sets.intersects"}
)
_SEARCHES: Final = frozenset({"contains", "matches", "find"})


def emit_call(emitter: Emitter, node: syntax.Call) -> ast.expr:
    """A call; only what cannot be said in Python itself calls a function."""
    name = emitter.checked.functions[node]
    method = node.target is not None and name == node.function
    nodes = (node.target, *node.args) if method and node.target else node.args
    emitter.price += 1
    if name == "dyn":
        return emitter.emit(nodes[0])
    if name in ("or", "orValue") and method:
        return _either(emitter, node, name)
    if name in ("_==_", "_!=_"):
        quick = _same(emitter, nodes, equal=name == "_==_")
        if quick:
            return quick
    check_constant(node)
    rule = rule_of(name, emitter.checked.overloads[node])
    arguments = _arguments(emitter, name, nodes, rule) if nodes else []
    if name == "!_" and emitter.is_boolean(nodes[0]):
        return ast.UnaryOp(ast.Not(), arguments[0])
    if name == "_+_" and not any(emitter.checked.types[part] in _NUMBERS for part in nodes):
        return _adding(emitter, "total", *arguments)
    return _paid(emitter, node, rule, nodes, arguments)


def _arguments(emitter: Emitter, name: str, nodes: Sequence[Node], rule: Charge | None) -> list[ast.expr]:
    """The values of arguments. When the last one fails the size of the first one is to be paid all the same."""
    if (name in PANICS and rule) or (name == "flatten" and len(nodes) == 2):
        words = [py.constant(no_integer(ERROR))] if name == "flatten" else []
        return [*map(emitter.keep, emitter.values(nodes[:-1])), _trapped(emitter, nodes[-1], words)]
    safe = rule is None or isinstance(nodes[-1], syntax.Literal | syntax.Ident) or isinstance(nodes[0], syntax.Literal)
    if safe or name not in _HEAVY or not emitter.is_nested:
        return emitter.values(nodes)
    first = emitter.keep(emitter.emit(nodes[0]))
    emitter.block.append(py.do(_adding(emitter, "prepay", first)))
    return [first, *emitter.values(nodes[1:])]


def _trapped(emitter: Emitter, node: Node, words: Sequence[ast.expr]) -> ast.expr:
    """An argument without which cel-go panics."""
    emitter.panics = True
    name = emitter.temporary()
    with emitter.inside(1) as body:
        body.append(py.assign(name, emitter.emit(node)))
    emitter.block.append(py.attempt(body, "Failure", [py.throw(py.call("Panic", *words))]))
    return py.read(name)


def _paid(
    emitter: Emitter, node: syntax.Call, rule: Charge | None, nodes: Sequence[Node], arguments: Sequence[ast.expr]
) -> ast.expr:
    """A call, and what it costs: known now, or added to the tally when it is made."""
    name = emitter.checked.functions[node]
    code = _code(emitter, FUNCTIONS[name], nodes)
    if name == "ip":  # a function of texts, and a method of networks
        code = emitter.layout.name(name, alone(name, emitter.checked.overloads[node][0]))
    if seeks(name, nodes):
        code = emitter.layout.name(name, textual(FUNCTIONS[name]))
    if rule is None:
        return _text(emitter, code, *arguments) if name == "string" else py.call(code, *arguments)
    sizes = [size(part.value) for part in nodes if isinstance(part, syntax.Literal)]
    last = isinstance(nodes[-1], syntax.Literal)
    if (name in _EQUALITY and sizes) or (name in _AFFIXES and last):
        emitter.price += min(sizes)  # ten times as much, and still not much
        return py.call(code, *arguments)
    if name in _EQUALITY:
        return _adding(emitter, _EQUALITY[name], *arguments)
    if name == "@in":
        return _among(emitter, code, nodes[1], *arguments)
    if name in _AFFIXES:
        return _adding(emitter, "affix", py.read(code), *arguments)
    if name in _SEARCHES and last and len(nodes) == 2:
        emitter.price += min(sizes)
        return _adding(emitter, "search", py.read(code), *arguments)
    emitter.price += LIST + 1  # for the call that fails
    return _adding(emitter, "metered", py.read(emitter.layout.name("rule", rule)), py.read(code), *arguments)


def _text(emitter: Emitter, code: str, value: ast.expr) -> ast.expr:
    """`string(value)`: a text is one already."""
    value = emitter.keep(value)
    return ast.IfExp(py.is_(py.call("type", value), py.read("str")), value, py.call(code, value))


def _among(emitter: Emitter, code: str, container: Node, *arguments: ast.expr) -> ast.expr:
    """`item in list`, which costs 1 for each item of the list."""
    if not emitter.scan.is_certain(container):
        return _adding(emitter, "among", *arguments)
    item, items = (emitter.keep(argument) for argument in arguments)
    emitter.tally(py.call("len", items))
    return py.call(code, item, items)


def _is_integer(emitter: Emitter, node: Node) -> bool:
    return emitter.checked.types[node] == INT and emitter.scan.is_certain(node)


def _adding(emitter: Emitter, name: str, *arguments: ast.expr) -> ast.expr:
    """A call that adds to the tally."""
    emitter.adds = True
    return py.call(name, py.read(SLOTS), *arguments)


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
    """A comparison with a text, a truth value or null, or of a certain integer, needs no more than Python's own."""
    for literal, other in (nodes, nodes[::-1]):
        if not isinstance(literal, syntax.Literal):
            continue
        value = literal.value
        if value is not None and other is nodes[0] and _may_be_opaque(emitter, other):
            continue
        if value is None or isinstance(value, bool):
            return (py.is_ if equal else py.is_not)(emitter.emit(other), py.constant(value))
        if isinstance(value, str) or (type(value) is int and _is_integer(emitter, other)):
            emitter.price += size(value)
            operator = ast.Eq() if equal else ast.NotEq()
            return ast.Compare(emitter.emit(other), [operator], [py.constant(value)])
    return None


def _may_be_opaque(emitter: Emitter, node: Node) -> bool:
    """Whether it may be a value that cannot be compared with everything: never when it comes from an object as it
    is.
    """
    plain = isinstance(node, syntax.Ident | syntax.Select | syntax.Index | syntax.Choice | syntax.Loop)
    return emitter.checked.types[node].is_dyn and not plain


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
    check_key(node)
    name = "index_optional" if node.optional else "index"
    return py.call(name, *emitter.values((node.operand, node.key)))
