"""Builds Python syntax trees: nodes that carry a policy's positions, and a cursor that says where the next one goes."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Container, Iterator
from functools import lru_cache
from typing import Any, Final, TypeVar

from constraints.lang.pywalk import INNER, statements
from constraints.lang.source import Span

Block = list[ast.stmt]
N = TypeVar("N", bound=ast.AST)

_NO_IDENTIFIER: Final = re.compile(r"\W+", re.ASCII)


class Nodes:
    """Makes nodes at `span`, the position in the policy that is being translated."""

    def __init__(self) -> None:
        self.span = Span(1, 1)

    @property
    def span(self) -> Span:
        """The position, from line 1 and column 1 on."""
        return self._span

    @span.setter
    def span(self, span: Span) -> None:
        self._span = span
        self._line, self._column = span.line, span.column - 1

    def name(self, name: str) -> ast.expr:
        """The value of a variable."""
        return self.at(ast.Name(name, ast.Load()))

    def constant(self, value: Any) -> ast.expr:
        """A str, int, float, bool or None."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value < 0:
            return self.at(ast.UnaryOp(ast.USub(), self.constant(-value)))
        return self.at(ast.Constant(value))

    def call(self, function: ast.expr | str, *arguments: ast.expr) -> ast.expr:
        """`function(arguments...)`."""
        called = self.name(function) if isinstance(function, str) else function
        return self.at(ast.Call(called, list(arguments), []))

    def method(self, value: ast.expr, name: str, *arguments: ast.expr) -> ast.expr:
        """`value.name(arguments...)`."""
        return self.call(self.attribute(value, name), *arguments)

    def attribute(self, value: ast.expr, name: str) -> ast.expr:
        """`value.name`."""
        return self.at(ast.Attribute(value, name, ast.Load()))

    def item(self, value: ast.expr, key: ast.expr) -> ast.expr:
        """`value[key]`."""
        return self.at(ast.Subscript(value, key, ast.Load()))

    def choice(self, test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
        """`then if test else otherwise`."""
        return self.at(ast.IfExp(test, then, otherwise))

    def compare(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
        """`left operator right`."""
        return self.at(ast.Compare(left, [operator], [right]))

    def binary(self, left: ast.expr, operator: ast.operator, right: ast.expr) -> ast.expr:
        """`left operator right`."""
        return self.at(ast.BinOp(left, operator, right))

    def both(self, *tests: ast.expr) -> ast.expr:
        """`a and b`."""
        parts = [part for test in tests for part in _parts(test, ast.And)]
        return parts[0] if len(parts) == 1 else self.at(ast.BoolOp(ast.And(), parts))

    def either(self, *tests: ast.expr) -> ast.expr:
        """`a or b`."""
        parts = [part for test in tests for part in _parts(test, ast.Or)]
        return parts[0] if len(parts) == 1 else self.at(ast.BoolOp(ast.Or(), parts))

    def inverse(self, test: ast.expr) -> ast.expr:
        """`not test`, or the opposite comparison."""
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in OPPOSITE:
            return self.at(ast.Compare(test.left, [OPPOSITE[type(test.ops[0])]()], test.comparators))
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            return test.operand
        return self.at(ast.UnaryOp(ast.Not(), test))

    def array(self, items: list[ast.expr]) -> ast.expr:
        """`[items...]`."""
        return self.at(ast.List(items, ast.Load()))

    def row(self, items: list[ast.expr]) -> ast.expr:
        """`(items...)`."""
        return self.at(ast.Tuple(items, ast.Load()))

    def mapping(self, pairs: list[tuple[ast.expr, ast.expr]]) -> ast.expr:
        """`{key: value, ...}`."""
        return self.at(ast.Dict([key for key, _ in pairs], [value for _, value in pairs]))

    def assign(self, name: str, value: ast.expr) -> ast.stmt:
        """`name = value`."""
        return self.at(ast.Assign([self.store(name)], value))

    def assign_item(self, value: ast.expr, key: ast.expr, item: ast.expr) -> ast.stmt:
        """`value[key] = item`."""
        return self.at(ast.Assign([self.at(ast.Subscript(value, key, ast.Store()))], item))

    def when(self, test: ast.expr) -> ast.If:
        """`if test:` with an empty body."""
        return self.at(ast.If(test, [], []))

    def loop(self, targets: tuple[str, ...], values: ast.expr) -> ast.For:
        """`for targets in values:` with an empty body."""
        stores: list[ast.expr] = [self.store(name) for name in targets]
        target = stores[0] if len(stores) == 1 else self.at(ast.Tuple(stores, ast.Store()))
        return self.at(ast.For(target, values, [], []))

    def attempt(self, body: Block, error: str, handler: Block) -> ast.stmt:
        """`try: body`, `except error as error_: handler`; the handler sees the error as `error`."""
        caught = self.at(ast.ExceptHandler(self.name(error), "error", handler))
        return self.at(ast.Try(body, [caught], [], []))

    def give(self, value: ast.expr) -> ast.stmt:
        """`return value`."""
        return self.at(ast.Return(value))

    def do(self, value: ast.expr) -> ast.stmt:
        """An expression as a statement."""
        return self.at(ast.Expr(value))

    def leave(self) -> ast.stmt:
        """`break`."""
        return self.at(ast.Break())

    def function(self, name: str, parameters: list[str], body: Block) -> ast.FunctionDef:
        """`def name(parameters...):`."""
        known = [self.at(ast.arg(parameter)) for parameter in parameters]
        arguments = ast.arguments(posonlyargs=[], args=known, kwonlyargs=[], kw_defaults=[], defaults=[])
        return self.at(ast.FunctionDef(name, arguments, filled(without_unread(body)) or [self.at(ast.Pass())], []))

    def store(self, name: str) -> ast.expr:
        """A variable to be assigned."""
        return self.at(ast.Name(name, ast.Store()))

    def at(self, node: N) -> N:
        """`node` at the present position."""
        placed: Any = node
        placed.lineno = placed.end_lineno = self._line
        placed.col_offset = placed.end_col_offset = self._column
        return node


OPPOSITE: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}


def _parts(test: ast.expr, kind: type[ast.boolop]) -> list[ast.expr]:
    """The tests that `test` joins; itself when it joins none in this way."""
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, kind) else [test]


