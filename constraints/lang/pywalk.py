"""Looks through Python syntax trees that were built: their nodes, names and statements, what they say and assign."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any, Final

BLOCKS: Final = 16
"""Loops and `try` inside of each other in one function; CPython takes 20."""

_WORDS: Final = frozenset({"id", "attr", "arg", "name", "conversion", "kind", "type_comment"})
_SIGNS: Final = frozenset({"ctx", "op", "ops"})
_BLOCKS: Final = ("body", "orelse", "handlers")


class _Fields(dict[type, tuple[str, ...]]):
    """Some of the fields of each kind of node, found when it is first met."""

    def __init__(self, chosen: Callable[[type[ast.AST]], Iterable[str]]) -> None:
        self._chosen = chosen

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        found = self[kind] = tuple(self._chosen(kind))
        return found


def _inner(kind: type[ast.AST]) -> list[str]:
    if kind is ast.Constant:
        return []
    return [name for name in kind._fields[::-1] if name not in _WORDS and name not in _SIGNS]


INNER: Final = _Fields(_inner)
"""The fields in which a kind of node has others, the last one first; contexts and operators are none."""

_SAYING: Final = _Fields(lambda kind: [name for name in kind._fields if name != "ctx"])
_HOLDING: Final = _Fields(lambda kind: [name for name in _BLOCKS if name in kind._fields])


def walk(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These nodes and all below them but contexts and operators, in order of appearance; `ast.walk` takes thrice as
    long.
    """
    waiting = [*nodes][::-1]
    while waiting:
        node = waiting.pop()
        yield node
        for name in INNER[type(node)]:
            part = getattr(node, name, None)
            if type(part) is list:
                waiting += part[::-1]
            elif part is not None:
                waiting.append(part)


def loaded_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that nodes read or write, in order of appearance."""
    return (node.id for node in walk(nodes) if type(node) is ast.Name)


def statements(block: Iterable[ast.stmt]) -> Iterator[Any]:
    """The statements of a block and those inside of them, in no order."""
    waiting: list[Any] = [*block]
    while waiting:
        statement = waiting.pop()
        yield statement
        for inner in _HOLDING[type(statement)]:
            waiting += getattr(statement, inner)


def depth_of(block: Iterable[ast.stmt]) -> int:
    """How many blocks are inside of each other, the outermost one counted; a handler of exceptions counts as two."""
    waiting: list[tuple[Iterable[Any], int]] = [(block, 1)]
    deepest = 0
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        for statement in one:
            for name in _HOLDING[type(statement)]:
                inner = getattr(statement, name)
                if inner:
                    waiting.append((inner, depth + 1))
    return deepest


def shape(node: Any, named: Callable[[str], str] = str) -> Any:
    """A key that is the same for expressions that say the same; `named` may give several names for one.

    To write them as texts takes twice as long.
    """
    kind = type(node)
    if kind is ast.Name:
        return named(node.id)
    if kind is ast.Constant:
        value = node.value
        return (int, value) if type(value) is int else (type(value), repr(value))  # some integers Python does not print
    if kind is list:
        return tuple([shape(item, named) for item in node])
    if not isinstance(node, ast.AST):
        return node
    return (kind, *[shape(getattr(node, name, None), named) for name in _SAYING[kind]])


def all_assigned(block: Iterable[ast.stmt], local: Container[str], known: frozenset[str]) -> bool:
    """Whether each of the `local` names in the block is assigned, or among the `known`, wherever it is read."""
    return next(unassigned(block, local, known), None) is None


def unassigned(block: Iterable[ast.stmt], local: Container[str], known: frozenset[str]) -> Iterator[str]:
    """Those of the `local` names that are read where nothing in the block has assigned them; the `known` ones are.

    What is assigned in a condition or loop is not behind it; what is assigned in a `try` is.
    """
    assigned, trail = set(known), list[str]()
    waiting: list[_Open] = [_Open(iter(block), 0)]
    while waiting:
        one = waiting[-1]
        one.size = len(trail) if one.size < 0 else one.size
        statement = next(one.rest, None)
        if statement is None:
            waiting.pop()
            while not one.lasts and len(trail) > one.size:
                assigned.discard(trail.pop())
            continue
        here, blocks = _parts(statement)
        reads, stores = _names(here, local)
        yield from reads - assigned
        if not blocks:
            new = stores - assigned
            assigned |= new
            trail += new
            continue
        tried = statement.body if isinstance(statement, ast.Try) else None
        waiting += [_Open(iter(inner), lasts=inner is tried) for inner in blocks[::-1]]
        if isinstance(statement, ast.For):
            waiting[-1].size = len(trail)  # its variables belong to it
            new = set(loaded_names([statement.target])) - assigned
            assigned |= new
            trail += new


class _Open:
    """A block that is being gone through: its `size` is how much was assigned before it; what it assigns may last."""

    __slots__ = ("lasts", "rest", "size")  # no dataclass: to make one takes a start of the program longer

    def __init__(self, rest: Iterator[Any], size: int = -1, lasts: bool = False) -> None:
        self.rest = rest
        self.size = size
        self.lasts = lasts


def _parts(statement: Any) -> tuple[list[ast.AST], list[list[ast.stmt]]]:
    """What a statement itself reads and assigns, and the blocks inside of it."""
    if isinstance(statement, ast.If):
        return [statement.test], [statement.body, statement.orelse]
    if isinstance(statement, ast.For):
        return [statement.iter], [statement.body]
    if isinstance(statement, ast.Try):
        return [], [statement.body, *[handler.body for handler in statement.handlers]]
    return [statement], []


def _names(nodes: Iterable[ast.AST], local: Container[str]) -> tuple[set[str], set[str]]:
    """The local names that are read, those of a target that is assigned not, and all that are assigned."""
    reads, stores = set[str](), set[str]()
    for found in walk(nodes):
        if type(found) is ast.Name:
            if type(found.ctx) is ast.Store:
                stores.add(found.id)
            elif found.id in local:
                reads.add(found.id)
    return reads, stores
