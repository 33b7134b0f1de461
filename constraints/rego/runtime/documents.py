"""The tree below `data` at run time: rules and base documents together, walked only as far as it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Any, Final

from constraints.dataclass import dataclass
from constraints.rego.runtime.conflicts import Where, conflict
from constraints.rego.runtime.context import Context
from constraints.rego.runtime.iteration import items_of, sorted_items
from constraints.rego.values.kinds import (
    UNDEFINED,
    Key,
    RegoSet,
    Value,
    is_object,
    key_of,
    lookup,
    object_of,
    pairs_of,
    same,
)

KEYS: Final = "object keys must be unique"


@dataclass(slots=True)
class Node:
    """A place below `data`: the rule that answers there, or what is below it.

    `number` is the number by which `with` hides the place; `place` is its path.
    """

    place: tuple[Any, ...]
    number: int
    rule: Callable[[Context], Value] | None = None
    children: dict[Key, Node] = field(default_factory=dict)

    @property
    def name(self) -> Value:
        """The last part of the path."""
        return self.place[-1]


@dataclass(frozen=True, slots=True)
class Tree:
    """A place that has rules below it, with the base document of the same place."""

    node: Node
    base: Value


class Nested:
    """Collects what a rule with variables in its head defines: objects in objects, with values or sets at the
    leaves.
    """

    __slots__ = ("branches",)

    def __init__(self) -> None:
        self.branches: dict[Key, tuple[Value, Nested | Leaf | Members]] = {}

    def value(self) -> Value:
        """The object that was collected."""
        return object_of((key, found.value()) for key, found in self.branches.values())

    def single(self, path: tuple[Value, ...], value: Value, where: Where) -> None:
        """The value at a path; another one there, before it or behind it is a conflict."""
        branch, index = self._last(path, where), key_of(path[-1])
        before = branch.branches.get(index)
        if before is None:
            branch.branches[index] = (path[-1], Leaf(value))
        elif not same(before[1].value(), value):
            conflict(KEYS, where)

    def member(self, path: tuple[Value, ...], value: Value, where: Where) -> None:
        """A member of the set at a path."""
        branch, index = self._last(path, where), key_of(path[-1])
        leaf = branch.branches.setdefault(index, (path[-1], Members()))[1]
        if not isinstance(leaf, Members):
            conflict(KEYS, where)
        leaf.members.setdefault(key_of(value), value)

    def _last(self, path: tuple[Value, ...], where: Where) -> Nested:
        branch = self
        for key in path[:-1]:
            found = branch.branches.setdefault(key_of(key), (key, Nested()))[1]
            if not isinstance(found, Nested):
                conflict(KEYS, where)
            branch = found
        return branch


class Leaf:
    """A value at the end of a path."""

    __slots__ = ("found",)

    def __init__(self, found: Value) -> None:
        self.found = found

    def value(self) -> Value:
        """The value."""
        return self.found


class Members:
    """A set at the end of a path."""

    __slots__ = ("members",)

    def __init__(self) -> None:
        self.members: dict[Key, Value] = {}

    def value(self) -> Value:
        """The set."""
        return RegoSet(self.members)


def document(context: Context, node: Node, base: Value) -> Value:
    """The whole document at a place of the tree."""
    if node.number in context.hidden:
        return base
    if node.rule is not None:
        return node.rule(context)
    found = []
    for child in node.children.values():
        value = document(context, child, UNDEFINED)
        if value is not UNDEFINED:
            found.append((child.name, value))
    return _merged(base, object_of(found))


def _merged(base: Value, rules: Value) -> Value:
    """Both documents in one; where they say different things, the base document counts."""
    if base is UNDEFINED:
        return rules
    if not (is_object(base) and is_object(rules)):
        return base
    both = [(key, _merged(lookup(base, key), value)) for key, value in pairs_of(rules)]
    return object_of([*pairs_of(base), *both])


def whole(context: Context, value: Value) -> Value:
    """The value itself, or the document that a tree stands for."""
    return document(context, value.node, value.base) if type(value) is Tree else value


def tree_at(context: Context, node: Node) -> Value:
    """The place in the tree, to be walked."""
    base = context.data
    for key in node.place:
        base = lookup(base, key)
    return base if node.number in context.hidden else Tree(node, base)


def descend(context: Context, value: Value, key: Value) -> Value:
    """One step down, in a tree or in a value."""
    if type(value) is not Tree:
        return lookup(value, key)
    base = lookup(value.base, key)
    child = value.node.children.get(key_of(key))
    return base if child is None else _below(context, child, base)


def _below(context: Context, child: Node, base: Value) -> Value:
    if child.number in context.hidden:
        return base
    return Tree(child, base) if child.rule is None else child.rule(context)


def branches(context: Context, value: Value, ordered: bool) -> Iterable[tuple[Value, Value]]:
    """All steps down, in a tree or in a value."""
    if type(value) is not Tree:
        return sorted_items(value) if ordered else items_of(value)
    children = value.node.children
    found = {}
    for key, item in sorted_items(value.base):
        child = children.get(key_of(key))
        found[key_of(key)] = (key, item if child is None else _below(context, child, item))
    for key in [key for key in children if key not in found]:
        found[key] = (children[key].name, _below(context, children[key], UNDEFINED))
    return [pair for pair in found.values() if pair[1] is not UNDEFINED]
