"""The source of both packages, as tests of all of it read it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("audit", "constraints")
Graph = Mapping[str, set[str]]


def files() -> list[Path]:
    return sorted(f for package in PACKAGES for f in (ROOT / package).rglob("*.py"))


def module(path: Path) -> str:
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


@cache
def statements(path: Path) -> list[ast.AST]:
    """Those that import something, and those that handle errors."""
    wanted = (ast.Import, ast.ImportFrom, ast.ExceptHandler)
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, wanted)]


def imported(path: Path) -> Iterator[str]:
    for node in statements(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from {whole(node.module or "", alias.name) for alias in node.names}


@cache
def whole(package: str, name: str) -> str:
    """`package.name` when that is a module, else `package`."""
    path = ROOT.joinpath(*package.split("."), name)
    return f"{package}.{name}" if path.with_suffix(".py").exists() or path.is_dir() else package


@cache
def known() -> Graph:
    """Which modules each module imports, wherever: at its top, in a function, or below TYPE_CHECKING."""
    paths = {module(path): path for path in files()}
    targets = {name: {nearest(target, paths) for target in imported(path)} for name, path in paths.items()}
    return {name: found - {name, ""} for name, found in targets.items()}


def nearest(name: str, modules: Mapping[str, Path]) -> str:
    """The module that is meant by the name of something in it; empty for one that is not ours."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name


def lifted(graph: Graph, to: Callable[[str], str]) -> Graph:
    found: dict[str, set[str]] = {}
    for name, targets in graph.items():
        found.setdefault(to(name), set()).update(map(to, targets))
    return {name: targets - {name} for name, targets in found.items()}


def circles(graph: Graph) -> set[frozenset[str]]:
    """Those that reach each other."""
    reached = {name: reach(graph, name) for name in graph}
    return {
        frozenset(other for other in reached[name] if name in reached[other]) for name in graph if name in reached[name]
    }


def reach(graph: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found
