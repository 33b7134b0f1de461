"""Which file is meant by the name of a run, and files opened by such names while runs come and go."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from audit.errors import ResultsError
from audit.results.names import LATEST, Name
from audit.results.reading import STDIN, RunFile, opened

PREVIOUS: Final = "previous"
_TOLD: Final = 10
_LOOKS: Final = 10  # for names that mean other files each time


def file_of(folder: str, run: str) -> str:
    """The path of a run's file: `latest`, `previous`, its audit_id, the name of its file in `folder`, or a path.

    Raises ResultsError, which names the runs that there are.
    """
    if not folder:
        return _path(run)
    names = _names(folder)
    whole = [name for name in names if not name.partial]
    if run == LATEST:
        return _latest(folder) or _nth(folder, whole, run, 1)
    if run == PREVIOUS:
        return _nth(folder, whole, run, 2)
    found = [name for name in names if run in (str(name), name.stem.stamp, str(name.stem), _audit_id(name))]
    if len(found) > 1:
        raise ResultsError(f"{run}: several runs began then: name one of {', '.join(map(str, found))}")
    if found:
        return os.path.join(folder, str(found[0]))
    if os.path.lexists(run):
        return run
    raise ResultsError(f"{folder}: no run {run}; {_there(names)}")


@contextmanager
def opened_together(
    folder: str, runs: Sequence[str], find: Callable[[str, str], str] = file_of
) -> Iterator[Sequence[RunFile]]:
    """The files that the names of `runs` mean at one moment, while the block lasts: they can be read even when they are
    deleted meanwhile. Raises ResultsError.
    """
    paths = [find(folder, run) for run in runs]
    for last in [False] * (_LOOKS - 1) + [True]:
        with ExitStack() as stack:
            failed, files = None, []
            try:
                files = [stack.enter_context(opened(path)) for path in paths]
            except ResultsError as error:
                failed = error
            meant, paths = paths, [find(folder, run) for run in runs]
            if meant != paths and not last:
                continue  # a run has ended just now, and the oldest one is gone
            if failed:
                raise failed
            yield files
            return


def _latest(folder: str) -> str:
    """Where the link leads now: it may lead to another file before this one is read. Empty where it leads nowhere."""
    try:
        target = os.path.join(folder, os.readlink(os.path.join(folder, LATEST)))
    except OSError:
        return ""
    return target if os.path.exists(target) else ""


def _path(run: str) -> str:
    if run == STDIN or os.path.lexists(run):
        return run
    raise ResultsError(f"{run}: no such file; to find a run by its name give its folder with --results-dir")


def _audit_id(name: Name) -> str:
    day, clock = name.stem.stamp.split("T")
    return f"{day}T{clock.replace('-', ':')}"


def _names(folder: str) -> list[Name]:
    try:
        return sorted(name for name in map(Name.read, os.listdir(folder)) if name is not None)
    except OSError as error:
        raise ResultsError(f"{folder}: {error.strerror}") from error


def _nth(folder: str, names: list[Name], run: str, back: int) -> str:
    if len(names) < back:
        raise ResultsError(f"{folder}: no {run} run; {_there(names)}")
    return os.path.join(folder, str(names[-back]))


def _there(names: list[Name]) -> str:
    if not names:
        return "there are none"
    more = f" and {len(names) - _TOLD} older ones" if len(names) > _TOLD else ""
    return f"there are {', '.join(str(name) for name in reversed(names[-_TOLD:]))}{more}"
