"""Looks through Python syntax trees that were built: their nodes, names and statements, what they say and assign."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Iterator
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
    assigned = set(known)
    return all(_is_assigned(statement, local, assigned) for statement in block)


def _is_assigned(statement: ast.stmt, local: Container[str], assigned: set[str]) -> bool:
    """Check one statement, and add what it assigns."""
    if isinstance(statement, (ast.If, ast.For)):
        inner = set(assigned)
        head = statement.test if isinstance(statement, ast.If) else statement.iter
        if isinstance(statement, ast.For):
            inner.update(loaded_names([statement.target]))
        fine = _reads(head, local) <= assigned
        for one in statement.body:  # no generator: bodies nest deeply, and each level is one frame only
            fine = fine and _is_assigned(one, local, inner)
        return fine
    if isinstance(statement, ast.Try):
        return all(_is_assigned(one, local, assigned) for one in statement.body)
    if isinstance(statement, ast.Assign):
        stored = {target.id for target in statement.targets if isinstance(target, ast.Name)}
        fine = _reads(statement, local) - stored <= assigned
        assigned |= stored
        return fine
    return _reads(statement, local) <= assigned


def _reads(node: ast.AST, local: Container[str]) -> set[str]:
    return {found.id for found in walk([node]) if isinstance(found, ast.Name) and found.id in local}
