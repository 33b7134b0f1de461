"""Looks through Python syntax trees that were built: their nodes, names and statements, what they say and assign."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any


def walk(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These nodes and all below them, in order of appearance; `ast.walk` takes twice as long for that."""
    waiting = [*nodes][::-1]
    while waiting:
        node = waiting.pop()
        yield node
        if type(node) is not ast.Name:  # the most frequent one, with nothing below it but its context
            for name in node._fields[::-1]:
                part = getattr(node, name, None)
                if type(part) is list:
                    waiting += part[::-1]
                elif isinstance(part, ast.AST):
                    waiting.append(part)


def loaded_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that nodes read or write, in order of appearance."""
    return (node.id for node in walk(nodes) if isinstance(node, ast.Name))


def statements(block: Iterable[ast.stmt]) -> Iterator[Any]:
    """The statements of a block and those inside of them, in no order."""
    waiting: list[Any] = [*block]
    while waiting:
        statement = waiting.pop()
        yield statement
        for inner in ("body", "orelse", "handlers"):
            waiting += getattr(statement, inner, ())


def shape(node: Any, named: Callable[[str], str] = str) -> Any:
    """A key that is the same for expressions that say the same; `named` may give several names for one.

    To write them as texts takes twice as long.
    """
    kind = type(node)
    if kind is ast.Name:
        return named(node.id)
    if kind is ast.Constant:
        return type(node.value), repr(node.value)
    if kind is list:
        return tuple([shape(item, named) for item in node])
    if not isinstance(node, ast.AST):
        return node
    return (kind, *[shape(getattr(node, name, None), named) for name in node._fields])


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
        yield from _reads(here, local) - assigned
        if not isinstance(statement, (ast.If, ast.For, ast.Try)):
            new = _stores(here) - assigned
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


@dataclass(slots=True)
class _Open:
    """A block that is being gone through: its `size` is how much was assigned before it; what it assigns may last."""

    rest: Iterator[Any]
    size: int = -1
    lasts: bool = False


def _parts(statement: Any) -> tuple[list[ast.AST], list[list[ast.stmt]]]:
    """What a statement itself reads and assigns, and the blocks inside of it."""
    if isinstance(statement, ast.If):
        return [statement.test], [statement.body, statement.orelse]
    if isinstance(statement, ast.For):
        return [statement.iter], [statement.body]
    if isinstance(statement, ast.Try):
        return [], [statement.body, *[handler.body for handler in statement.handlers]]
    return [statement], []


def _stores(nodes: Iterable[ast.AST]) -> set[str]:
    return {found.id for found in walk(nodes) if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Store)}


def _reads(nodes: Iterable[ast.AST], local: Container[str]) -> set[str]:
    """The local names that are read; those of a target that is assigned are not."""
    return {
        found.id
        for found in walk(nodes)
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Load) and found.id in local
    }
