"""Costs of whole processes: wall seconds and the peak of memory, in runs that take turns."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.places import Failed, environment

DENIED = 1  # what gator and patrol end with when something is denied
PATROL = (sys.executable, "-c", "import sys; from audit.cli import main; sys.exit(main())")  # what its script does
Command = Sequence[str]


@dataclass(frozen=True, slots=True)
class Cost:
    """Wall seconds, MiB at the peak, and seconds of the processor."""

    seconds: float
    memory: float
    processor: float = 0.0


def alternating(commands: Mapping[str, Command], rounds: int, folder: Path) -> dict[str, Cost]:
    """The median costs of commands that take turns; what one printed last is in the file of its name in `folder`."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            costs[name].append(once(command, folder / name))
    return {name: middle(found) for name, found in costs.items()}


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each, which may be those of different runs."""
    return Cost(
        median(cost.seconds for cost in costs),
        median(cost.memory for cost in costs),
        median(cost.processor for cost in costs),
    )


def once(command: Command, output: Path) -> Cost:
    """What one run costs. Raises Failed when it could not do its work."""
    launcher = [sys.executable, "-m", "benchmarks.launched", str(output), *command]
    env = as_installed(output.parent)
    done = subprocess.run(launcher, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    found = json.loads(done.stdout) if done.stdout else {"code": done.returncode}
    if found["code"] not in (0, DENIED) or "Error:" in done.stderr:
        raise Failed(f"{' '.join(command[:3])} ... ended with code {found['code']}: {done.stderr[-500:]}")
    return Cost(found["seconds"], found["memory"], found["processor"])


def as_installed(folder: Path) -> dict[str, str]:
    """The environment in which modules are compiled once, as pip does when it installs them; into `folder`."""
    ours = {name: value for name, value in environment().items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**ours, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}


def asked(command: Command, env: Mapping[str, str] | None = None) -> str:
    """What a command prints. Raises Failed."""
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command[:3])} ... ended with code {done.returncode}: {done.stderr[-500:]}")
    return done.stdout
