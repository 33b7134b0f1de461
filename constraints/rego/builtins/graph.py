"""`graph.reachable` and `graph.reachable_paths` (facts: OPA's topdown/reachable.go)."""

from __future__ import annotations

from constraints.rego.builtins import builtin, wrong_type
from constraints.rego.builtins.operands import mapping
from constraints.rego.values.kinds import UNDEFINED, Key, RegoObject, RegoSet, Value, key_of, lookup
from constraints.rego.values.order import type_name
from constraints.rego.values.sizes import ENTRY, look_through, spend

Graph = dict[str, Value] | RegoObject


def _vertices(value: Value) -> list[Value]:
    """The members of an array or set; nothing else has any."""
    if isinstance(value, RegoSet):
        return value.sorted_members()
    return value if isinstance(value, list) else []


def _start(initial: Value) -> list[Value]:
    if not isinstance(initial, list | RegoSet):
        raise wrong_type(2, "{array, set}", type_name(initial))
    look_through(initial, 4)
    return _vertices(initial)


@builtin("graph.reachable", "object[array|set]", "array|set", result="set")
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
            look_through(_vertices(edges))
            waiting += _vertices(edges)
    return RegoSet(reached)


@builtin("graph.reachable_paths", "object[array|set]", "array|set", result="set[array]")
def reachable_paths(graph: Value, initial: Value) -> RegoSet:
    """Paths from the first vertices on, each cut before it leaves the graph or meets a vertex again.

    A walk starts with each edge of a first vertex. It remembers all that it went through, not only what is on its
    path: where two paths meet, the later one ends (conformance: reachable_paths/cycle_1022_3).
    """
    source = mapping(graph, 1)
    paths: dict[Key, Value] = {}
    for vertex in _start(initial):
        edges = lookup(source, vertex)
        if edges is UNDEFINED:
            continue
        if not _vertices(edges):
            _keep(paths, [vertex])
        for neighbour in _vertices(edges):
            _walk(source, [vertex], neighbour, paths)
    return RegoSet(paths)


def _walk(graph: Graph, path: list[Value], first: Value, paths: dict[Key, Value]) -> None:
    """Depth first from one vertex on, keeping each path that ends; the vertices before it count as met."""
    met = {key_of(vertex) for vertex in path}
    waiting: list[tuple[list[Value], Value, bool]] = [(path, first, True)]
    while waiting:
        path, vertex, may_repeat = waiting.pop()
        edges = UNDEFINED if key_of(vertex) in met and not may_repeat else lookup(graph, vertex)
        if edges is UNDEFINED:
            _keep(paths, path)
            continue
        longer = [*path, vertex]
        spend(len(longer))
        neighbours = _vertices(edges)
        if not neighbours:
            _keep(paths, longer)
        elif any(key_of(neighbour) not in met for neighbour in neighbours):
            met.add(key_of(vertex))
        look_through(neighbours, ENTRY)
        waiting += [(longer, neighbour, False) for neighbour in reversed(neighbours)]


def _keep(paths: dict[Key, Value], path: list[Value]) -> None:
    paths[key_of(path)] = path
    spend(ENTRY + len(path))