class Identifiers:
    """Gives out identifiers, each once, and none that is in `taken`, which may grow; `given` collects those of
    several.
    """

    def __init__(self, *taken: Container[str], given: set[str] | None = None) -> None:
        self._taken = taken
        self._given = set() if given is None else given
        self.used: dict[str, int] = {}  # with the number of names that were given out before
        self._counts: dict[str, int] = {}  # where to go on for a name that was wished for before: nothing is given back

    def new(self, wish: str) -> str:
        """An identifier like `wish`."""
        base = _identifier(wish)
        count = self._counts.get(base, 1)
        name = base if count == 1 else f"{base}_{count}"
        while self._is_taken(name):
            count += 1
            name = f"{base}_{count}"
        self._counts[base] = count + 1
        self.used[name] = len(self.used)
        self._given.add(name)
        return name

    def _is_taken(self, name: str) -> bool:
        return name in self.used or keyword.iskeyword(name) or any(name in taken for taken in self._taken)


@lru_cache(maxsize=1024)  # policies call their variables much the same
def _identifier(wish: str) -> str:
    plain = _NO_IDENTIFIER.sub("_", wish).strip("_") or "value"
    return f"v{plain}" if plain[0].isdigit() else plain


def filled(block: Block) -> Block:
    """The same block, with `pass` where something is empty."""
    for statement in statements(block):
        if isinstance(statement, (ast.If, ast.For)) and not statement.body:
            statement.body.append(ast.copy_location(ast.Pass(), statement))
    return block


def without_unread(block: Block) -> Block:
    """The same block, without texts and sets of keys that are made and never read, but for their size."""
    unread = {_made(statement) for statement in statements(block) if type(statement) is ast.Assign} - {""}
    if not unread:
        return block
    for name in _read(block):
        unread.discard(name)
        if not unread:
            return block
    for statement in statements(block):
        if isinstance(statement, (ast.If, ast.For)):
            statement.body = _without(statement.body, unread)
    return _without(block, unread)


def _without(block: Block, unread: Container[str]) -> Block:
    return [one for one in block if _made(one) not in unread and _measured(one) not in unread]


def _read(block: Block) -> Iterator[str]:
    """The names that are read, but for those of which only the size is looked at."""
    waiting: list[ast.AST] = [*block]
    while waiting:
        node = waiting.pop()
        if type(node) is ast.Name:
            if type(node.ctx) is ast.Load:
                yield node.id
        elif type(node) is not ast.If or not _measured(node):
            for name in INNER[type(node)]:
                part = getattr(node, name, None)
                if type(part) is list:
                    waiting += part
                elif part is not None:
                    waiting.append(part)


def _made(statement: ast.stmt) -> str:
    """The name of the text or the set of keys that a statement makes; none where it does something else."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.JoinedStr() | ast.Call(func=ast.Name(id="keys_of"))):
            return str(name)
    return ""


def _measured(statement: ast.stmt) -> str:
    """The name of which a statement counts the size; none where it does something else."""
    match statement:
        case ast.If(
            test=ast.Compare(left=ast.Call(func=ast.Name("len"), args=[ast.Name(name)])),
            body=[ast.Expr(ast.Call(func=ast.Name("spend_size")))],
        ):
            return str(name)
    return ""
