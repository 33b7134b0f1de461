"""Gatekeeper's Config: which objects are left out, process by process, and which kinds are to be synced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from constraints import Kind
from constraints.model import Json, Object
from constraints.wildcard import wildcard

CONFIG = Kind("config.gatekeeper.sh", "v1alpha1", "Config")
NAME = "config"
EVERY_PROCESS = "*"

Pattern = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What a Config leaves out (compatibility, section 9): patterns by process, and what was wrong with its text."""

    patterns: dict[str, tuple[Pattern, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Object | None) -> Exclusions:
        """Read `spec.match[]`; a part that cannot be read is a problem, the other parts count."""
        patterns: dict[str, tuple[Pattern, ...]] = {}
        problems: list[str] = []
        for found in _rows(config):
            if isinstance(found, str):
                problems.append(found)
                continue
            for process in found.processes:
                patterns[process] = (*patterns.get(process, ()), *map(wildcard, found.namespaces))
        return cls(patterns, tuple(problems))

    def of_process(self, process: str) -> Callable[[Object], bool]:
        """Whether an object is left out by `process`.

        A Namespace is tested by its own name, every other object by its namespace; that of cluster-scoped objects is
        the empty string, so that the pattern `*` leaves them out too.
        """
        patterns = (*self.patterns.get(process, ()), *self.patterns.get(EVERY_PROCESS, ()))
        seen: dict[str, bool] = {}

        def excluded(item: Object) -> bool:
            name = _namespace_of(item)
            if name not in seen:
                seen[name] = any(matches(name) for matches in patterns)
            return seen[name]

        return excluded if patterns else _nothing


@dataclass(frozen=True, slots=True)
class _Row:
    processes: tuple[str, ...]
    namespaces: tuple[str, ...]


def _rows(config: Object | None) -> Iterator[_Row | str]:
    spec = (config or {}).get("spec")
    if spec is not None and not isinstance(spec, dict):
        yield _problem("spec", "an object", spec)
        return
    rows = (spec or {}).get("match")
    if rows is None:
        return
    if not isinstance(rows, list):
        yield _problem("spec.match", "a list", rows)
        return
    for number, row in enumerate(rows):
        yield from _row(f"spec.match[{number}]", row)


def _row(path: str, row: Json) -> Iterator[_Row | str]:
    if not isinstance(row, dict):
        yield _problem(path, "an object", row)
        return
    processes, namespaces = (() if row.get(name) is None else row[name] for name in ("processes", "excludedNamespaces"))
    bad = [
        _problem(f"{path}.{name}", "a list of strings", value)
        for name, value in (("processes", processes), ("excludedNamespaces", namespaces))
        if not _strings(value)
    ]
    yield from bad or (_Row(tuple(processes), tuple(namespaces)),)


def _problem(path: str, wanted: str, value: Json) -> str:
    return f"Config {NAME}: {path} must be {wanted}, not {value!r}"


def _strings(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, str) for item in value)


def _namespace_of(item: Object) -> str:
    metadata = item.get("metadata") or {}
    is_namespace = item.get("kind") == "Namespace" and item.get("apiVersion") == "v1"
    return (metadata.get("name") if is_namespace else metadata.get("namespace")) or ""


def _nothing(item: Object) -> bool:
    return False
