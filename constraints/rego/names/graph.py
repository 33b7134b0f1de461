"""The order of rules by what they refer to, and the ban on recursion."""

from __future__ import annotations

from collections.abc import Mapping

from constraints.lang.source import Span
from constraints.rego.names.resolved import Path
from constraints.rego.names.ruletree import path_text
from constraints.rego.syntax.problems import RECURSION, Problems


def in_order(graph: Mapping[Path, frozenset[Path]]) -> tuple[Path, ...]:
    """Each path behind those it refers to, as far as there is no recursion."""
    done: dict[Path, None] = {}
    open_: set[Path] = set()
    for start in graph:
        stack: list[tuple[Path, bool]] = [(start, False)]
        while stack:
            path, leaving = stack.pop()
            if leaving:
                done[path] = None
            elif path not in open_:
                open_.add(path)
                stack.append((path, True))
                stack += [(other, False) for other in sorted(graph[path], key=repr) if other not in open_]
    return tuple(done)


def forbid_recursion(
    graph: Mapping[Path, frozenset[Path]], places: Mapping[Path, tuple[Span, str]], problems: Problems
) -> None:
    """Refuse each rule that refers to itself, in the end; `places` are those of the rules, each with its source."""
    for path in _recursive(graph):
        way = _way_back(path, graph)
        if way:
            names = [path_text(step) for step in way]
            text = f"rule {names[0]} is recursive: {' -> '.join(names)}"
            problems.add(RECURSION, text, *places[path])


def _recursive(graph: Mapping[Path, frozenset[Path]]) -> list[Path]:
    """The paths that may be part of a circle: those left when all that refer to nothing left are taken away."""
    waits = {path: len(others & graph.keys()) for path, others in graph.items()}
    waiting: dict[Path, list[Path]] = {path: [] for path in graph}
    for path, others in graph.items():
        for other in others & graph.keys():
            waiting[other].append(path)
    leaves = [path for path, count in waits.items() if not count]
    for leaf in leaves:
        for path in waiting[leaf]:
            waits[path] -= 1
            if not waits[path]:
                leaves.append(path)
    return [path for path, count in waits.items() if count]


def _way_back(start: Path, graph: Mapping[Path, frozenset[Path]]) -> list[Path]:
    """The shortest way from `start` to itself; empty where there is none."""
    came: dict[Path, Path] = {}
    queue = [start]
    for path in queue:
        for other in sorted(graph[path], key=repr):
            if other == start:
                way = [start, path]
                while path != start:
                    path = came[path]
                    way.append(path)
                return way[::-1]
            if other not in came:
                came[other] = path
                queue.append(other)
    return []
