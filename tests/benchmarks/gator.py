"""The peer: `gator` of Gatekeeper, built from the Go tools of tests/peers, and what its own benchmark says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import asked

ITERATIONS = 1000
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([\d.]+)(h|ms|us|µs|μs|ns|m|s)")


@dataclass(frozen=True, slots=True)
class Benched:
    """What `gator bench` says: seconds of a review and of setting up, violations found in one round of the objects."""

    review: float
    compiling: float
    violations: int


def bench(gator: Path, files: Iterable[Path], iterations: int = ITERATIONS) -> Benched:
    """Ask gator how long the Rego of these files takes. Raises Failed."""
    named = [argument for file in files for argument in ("-f", str(file))]
    printed = asked([str(gator), "bench", "-e", "rego", "-o", "json", "-n", str(iterations), *named])
    return benched(json.loads(printed)[0])


def benched(found: dict[str, object]) -> Benched:
    """Read one entry of gator's report."""
    latencies, setup = found["latencies"], found["setupBreakdown"]
    violations, iterations = found["violationCount"], found["iterations"]
    assert isinstance(latencies, dict)
    assert isinstance(setup, dict)
    assert isinstance(violations, int)
    assert isinstance(iterations, int)
    compiling = duration(setup["templateCompilation"]) + duration(setup["constraintLoading"])
    return Benched(duration(latencies["mean"]), compiling, violations // iterations)


def duration(text: str) -> float:
    """Seconds of a time as Go writes it, such as `1m2.5s` or `701.837µs`."""
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
