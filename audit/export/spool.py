"""A queue of lines in the files of a folder, which outlives this process.

Lines are written to the end of the last file and read from the first one; a file that was read to its end is deleted.
How far that is stands in the file `position`. A kill may leave half a line at the end, which was then never put in
whole, and a position that is a little too old: those lines are read once more.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from audit.export.folder import append
from constraints.dataclass import dataclass

SUFFIX = ".spool"
SEGMENT = 8 << 20  # bytes, after which the next file is begun
_MODE = 0o700
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The number of a file, and a byte in it."""

    file: int = 0
    byte: int = 0


class Spool:
    """The queue in `folder`, which is made; not for several threads. Every method may raise OSError."""

    def __init__(self, folder: Path, segment: int = SEGMENT) -> None:
        self._folder = folder
        self._segment = segment
        folder.mkdir(_MODE, parents=True, exist_ok=True)
        if folder.is_symlink() or os.stat(folder).st_uid != os.geteuid():
            raise PermissionError(1, "it belongs to somebody else, or is a link", str(folder))
        self._lock = os.open(folder / "lock", _FLAGS, 0o600)
        self._position = -1
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._position = os.open(folder / "position", _FLAGS, 0o600)
            self._sizes = {number: os.stat(self._path(number)).st_size for number in self._numbers()}
            self._read = self._first(self._noted())
            self._last = -1
            self._note(self._read)  # later this takes no more space
            for number in [number for number in self._sizes if number < self._read.file]:
                self._remove(number)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the rest to whoever comes next."""
        for handle in (self._lock, self._position, getattr(self, "_last", -1)):
            if handle >= 0:
                os.close(handle)
        self._lock = self._position = self._last = -1

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(self._sizes.values())

    def write(self, data: bytes) -> None:
        """Put whole lines in; nothing is there of them when that raises."""
        number = max(self._sizes, default=self._read.file)
        if self._last < 0 or self._sizes.get(number, 0) >= self._segment:
            number = self._begin()
        append(self._last, data)
        self._sizes[number] += len(data)

    def read(self, most: int) -> tuple[list[bytes], Position]:
        """The next lines without their ends, at least one if there is any and about `most` bytes; and where they end.

        They are given again until `forget` is told of that position.
        """
        while self._read.file in self._sizes:
            data = self._whole_lines(most)
            if data:
                return data[:-1].split(b"\n"), Position(self._read.file, self._read.byte + len(data))
            later = [number for number in self._sizes if number > self._read.file]
            if not later:
                break
            self.forget(Position(min(later)))
        return [], self._read

    def forget(self, to: Position) -> None:
        """What is before this position is done with."""
        self._read = to
        with suppress(OSError):  # then lines are read once more after the next start
            self._note(to)
        for number in [number for number in self._sizes if number < to.file]:
            self._remove(number)
        newest = to.file == max(self._sizes, default=to.file)
        if newest and 0 < self._sizes.get(to.file, 0) <= to.byte:  # all is read: the next one begins a new file
            if self._last >= 0:
                os.close(self._last)
                self._last = -1
            self._remove(to.file)
            self._read = Position(to.file + 1)

    def rest(self) -> Iterator[bytes]:
        """All lines that were not read yet."""
        for number in sorted(self._sizes):
            start = self._read.byte if number == self._read.file else 0
            with open(self._path(number), "rb") as file:
                file.seek(start)
                for line in file:
                    if line.endswith(b"\n"):
                        yield line[:-1]

    def _note(self, to: Position) -> None:
        os.pwrite(self._position, f"{to.file:020} {to.byte:020}\n".encode(), 0)

    def _begin(self) -> int:
        number = max(self._sizes, default=self._read.file - 1) + 1
        if self._last >= 0:
            os.close(self._last)
            self._last = -1
        self._last = os.open(self._path(number), _FLAGS | os.O_APPEND, 0o600)
        self._sizes[number] = 0
        if len(self._sizes) == 1:
            self._read = Position(number)
        return number

    def _whole_lines(self, most: int) -> bytes:
        with open(self._path(self._read.file), "rb") as file:
            file.seek(self._read.byte)
            data = file.read(most)
            while data and b"\n" not in data:
                more = file.read(most)
                if not more:
                    return b""  # half a line of a process that was killed
                data += more
        return data[: data.rfind(b"\n") + 1]

    def _first(self, noted: Position) -> Position:
        if noted.file in self._sizes and noted.byte <= self._sizes[noted.file]:
            return noted
        later = [number for number in self._sizes if number >= noted.file]
        return Position(min(later)) if later else Position(noted.file + 1)

    def _noted(self) -> Position:
        words = os.pread(self._position, 64, 0).split()
        try:
            return Position(int(words[0]), int(words[1]))
        except (IndexError, ValueError):
            return Position()

    def _numbers(self) -> list[int]:
        names = [path.stem for path in self._folder.glob(f"*{SUFFIX}")]
        return sorted(int(name) for name in names if name.isdecimal())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:010}{SUFFIX}"

    def _remove(self, number: int) -> None:
        with suppress(OSError):  # a file that stays is older than the position, and goes at the next start
            self._path(number).unlink()
        self._sizes.pop(number, None)
