"""Gatekeeper's Config: which objects are left out, process by process, and which kinds are to be synced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

from audit.exclusion import Exclusion
from audit.kube.replies import shown
from constraints import Kind
from constraints.dataclass import dataclass
from constraints.model import Json, Object

CONFIG = Kind("config.gatekeeper.sh", "v1alpha1", "Config")
NAME = "config"
EVERY_PROCESS = "*"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What a Config leaves out (compatibility, section 9): patterns by process, and what was wrong with its text."""

    patterns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Object | None) -> Exclusions:
        """Read `spec.match[]`; a part that cannot be read is a problem, the other parts count."""
        patterns: dict[str, tuple[str, ...]] = {}
        problems: list[str] = []
        for found in _rows(config):
            if isinstance(found, str):
                problems.append(found)
                continue
            for process in found.processes:
                patterns[process] = (*patterns.get(process, ()), *found.namespaces)
        return cls(patterns, tuple(problems))

    def of_process(self, process: str) -> Exclusion:
        """What `process` leaves out."""
        return Exclusion((*self.patterns.get(process, ()), *self.patterns.get(EVERY_PROCESS, ())))


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
    return f"Config {NAME}: {path} must be {wanted}, not {shown(value)}"


def _strings(value: Json) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(item, str) for item in value)
