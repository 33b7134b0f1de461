"""Each builtin on large arguments: `python -m benchmarks.bounds [SIZE [NAME...]]` prints seconds and peak memory of
each.

Every call has a process of its own, with the steps and the time of one evaluation, and ends as an evaluation would.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence

from largeoperands import OUTSIDE, operands

from audit.hooks.timekeeping import TimeLimits, Watchdog
from constraints.errors import EvaluationError
from constraints.model import Json
from constraints.rego.builtins import BUILTINS, BuiltinError
from constraints.rego.runtime.context import BUDGET
from constraints.rego.values.sizes import limited_to
from constraints.timing import OutOfTime

SIZE = 400_000  # characters of a text, items of a collection
MOST_MEMORY = 1_500_000_000


def main(arguments: Sequence[str]) -> None:
    """Print a line for each builtin: how the call ended, its seconds of processor time, the peak of its process in
    MiB.
    """
    size = int(arguments[0]) if arguments else SIZE
    names = arguments[1:] or [name for name in BUILTINS if name not in OUTSIDE and not BUILTINS[name].missing]
    sys.stdout.write(f"{'builtin':40} {'ends':10} {'seconds':>8} {'MiB':>6}\n")
    for name in names:
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.bounds", "--one", name, str(size)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=60,
            check=False,
        )
        sys.stdout.write(ended.stdout or f"{name:40} died with {ended.returncode}\n")
        sys.stdout.flush()


def one(name: str, size: int) -> None:
    """Make one call and print its line."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    given = operands(name, size)
    watchdog = Watchdog(TimeLimits(policy=0))
    began = time.process_time()
    with watchdog.watching():
        how = _ended(name, given, watchdog)
    took = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    sys.stdout.write(f"{name:40} {how:10} {took:8.2f} {peak:6}\n")


def _ended(name: str, given: Sequence[Json], watchdog: Watchdog) -> str:
    try:
        try:
            watchdog.running = (_Named(name), None)  # type: ignore[assignment]  # only its key is looked at
            with limited_to(BUDGET):
                found = BUILTINS[name].run(*given)
                if BUILTINS[name].relation:
                    _all(found)
        finally:
            watchdog.running = None
            if watchdog.calls:
                watchdog.settle()
    except EvaluationError as error:
        return "steps" if "steps" in str(error) else "size"
    except BuiltinError:
        return "undefined"
    except OutOfTime:
        return "time"
    return "answered"


def _all(rows: Iterable[Mapping[str, Json]]) -> None:
    for _ in rows:
        pass


class _Named:
    """Stands for a constraint."""

    def __init__(self, key: str) -> None:
        self.key = key


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2], int(sys.argv[3]))
    else:
        main(sys.argv[1:])
