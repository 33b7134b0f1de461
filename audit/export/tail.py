"""Reads what the driver disk writes, as it comes, whatever is renamed or deleted meanwhile."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from audit.export.disk import READY, WRITING
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
    """Follows the files of runs in `folder` and in the folders in it, the channels. Each line is given once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[tuple[int, int], _Open] = {}

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
        for path in [*self._folder.glob("*"), *self._folder.glob("*/*")]:
            if not _RESULT.fullmatch(path.name):
                continue
            with suppress(FileNotFoundError):  # renamed or deleted just now: the next look knows
                yield self._opened(path)

    def _opened(self, path: Path) -> tuple[int, int]:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(handle)
        key = found.st_dev, found.st_ino
        if key in self._open or not S_ISREG(found.st_mode):
            os.close(handle)
        else:
            self._open[key] = _Open(handle, path.stem)
        return key


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
