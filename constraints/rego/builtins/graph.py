"""`graph.reachable` and `graph.reachable_paths` (facts: OPA's topdown/reachable.go)."""

from __future__ import annotations

from typing import Final

from constraints.rego.builtins import BuiltinError, builtin, wrong_type
from constraints.rego.builtins.operands import mapping
from constraints.rego.values import UNDEFINED, Key, RegoObject, RegoSet, Value, key_of, lookup, type_name

Graph = dict[str, Value] | RegoObject

_MOST_PATHS: Final = 100_000  # a graph of 30 vertices may have more than memory holds


def _vertices(value: Value) -> list[Value]:
    """The members of an array or set; nothing else has any."""
    if isinstance(value, RegoSet):
        return value.sorted_members()
    return value if isinstance(value, list) else []


def _start(initial: Value) -> list[Value]:
    if not isinstance(initial, list | RegoSet):
        raise wrong_type(2, "{array, set}", type_name(initial))
    return _vertices(initial)


@builtin("graph.reachable", "object", "array|set", result="set")
def reachable(graph: Value, initial: Value) -> RegoSet:
    """The vertices that are in the graph and can be reached from the first ones, those included."""
    source = mapping(graph, 1)
    waiting = list(_start(initial))
    reached: dict[Key, Value] = {}
    while waiting:
        vertex = waiting.pop()
        key = key_of(vertex)
        edges = UNDEFINED if key in reached else lookup(source, vertex)
        if edges is not UNDEFINED:
            reached[key] = vertex
            waiting += _vertices(edges)
    return RegoSet(reached)


@builtin("graph.reachable_paths", "object", "array|set", result="set")
def reachable_paths(graph: Value, initial: Value) -> RegoSet:
    """The longest paths from the first vertices on, each cut before it meets itself or leaves the graph."""
    source = mapping(graph, 1)
    paths: dict[Key, Value] = {}
    for vertex in _start(initial):
        edges = lookup(source, vertex)
        if edges is UNDEFINED:
            continue
        if not _vertices(edges):
            _keep(paths, [vertex])
        waiting = [([vertex], frozenset({key_of(vertex)}), neighbour) for neighbour in _vertices(edges)]
        while waiting:
            waiting += _longer(source, waiting.pop(), paths)
    return RegoSet(paths)


Step = tuple[list[Value], frozenset[Key], Value]
"""A path, the keys of its vertices, and the vertex to go to."""


def _longer(graph: Graph, step: Step, paths: dict[Key, Value]) -> list[Step]:
    """The steps that follow one; where none does, the path is kept. (OPA lets the first vertex meet itself once.)"""
    path, met, vertex = step
    edges = lookup(graph, vertex)
    if edges is UNDEFINED:
        _keep(paths, path)
        return []
    path, met = [*path, vertex], met | {key_of(vertex)}
    neighbours = _vertices(edges)
    ahead = [neighbour for neighbour in neighbours if key_of(neighbour) not in met]
    if not neighbours or len(ahead) < len(neighbours):
        _keep(paths, path)
    return [(path, met, neighbour) for neighbour in ahead]


def _keep(paths: dict[Key, Value], path: list[Value]) -> None:
    if len(paths) >= _MOST_PATHS:
        raise BuiltinError(f"more than {_MOST_PATHS} paths")
    paths[key_of(path)] = path
