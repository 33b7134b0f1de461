"""A queue of records in the files of a folder, which outlives this process.

Records are written to the end of the last file and read from the first one; a file that was read to its end is deleted.
How far that is stands in the file `position`; the file `run` is for whoever uses this. A kill may leave a part of a
record at the end, which was then never put in, and a position that is a little too old: those records are read once
more.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from audit.export.folder import append
from audit.export.records import LONGEST_HEAD, Head, Record, read_records
from constraints.dataclass import dataclass

SUFFIX = ".spool"
SEGMENT = 8 << 20  # bytes, after which the next file is begun
_MODE = 0o700
_NOTE = 200  # bytes
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """The number of a file, and a byte in it, where a record begins, of which so many messages are `done`; how many of
    its run were `refused` before; how many messages are `waiting` in all.
    """

    file: int = 0
    byte: int = 0
    refused: int = 0
    done: int = 0
    waiting: int = 0

    def after(self, heads: Sequence[Head], number: int) -> Position:
        """Behind so many messages that are not done, of the records that begin here."""
        byte, done = self.byte, self.done + number
        for head in heads:
            if done < head.there:
                break
            byte, done = byte + head.size, done - head.there
        return replace(self, byte=byte, done=done)


class Spool:
    """The queue in `folder`, which is made; not for several threads. Every method may raise OSError.

    `damaged` names the files that have something else in them than records, from where on they are left alone;
    `lost` is how many messages waited when the process before this one ended, and are not there any more.
    """

    def __init__(self, folder: Path, segment: int = SEGMENT) -> None:
        self._folder = folder
        self._segment = segment
        self.damaged: list[str] = []
        self._written: set[int] = set()
        folder.mkdir(_MODE, parents=True, exist_ok=True)
        if folder.is_symlink() or os.stat(folder).st_uid != os.geteuid():
            raise PermissionError(1, "it belongs to somebody else, or is a link", str(folder))
        self._lock = os.open(folder / "lock", _FLAGS, 0o600)
        self._position = self._note_file = self._last = -1
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._position = os.open(folder / "position", _FLAGS, 0o600)
            self._note_file = os.open(folder / "run", _FLAGS, 0o600)
            # Of what can be read of each file. What this process writes goes to files behind the one `before`.
            self._ends = {number: self._end(number) for number in self._numbers()}
            self.before = max(self._ends, default=-1)
            self._read = noted = self._first(self._noted())
            found = sum(head.there for head in self.rest())
            self.lost = max(0, noted.waiting - found)
            self._read = replace(noted, waiting=found)
            self._note(self._read)  # later this takes no more space
            for number in [number for number in self._ends if number < self._read.file]:
                self._remove(number)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the rest to whoever comes next."""
        for handle in (self._lock, self._position, self._note_file, self._last):
            if handle >= 0:
                os.close(handle)
        self._lock = self._position = self._note_file = self._last = -1

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(self._ends.values())

    def write(self, records: Sequence[Record]) -> None:
        """Put records in; nothing is there of them when that raises."""
        number = max(self._ends, default=self._read.file)
        if self._last < 0 or self._ends.get(number, 0) >= self._segment:
            number = self._begin()
        data = b"".join([part for record in records for part in (record.head.data, record.lines)])
        append(self._last, data)
        self._ends[number] += len(data)
        self._written.add(number)
        self._read = replace(self._read, waiting=self._read.waiting + sum(record.head.there for record in records))
        with suppress(OSError):  # then nobody will know if they are lost
            self._note(self._read)

    def written(self) -> list[int]:
        """Handles of what was written to since this was called last, to be brought to the disk and closed."""
        names = [self._path(number) for number in sorted(self._written) if number in self._ends]
        self._written.clear()
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
        return [os.open(name, flags) for name in (*names, self._folder)] if names else []

    @property
    def note(self) -> bytes:
        """A line that outlives this process, too."""
        return os.pread(self._note_file, _NOTE, 0).rstrip()

    @note.setter
    def note(self, line: bytes) -> None:
        os.pwrite(self._note_file, line.ljust(_NOTE), 0)

    def read(self, most: int) -> tuple[list[Record], Position]:
        """The next records, at least one if there is any and about `most` bytes; and where they begin.

        They are given again until `forget` is told of a position behind them.
        """
        while self._read.file in self._ends:
            try:
                found = self._next(most)
            except ValueError as error:  # somebody has changed it meanwhile
                raise OSError(f"{self._path(self._read.file)} is damaged: {error}") from error
            if found:
                return found, self._read
            later = [number for number in self._ends if number > self._read.file]
            if not later:
                break
            self.forget(self._begun(min(later)))
        return [], self._read

    def forget(self, to: Position, number: int = 0) -> None:
        """What is before this position is done with, so many messages."""
        self._read = replace(to, waiting=max(0, self._read.waiting - number))
        with suppress(OSError):  # then records are read once more after the next start
            self._note(self._read)
        for number in [number for number in self._ends if number < to.file]:
            self._remove(number)
        newest = to.file == max(self._ends, default=to.file)
        if newest and 0 < self._ends.get(to.file, 0) <= to.byte:  # all is read: the next one begins a new file
            if self._last >= 0:
                os.close(self._last)
                self._last = -1
            self._remove(to.file)
            self._read = self._begun(to.file + 1)

    @property
    def position(self) -> Position:
        """Where the next record is read."""
        return self._read

    def rest(self) -> Iterator[Head]:
        """What is said of all records that were not read yet."""
        for number in sorted(self._ends):
            start, done = (self._read.byte, self._read.done) if number == self._read.file else (0, 0)
            for at, head in self._heads(number):
                if at >= start:
                    yield replace(head, number=head.number - done) if at == start and done else head

    def _note(self, to: Position) -> None:
        os.pwrite(
            self._position, f"{to.file:020} {to.byte:020} {to.refused:020} {to.done:020} {to.waiting:020}\n".encode(), 0
        )

    def _begin(self) -> int:
        number = max(self._ends, default=self._read.file - 1) + 1
        if self._last >= 0:
            os.close(self._last)
            self._last = -1
        self._last = os.open(self._path(number), _FLAGS | os.O_APPEND, 0o600)
        self._ends[number] = 0
        if len(self._ends) == 1:
            self._read = self._begun(number)
        return number

    def _begun(self, number: int) -> Position:
        """Before the first record of another file."""
        return replace(self._read, file=number, byte=0, done=0)

    def _next(self, most: int) -> list[Record]:
        """The records behind the position in its file."""
        left = self._ends[self._read.file] - self._read.byte
        with open(self._path(self._read.file), "rb", buffering=0) as file:
            file.seek(self._read.byte)
            data = file.read(min(most, left))
            found, _ = read_records(data)
            if not found and left > len(data):  # one is longer
                line, _, _ = (data + file.read(min(LONGEST_HEAD, left - len(data)))).partition(b"\n")
                file.seek(self._read.byte)
                found, _ = read_records(file.read(len(line) + 1 + Head.read(line).length))
        return found

    def _end(self, number: int) -> int:
        """Where the whole records of a file end."""
        return max((at + len(head.data) + head.length for at, head in self._heads(number)), default=0)

    def _heads(self, number: int) -> Iterator[tuple[int, Head]]:
        """The heads of a file, each with where it begins; to the first record that is not whole."""
        at, path = 0, self._path(number)
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            while (line := file.readline(LONGEST_HEAD)).endswith(b"\n"):
                try:
                    head = Head.read(line[:-1])
                except ValueError:
                    self.damaged += [] if str(path) in self.damaged else [str(path)]
                    return
                if at + len(line) + head.length > size:
                    return
                yield at, head
                at += len(line) + head.length
                file.seek(at)

    def _first(self, noted: Position) -> Position:
        starts = self._starts(noted.file) if noted.file in self._ends else {}
        if noted.byte in starts and noted.done <= starts[noted.byte]:
            return noted
        later = [number for number in self._ends if number >= noted.file]
        return replace(noted, file=min(later) if later else noted.file + 1, byte=0, done=0)

    def _starts(self, number: int) -> dict[int, int]:
        """Where records of a file begin or may, and how many messages are in each."""
        return {self._ends[number]: 0, **{at: head.there for at, head in self._heads(number)}}

    def _noted(self) -> Position:
        words = os.pread(self._position, _NOTE, 0).split()
        try:
            return Position(int(words[0]), int(words[1]), *map(int, words[2:5]))
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
        self._ends.pop(number, None)
