"""Messages that wait for a driver, in their order and within a number of bytes: in a spill folder, else in memory.

Everything goes through the folder, so that a process that is killed leaves what it has not published. Where the folder
cannot be written, messages wait in memory, and behind those all later ones, until the memory is empty.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from threading import Condition

from audit.export.spool import SEGMENT, Position, Spool
from audit.export.tally import Tally
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol.export")
MEMORY = 16 << 20  # bytes
AT_ONCE = 1 << 20  # bytes of a batch
_LEAST = 1 << 12  # bytes of a file in the folder
START, VIOLATION, END, DROPPED = b"S", b"V", b"E", b"D"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that may wait in the folder, and in memory."""

    folder: int
    memory: int = MEMORY


@dataclass(frozen=True, slots=True)
class Batch:
    """Some messages of one run that follow each other; `ended`: the last one is the end message of the run.

    `to` is where they end in the folder, None for those in memory, of which there are `lines`.
    """

    run: str
    messages: tuple[bytes, ...]
    ended: bool
    lines: int
    to: Position | None


class Backlog:
    """One thread puts messages in, another one takes batches out."""

    def __init__(self, folder: Path, limits: Limits, tally: Tally) -> None:
        self._limits = limits
        self._tally = tally
        self._memory: deque[bytes] = deque()
        self._memory_bytes = 0
        self._told = ""
        self.changed = Condition()
        try:
            self._spool: Spool | None = Spool(folder, max(_LEAST, min(SEGMENT, limits.folder // 8)))
        except OSError as error:
            self._spool = None
            log.warning("export: messages wait in memory, for the spill folder %s cannot be used: %s", folder, error)
        else:
            self._recover(self._spool)

    def put(self, run: str, kind: bytes, messages: Sequence[bytes]) -> int:
        """Add messages of a run; gives how many had no place and are dropped. Starts and ends always have one."""
        lines = [b"%s %s %s\n" % (kind, run.encode(), message) for message in messages]
        with self.changed:
            kept = len(lines) if kind != VIOLATION else self._fitting(lines)
            dropped = len(lines) - kept
            if dropped:
                if not self._tally.dropped(run):
                    log.warning("export: too many messages wait: those of the run %s are dropped from now on", run)
                lines = [*lines[:kept], b"%s %s %d\n" % (DROPPED, run.encode(), dropped)]
            self._add(lines)
            self._tally.put(run, kept, dropped)
            self._tally.holds(self.size)
            self.changed.notify_all()
        return dropped

    def next(self, seconds: float) -> Batch | None:
        """What is to be published next, again and again until it is `done`. Raises OSError.

        None when nothing waits, once something does, or may, or so many seconds are over.
        """
        with self.changed:
            batch = self._next()
            while batch is not None and not batch.messages:
                self._forget(batch)
                batch = self._next()
            if batch is None:
                self.changed.wait(seconds)
            return batch

    def _next(self) -> Batch | None:
        lines, to = self._spool.read(AT_ONCE) if self._spool else ([], None)
        if not lines:
            lines, to = self._from_memory(), None
        if not lines:
            return None
        run, messages, ended, number = _first_run(lines)
        rest = sum(len(line) + 1 for line in lines[number:])
        return Batch(run, messages, ended, number, Position(to.file, to.byte - rest) if to else None)

    def done(self, batch: Batch, refused: int = 0) -> None:
        """It is with the target, but for those messages that it will never take. Raises OSError."""
        with self.changed:
            self._forget(batch)
            self._tally.sent(batch.run, len(batch.messages) - refused)
            self._tally.lost(batch.run, refused)
            self._tally.holds(self.size)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._memory_bytes + (self._spool.size if self._spool else 0)

    def close(self) -> None:
        """Leave what waits in the folder to the next process; what is only in memory is dropped where it has no
        place.
        """
        with self.changed:
            if self._spool and self._memory:
                try:
                    self._spool.write(b"".join(self._memory))
                    self._memory.clear()
                except OSError as error:
                    log.error("export: messages in memory have no place in the spill folder: %s", error)
            for run, number in _violations(self._memory).items():
                self._tally.lost(run, number)
                log.error("export: %d messages of the run %s are dropped, for this process ends", number, run)
            self._memory.clear()
            if self._spool:
                self._spool.close()
                self._spool = None

    def _fitting(self, lines: Sequence[bytes]) -> int:
        """How many of the lines have a place."""
        in_memory = self._spool is None or self._memory
        left = self._limits.memory - self._memory_bytes if in_memory else self._limits.folder - self.size
        for number, line in enumerate(lines):
            left -= len(line)
            if left < 0:
                return number
        return len(lines)

    def _add(self, lines: Sequence[bytes]) -> None:
        if self._spool and not self._memory:
            try:
                self._spool.write(b"".join(lines))
                self._told = ""
                return
            except OSError as error:
                if self._told != str(error):
                    self._told = str(error)
                    log.warning("export: messages wait in memory, for the spill folder cannot be written: %s", error)
        self._memory.extend(lines)
        self._memory_bytes += sum(map(len, lines))

    def _from_memory(self) -> list[bytes]:
        found, size = [], 0
        for line in self._memory:
            size += len(line)
            found.append(line[:-1])
            if size >= AT_ONCE:
                break
        return found

    def _forget(self, batch: Batch) -> None:
        if batch.to is not None:
            if self._spool:
                self._spool.forget(batch.to)
            return
        for _ in range(batch.lines):
            self._memory_bytes -= len(self._memory.popleft())

    def _recover(self, spool: Spool) -> None:
        waiting: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        for line in spool.rest():
            kind, run, rest = _parts(line)
            if kind == DROPPED:
                dropped[run] += int(rest) if rest.isdigit() else 0
            else:
                waiting[run] += 1
        for run, number in dropped.items():
            self._tally.put(run, 0, dropped=number)
            log.warning("export: %d messages of the run %s were dropped before, for too many waited", number, run)
        for run, number in waiting.items():
            self._tally.put(run, number, spilled=True)
            log.info("export: %d messages of the run %s wait from before", number, run)
        self._tally.holds(spool.size)


def _first_run(lines: Sequence[bytes]) -> tuple[str, tuple[bytes, ...], bool, int]:
    """The first run's part of the lines: its name, messages, whether it ends, and of how many lines that is."""
    run = ""
    messages: list[bytes] = []
    for number, line in enumerate(lines):
        kind, of, message = _parts(line)
        if run and of != run:
            return run, tuple(messages), False, number
        run = of
        if kind != DROPPED:
            messages.append(message)
        if kind == END:
            return run, tuple(messages), True, number + 1
    return run, tuple(messages), False, len(lines)


def _parts(line: bytes) -> tuple[bytes, str, bytes]:
    kind, _, rest = line.partition(b" ")
    run, _, message = rest.partition(b" ")
    return kind, run.decode(errors="replace"), message


def _violations(lines: Sequence[bytes] | deque[bytes]) -> Counter[str]:
    return Counter(run for kind, run, _ in map(_parts, lines) if kind != DROPPED)
