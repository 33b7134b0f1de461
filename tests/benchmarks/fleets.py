"""The workload of the benchmarks: the fleet and the policies that lie beside the repository, in ../shared/bench."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from beside import BENCH

ROOT = Path(__file__).resolve().parents[2]
CRDS = ROOT / "manifests" / "crds"
FEW = ("allowedrepos", "httpsonly", "replicalimits", "requiredlabels")  # about one evaluation for each object
Object = dict[str, Any]


def names() -> tuple[str, ...]:
    """The names of all policies."""
    return tuple(sorted(path.stem.removeprefix("t-") for path in (BENCH / "policies").glob("t-*.yaml")))


def policies(prefix: str, chosen: Sequence[str]) -> list[Object]:
    """The templates (`t`) or the constraints (`c`) of the chosen policies."""
    return [obj for name in chosen for obj in documents(BENCH / "policies" / f"{prefix}-{name}.yaml")]


def crds() -> list[Object]:
    """The CRDs that policies need."""
    return [obj for path in sorted(CRDS.glob("*.yaml")) for obj in documents(path)]


def fleet(pods: int) -> Iterator[Object]:
    """`pods` Pods and what belongs to them; a fleet is a part of every larger one."""
    spec = importlib.util.spec_from_file_location("fleet", BENCH / "fleet.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield from module.fleet(pods)


def documents(path: Path) -> list[Object]:
    """The YAML documents of a file."""
    return list(yaml.safe_load_all(path.read_text()))
