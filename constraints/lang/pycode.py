"""Builds Python syntax trees: nodes that carry a policy's positions, and a cursor that says where the next one goes."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final, TypeVar

from constraints.lang.source import Span

Block = list[ast.stmt]
N = TypeVar("N", bound=ast.AST)

_NO_IDENTIFIER: Final = re.compile(r"\W+", re.ASCII)


class Nodes:
    """Makes nodes at `span`, the position in the policy that is being translated."""

    def __init__(self) -> None:
        self.span = Span(1, 1)

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
        placed.lineno = placed.end_lineno = max(self.span.line, 1)
        placed.col_offset = placed.end_col_offset = max(self.span.column - 1, 0)
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


class Names:
    """Gives out identifiers, each once, and none that is in `taken`, which may grow."""

    def __init__(self, *taken: Container[str]) -> None:
        self._taken = taken
        self.used: dict[str, int] = {}  # with the number of names that were given out before

    def new(self, wish: str) -> str:
        """An identifier like `wish`."""
        plain = _NO_IDENTIFIER.sub("_", wish).strip("_") or "value"
        base = f"v{plain}" if plain[0].isdigit() else plain
        name, count = base, 2
        while self._is_taken(name):
            name, count = f"{base}_{count}", count + 1
        self.used[name] = len(self.used)
        return name

    def _is_taken(self, name: str) -> bool:
        return name in self.used or keyword.iskeyword(name) or any(name in taken for taken in self._taken)


def all_assigned(block: Block, local: Container[str], known: frozenset[str]) -> bool:
    """Whether each of the `local` names in the block is assigned, or among the `known`, wherever it is read."""
    assigned = set(known)
    return all(_is_assigned(statement, local, assigned) for statement in block)


def _is_assigned(statement: ast.stmt, local: Container[str], assigned: set[str]) -> bool:
    """Check one statement, and add what it assigns."""
    if isinstance(statement, (ast.If, ast.For)):
        inner = set(assigned)
        head = statement.test if isinstance(statement, ast.If) else statement.iter
        if isinstance(statement, ast.For):
            inner |= _names(statement.target)
        fine = _reads(head, local) <= assigned
        for one in statement.body:  # no generator: bodies nest deeply, and each level is one frame only
            fine = fine and _is_assigned(one, local, inner)
        return fine
    if isinstance(statement, ast.Try):
        return all(_is_assigned(one, local, assigned) for one in statement.body)
    if isinstance(statement, ast.Assign):
        stored = set().union(*(_names(target) for target in statement.targets if isinstance(target, ast.Name)))
        fine = _reads(statement, local) - stored <= assigned
        assigned |= stored
        return fine
    return _reads(statement, local) <= assigned


def _names(node: ast.AST) -> set[str]:
    return {found.id for found in ast.walk(node) if isinstance(found, ast.Name)}


def _reads(node: ast.AST, local: Container[str]) -> set[str]:
    return {name for name in _names(node) if name in local}


def filled(block: Block) -> Block:
    """The same block, with `pass` where something is empty."""
    for statement in block:
        for node in ast.walk(statement):
            if isinstance(node, (ast.If, ast.For)) and not node.body:
                node.body.append(ast.copy_location(ast.Pass(), node))
    return block


def loaded_names(block: Block) -> Iterator[str]:
    """The names that a block reads or writes, in order of appearance."""
    for statement in block:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name):
                yield node.id


def without_unread(block: Block) -> Block:
    """The same block, without texts and sets of keys that are made and never read, but for their size."""
    measures = {id(node): _measured(node) for statement in block for node in ast.walk(statement)}
    read = {name for statement in block for name in _loaded(statement, measures)}
    for statement in block:
        for node in ast.walk(statement):
            if isinstance(node, (ast.If, ast.For)):
                node.body = _read_ones(node.body, read, measures)
    return _read_ones(block, read, measures)


def _read_ones(block: Block, read: Container[str], measures: Mapping[int, str]) -> Block:
    unread = {name for one in block if (name := _unread(one, read))}
    return [one for one in block if _unread(one, read) not in unread and measures[id(one)] not in unread]


def _loaded(node: ast.AST, measures: Mapping[int, str]) -> Iterator[str]:
    """The names that are read, but for those of which only the size is looked at."""
    pending = [node]
    while pending:
        found = pending.pop()
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Load):
            yield found.id
        if not measures[id(found)]:
            pending += ast.iter_child_nodes(found)


def _measured(node: ast.AST) -> str:
    """The name of which a statement counts the size; empty for any other one."""
    match node:
        case ast.If(
            test=ast.Compare(left=ast.Call(func=ast.Name("len"), args=[ast.Name(name)])),
            body=[ast.Expr(ast.Call(func=ast.Name("spend_size")))],
        ):
            return name
    return ""


def _unread(statement: ast.stmt, read: Container[str]) -> str:
    """The name that the statement assigns when nobody reads it."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.JoinedStr() | ast.Call(func=ast.Name(id="keys_of"))):
            return "" if name in read else name
    return ""
