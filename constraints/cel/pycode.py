"""Short ways to build Python's syntax nodes, and to give them the positions of the policy."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

from constraints.lang.pywalk import INNER
from constraints.lang.source import Span


def read(name: str) -> ast.expr:
    """A name's value."""
    return ast.Name(name, ast.Load())


def constant(value: str | bytes | int | float | bool | None) -> ast.expr:
    """A constant."""
    return ast.Constant(value)


def call(name: str, *arguments: ast.expr) -> ast.expr:
    """`name(arguments)`."""
    return ast.Call(read(name), list(arguments), [])


def method(owner: ast.expr, name: str, *arguments: ast.expr) -> ast.expr:
    """`owner.name(arguments)`."""
    return ast.Call(ast.Attribute(owner, name, ast.Load()), list(arguments), [])


def assign(name: str, value: ast.expr) -> ast.stmt:
    """`name = value`."""
    return ast.Assign([ast.Name(name, ast.Store())], value)


def item(owner: ast.expr, key: ast.expr) -> ast.expr:
    """`owner[key]`."""
    return ast.Subscript(owner, key, ast.Load())


def put(owner: ast.expr, key: ast.expr, value: ast.expr) -> ast.stmt:
    """`owner[key] = value`."""
    return ast.Assign([ast.Subscript(owner, key, ast.Store())], value)


def add(target: ast.expr, value: ast.expr) -> ast.stmt:
    """`target += value`, for an item."""
    assert isinstance(target, ast.Subscript)
    return ast.AugAssign(ast.Subscript(target.value, target.slice, ast.Store()), ast.Add(), value)


def is_(left: ast.expr, right: ast.expr) -> ast.expr:
    """`left is right`."""
    return ast.Compare(left, [ast.Is()], [right])


def is_not(left: ast.expr, right: ast.expr) -> ast.expr:
    """`left is not right`."""
    return ast.Compare(left, [ast.IsNot()], [right])


def both(*parts: ast.expr) -> ast.expr:
    """`a and b`."""
    return ast.BoolOp(ast.And(), list(parts))


def when(test: ast.expr, body: Sequence[ast.stmt], other: Sequence[ast.stmt] = ()) -> ast.stmt:
    """`if test: body else: other`."""
    return ast.If(test, list(body) or [ast.Pass()], list(other))


def attempt(body: Sequence[ast.stmt], errors: str, handler: Sequence[ast.stmt], name: str | None = None) -> ast.stmt:
    """`try: body except errors as name: handler`."""
    return ast.Try(list(body), [ast.ExceptHandler(read(errors), name, list(handler))], [], [])


def loop(target: ast.expr, source: ast.expr, body: Sequence[ast.stmt]) -> ast.stmt:
    """`for target in source: body`."""
    return ast.For(target, source, list(body), [])


def throw(error: ast.expr) -> ast.stmt:
    """`raise error`."""
    return ast.Raise(error, None)


def do(value: ast.expr) -> ast.stmt:
    """An expression for its effect."""
    return ast.Expr(value)


def define(name: str, parameters: Iterable[str], body: Sequence[ast.stmt]) -> ast.FunctionDef:
    """`def name(parameters): body`."""
    arguments = ast.arguments([], [ast.arg(parameter) for parameter in parameters], None, [], [], None, [])
    return ast.FunctionDef(name, arguments, list(body), [], None)


def keep_failure(name: str, *, first: bool) -> list[ast.stmt]:
    """Remember the error at hand, the first or the last one; without its traceback, which would keep all alive."""
    bare = method(read("error"), "with_traceback", constant(None))
    remember = assign(name, bare)
    return [when(is_(read(name), constant(None)), [remember])] if first else [remember]


def locate(nodes: Iterable[ast.AST], at: Span) -> None:
    """Let all nodes point at `at` that point nowhere yet; contexts and operators need not."""
    line, column = at.line, at.column - 1
    waiting: list[Any] = list(nodes)
    while waiting:
        node = waiting.pop()
        if hasattr(node, "lineno"):
            continue
        node.lineno = node.end_lineno = line
        node.col_offset = node.end_col_offset = column
        for name in INNER[type(node)]:
            part = getattr(node, name, None)
            if type(part) is list:
                waiting += part
            elif part is not None:
                waiting.append(part)
