"""`patrol test` of one folder in a process of its own, with bounded time and memory.

It is forked from one that has imported the program already: to start Python takes longer than most answers.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.cli import main

_FORKED = multiprocessing.get_context("forkserver")
_FORKED.set_forkserver_preload([__name__, "audit.gator"])


@dataclass(frozen=True)
class Ended:
    """The exit code, which is that of a signal where it is below 0, and what was printed."""

    code: int
    stdout: str
    stderr: str


def ended(arguments: Sequence[str], cwd: Path, folder: Path, *, seconds: float, memory: int) -> Ended:
    """What a command says when it is run in `cwd`; its output goes through `folder`. Raises TimeoutError."""
    files = folder / "stdout", folder / "stderr"
    process = _FORKED.Process(target=_run, args=(arguments, cwd, files, memory))
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        raise TimeoutError(f"patrol {' '.join(arguments)} did not end within {seconds} seconds")
    code = process.exitcode
    process.close()
    return Ended(code, *(file.read_text(encoding="utf-8") for file in files))


def _run(arguments: Sequence[str], cwd: Path, files: Sequence[Path], memory: int) -> None:
    for number, file in enumerate((os.devnull, *files)):
        opened = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
    os.chdir(cwd)
    os.environ.clear()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    sys.exit(main(arguments))
