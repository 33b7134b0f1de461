"""Reads what the driver disk writes, as it comes, whatever is renamed or deleted meanwhile."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import ELOOP
from pathlib import Path
from stat import S_ISREG

from audit.export.disk import READY, WRITING
from audit.export.folder import DELETED, KEPT, LIST, READING, list_lines
from constraints.dataclass import dataclass

_RESULT = re.compile(rf"\d{{4}}-\d\d-\d\dT\d\d_\d\d_\d\dZ({re.escape(WRITING)}|{re.escape(READY)})")
AT_ONCE = 1 << 20  # bytes


@dataclass(slots=True)
class _Open:
    """A file that is held open, so that it can be read to its end when it is deleted; `at` is how far it was read."""

    handle: int
    stem: str
    at: int = 0


class Tail:
    """Follows the files of runs in `folder` and in the folders in it, the channels. Each line is given once.

    What cannot be read, and what was deleted before it was, is told to `note`, each once.
    """

    def __init__(self, folder: Path, note: Callable[[str], object]) -> None:
        self._folder = folder
        self._note = note
        self._open: dict[tuple[int, int], _Open] = {}
        self._seen: set[Path] = set()
        self._deleted: set[Path] | None = None
        self._refused: set[Path] = set()

    def lines(self) -> Iterator[bytes]:
        """The lines that have come since the last time, with their ends, earlier runs first. Raises OSError."""
        there = set(self._look())
        for key, file in sorted(self._open.items(), key=lambda item: item[1].stem):
            yield from _new_lines(file)
            if key not in there:  # deleted; what it had was read just now
                os.close(file.handle)
                del self._open[key]

    def close(self) -> None:
        """Let go of all files."""
        for file in self._open.values():
            os.close(file.handle)
        self._open.clear()

    def _look(self) -> Iterator[tuple[int, int]]:
        """Open what is new; gives which files there are."""
        seen: set[Path] = set()
        for path in [*self._folder.glob("*"), *self._folder.glob("*/*")]:
            if not _RESULT.fullmatch(path.name):
                continue
            with suppress(FileNotFoundError), self._refusing(path):  # renamed or deleted just now: the next look knows
                yield self._opened(path)
                seen.add(path.with_suffix(""))
        self._tell_missed(seen)  # after the look: a file is listed as deleted before it is
        self._seen = seen

    def _opened(self, path: Path) -> tuple[int, int]:
        handle = os.open(path, READING)
        found = os.fstat(handle)
        key = found.st_dev, found.st_ino
        if key in self._open or not S_ISREG(found.st_mode):
            os.close(handle)
        else:
            self._open[key] = _Open(handle, path.stem)
        return key

    @contextmanager
    def _refusing(self, path: Path) -> Iterator[None]:
        """A link is passed over."""
        try:
            yield
        except OSError as error:
            if error.errno != ELOOP:
                raise
            if path not in self._refused:
                self._refused.add(path)
                self._note(f"{path} is a link, and not read")

    def _tell_missed(self, seen: set[Path]) -> None:
        deleted, before = set(self._listed_as_deleted()), self._deleted
        self._deleted = deleted
        missed = sorted(deleted - before - self._seen - seen) if before is not None else []
        if missed:
            more = "at least " if len(missed) >= KEPT else ""
            one = len(missed) == 1
            runs = (
                "1 run was deleted before it was" if one else f"{more}{len(missed)} runs were deleted before they were"
            )
            first = f"{missed[0]}{READY}" + (f" to {missed[-1].name}{READY}" if len(missed) > 1 else "")
            self._note(f"{runs} read here: {first}; a larger maxAuditResults leaves more time")

    def _listed_as_deleted(self) -> Iterator[Path]:
        for path in [self._folder / LIST, *self._folder.glob(f"*/{LIST}")]:
            with suppress(OSError):  # others' folders have none, and it may be gone
                file = os.open(path, READING)
                try:
                    names = list_lines(file)
                finally:
                    os.close(file)
                yield from (
                    path.parent / name.removeprefix(DELETED).removesuffix(READY)
                    for name in names
                    if name.startswith(DELETED)
                )


def _new_lines(file: _Open) -> Iterator[bytes]:
    """Whole lines only: the last one may still be on its way."""
    most = AT_ONCE
    while True:
        data = os.pread(file.handle, most, file.at)
        end = data.rfind(b"\n") + 1
        if end:
            file.at += end
            yield from (line + b"\n" for line in data[: end - 1].split(b"\n"))
        elif len(data) < most:
            return
        else:
            most *= 2
