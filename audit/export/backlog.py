"""Messages that wait for a driver, in their order and within a number of bytes: in a spill folder, else in memory.

Everything goes through the folder, so that a process that is killed leaves what it has not published. Where the folder
cannot be written, messages wait in memory, and behind those all later ones, until the memory is empty.
"""

from __future__ import annotations

import logging
import os
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from threading import Condition, Thread

from audit.export.lines import less_refused
from audit.export.memo import Memo
from audit.export.records import DROPPED, END, START, VIOLATION, Head, Messages, Record
from audit.export.spool import SEGMENT, Position, Spool
from audit.export.tally import Tally, of_run
from audit.extent import NONE, PAGE, RUN
from constraints.dataclass import dataclass

__all__ = ["END", "START", "VIOLATION", "Backlog", "Batch", "Limits"]
log = logging.getLogger("kube_patrol.export")
MEMORY = 16 << 20  # bytes
AT_ONCE = 1 << 20  # bytes of a batch
_UNKNOWN = "?"
_LEAST = 1 << 12  # bytes of a file in the folder


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that may wait in the folder, and in memory."""

    folder: int
    memory: int = MEMORY


@dataclass(frozen=True, slots=True)
class Batch:
    """Some messages of one run that follow each other; `begins`: it has the start message; `ended`: it is the end
    message, which is alone, for it says what became of all others.

    `at` is where they begin in the folder, None for those in memory; `heads` are those of their records. `mended`: some
    were damaged, and are left out.
    """

    run: str
    messages: Messages
    begins: bool
    ended: bool
    heads: tuple[Head, ...]
    at: Position | None
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How many messages about violations of a run were put in by now, and how many had no place."""

    run: str
    sent: int = 0
    dropped: int = 0

    @classmethod
    def read(cls, line: bytes) -> Progress | None:
        """None for what is none."""
        words = line.split()
        if len(words) != 3 or not (words[1].isdigit() and words[2].isdigit()):
            return None
        return cls(words[0].decode(errors="replace"), int(words[1]), int(words[2]))

    @property
    def line(self) -> bytes:
        """As it is noted in the folder."""
        return b"%s %d %d" % (self.run.encode(), self.sent, self.dropped)


class Backlog:
    """One thread puts messages in, another one takes batches out.

    `sync` is a word of audit.extent: when what waits in the folder is brought to the disk. `interrupted` is the run
    that a process before this one has begun and not ended, `torn` one of which messages were lost in the folder since.
    """

    def __init__(self, folder: Path, limits: Limits, tally: Tally, sync: str = NONE) -> None:
        self._limits = limits
        self._sync = sync
        self._progress: Progress | None = None
        self.interrupted: Progress | None = None
        self.torn = ""
        self._tally = tally
        self._memory: deque[Record] = deque()
        self._memory_bytes = 0
        self._mended: Record | None = None  # the first one of the folder, as far as it is sound and not done
        self._refused = 0  # by the target, of the run that is published now
        self._told = ""
        self.changed = Condition()
        try:
            self._spool: Spool | None = Spool(folder, max(_LEAST, min(SEGMENT, limits.folder // 8)))
        except OSError as error:
            self._spool = None
            log.warning("export: messages wait in memory, for the spill folder %s cannot be used: %s", folder, error)
        else:
            self._recover(self._spool)
        self.memo = Memo(folder / "disk" if self._spool else None)

    def put(self, run: str, kind: bytes, messages: Sequence[Messages]) -> int:
        """Add messages of a run; gives how many had no place and are dropped. Starts and ends always have one."""
        records, number = [Record.of(kind, run, some) for some in messages], sum(map(len, messages))
        with self.changed:
            dropped = 0
            if kind == VIOLATION and sum(record.size for record in records) > self._left:
                fitting = self._fitting(run, messages)
                dropped = number - sum(map(len, fitting))
                records = [*(Record.of(kind, run, some) for some in fitting if some), Record.dropped(run, dropped)]
                if not self._tally.dropped(run):
                    log.warning("export: too many messages wait: those of the run %s are dropped from now on", run)
            self._add(records)
            self._keep_note(run, kind, number - dropped, dropped)
            self._tally.put(run, number - dropped, dropped)
            self._tally.holds(self.size)
            self.changed.notify_all()
            if self._sync == PAGE:
                self.bring()
        if self._sync == RUN and kind == END:
            Thread(target=self.bring, name="sync", daemon=True).start()  # the audit need not wait for that
        return dropped

    def bring(self) -> None:
        """Bring what waits in the folder to the disk."""
        try:
            with self.changed, ExitStack() as stack:
                files = self._spool.written() if self._spool else []
                for file in files:
                    stack.callback(os.close, file)
                closing = stack.pop_all()
            with closing:
                for file in files:
                    os.fsync(file)
        except OSError as error:
            log.warning("export: what waits could not be brought to the disk: %s", error)

    def next(self, seconds: float, most: int = AT_ONCE) -> Batch | None:
        """What is to be published next, in about `most` bytes, again and again until it is `done`. Raises OSError.

        None when nothing waits, once something does, or may, or so many seconds are over.
        """
        with self.changed:
            batch = self._next(most)
            while batch is not None and not (batch.messages or batch.ended):
                self._forget(batch, 0)
                batch = self._next(most)
            if batch is None:
                self.changed.wait(seconds)
            return batch

    def _next(self, most: int) -> Batch | None:
        records, at = self._spool.read(most) if self._spool else ([], None)
        if not records:
            records, at = self._from_memory(most), None
        if not records:
            return None
        first = _first_run(records)
        if self._spool and at and at.file <= self._spool.before:
            sound = self._mended or self._sound(first[0].without(at.done))
            if sound is not None:
                self._mended, head = sound, sound.head
                messages = Messages(sound.lines, head.number)
                return Batch(head.run, messages, False, head.kind == END, (first[0].head,), at, mended=True)
            first = first[: next((n for n, each in enumerate(first) if n and each.damaged), len(first))]
        heads = tuple(record.head for record in first)
        left = [first[0].without(at.done if at else 0), *first[1:]]
        messages = Messages(b"".join([record.lines for record in left]), sum(record.head.there for record in left))
        begins, ended = heads[0].kind == START, heads[-1].kind == END
        if ended and messages and self._refused:
            messages = Messages.of([less_refused(messages[0], self._refused)])
        return Batch(heads[0].run, messages, begins, ended, heads, at)

    def done(self, batch: Batch, number: int | None = None, refused: int = 0) -> None:
        """All of it, or so many of its first messages, are with the target, but for those that it will never take.

        Raises OSError.
        """
        number = len(batch.messages) if number is None else number
        with self.changed:
            self._refused = 0 if batch.ended else refused + (0 if batch.begins else self._refused)
            self._forget(batch, number)
            self._tally.sent(batch.run, number - refused)
            self._tally.lost(batch.run, refused)
            self._tally.holds(self.size)
            self.changed.notify_all()

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._memory_bytes + (self._spool.size if self._spool else 0)

    @property
    def crowded(self) -> bool:
        """Whether so much waits that soon there may be no place."""
        return self.size > self._limits.folder // 4 or self._memory_bytes > self._limits.memory // 4

    def close(self) -> Mapping[str, int]:
        """Leave what waits in the folder to the next process; gives how many messages of which runs are dropped, for
        they are only in memory, and have no place there.
        """
        with self.changed:
            if self._spool and self._memory:
                try:
                    self._spool.write(self._memory)
                    self._memory.clear()
                except OSError as error:
                    log.error("export: messages in memory have no place in the spill folder: %s", error)
            lost: Counter[str] = Counter()
            for record in self._memory:
                lost[record.head.run] += record.head.number if record.head.kind != DROPPED else 0
            lost = +lost
            for run, number in lost.items():
                self._tally.lost(run, number)
                log.error("export: %s dropped, for this process ends", of_run(number, run, "is", "are"))
            self._memory.clear()
            if self._spool:
                if self._sync != NONE:
                    self.bring()
                self._spool.close()
                self._spool = None
        return lost

    @property
    def _left(self) -> int:
        """Bytes that there is a place for."""
        in_memory = self._spool is None or self._memory
        return self._limits.memory - self._memory_bytes if in_memory else self._limits.folder - self.size

    def _keep_note(self, run: str, kind: bytes, sent: int, dropped: int) -> None:
        """Let the next process know of this run, should this one be killed before it ends."""
        before = self._progress or Progress(run)
        if kind == VIOLATION:
            self._progress = Progress(run, before.sent + sent, before.dropped + dropped)
        else:
            self._progress = Progress(run) if kind == START else None
        if self._spool:
            with suppress(OSError):  # then that run has no end message
                self._spool.note = self._progress.line if self._progress else b""

    def _fitting(self, run: str, messages: Sequence[Messages]) -> list[Messages]:
        """The first ones of the messages, as far as they have a place."""
        left, found = self._left, []
        for some in messages:
            left -= len(Record.of(VIOLATION, run, some).head.data)
            number = bisect_right([*accumulate(len(message) + 1 for message in some)], left)
            found.append(Messages.of(some[:number]))
            left -= len(found[-1].lines)
            if number < len(some):
                break
        return found

    def _add(self, records: Sequence[Record]) -> None:
        if self._spool and not self._memory:
            try:
                self._spool.write(records)
                self._told = ""
                return
            except OSError as error:
                if self._told != str(error):
                    self._told = str(error)
                    log.warning("export: messages wait in memory, for the spill folder cannot be written: %s", error)
        self._memory.extend(records)
        self._memory_bytes += sum(record.size for record in records)

    def _from_memory(self, most: int) -> list[Record]:
        found, size = [], 0
        for record in self._memory:
            size += record.size
            found.append(record)
            if size >= most:
                break
        return found

    def _sound(self, record: Record) -> Record | None:
        """What is left of a record that is damaged, None for one that is not."""
        lost, run = record.damaged, record.head.run
        if not lost:
            return None
        log.error("export: %s damaged in the spill folder, and dropped", of_run(lost, run, "is", "are"))
        self._tally.lost(run, lost)
        self._refused += lost
        return record.sound()

    def _forget(self, batch: Batch, number: int) -> None:
        if batch.mended and self._mended is not None and batch.at is not None:
            self._mended = self._mended.without(number)
            if self._mended.head.number:
                return
            self._mended, number = None, batch.heads[0].there - batch.at.done
        if batch.at is not None:
            if self._spool:
                self._spool.forget(replace(batch.at.after(batch.heads, number), refused=self._refused), number)
            return
        to = Position().after(batch.heads, number)
        while to.byte:
            record = self._memory.popleft()
            self._memory_bytes -= record.size
            to = replace(to, byte=to.byte - record.size)
        if to.done:
            record = self._memory.popleft()
            self._memory.appendleft(record.without(to.done))
            self._memory_bytes += self._memory[0].size - record.size

    def _recover(self, spool: Spool) -> None:
        self._refused = spool.position.refused
        waiting: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        for head in spool.rest():
            (dropped if head.kind == DROPPED else waiting)[head.run] += head.number
            self.torn = head.run
        for path in spool.damaged:
            log.error("export: %s is damaged: what it had from there on is lost", path)
        for run, number in dropped.items():
            self._tally.earlier(run, number)
            log.warning("export: %s dropped before, for too many waited", of_run(number, run, "was", "were"))
        self.interrupted = Progress.read(spool.note)
        self._miss(spool.lost)
        for run, number in (+waiting).items():
            self._tally.put(run, number, spilled=True)
            log.info("export: %s from before", of_run(number, run, "waits", "wait"))
        self._tally.holds(spool.size)

    def _miss(self, lost: int) -> None:
        """So many messages are not there any more, of the last run."""
        run = self.interrupted
        self.torn = (run.run if run else self.torn or _UNKNOWN) if lost else ""
        if not lost:
            return
        self._tally.put(self.torn, 0, dropped=lost)
        log.error("export: %s lost in the spill folder, and dropped", of_run(lost, self.torn, "is", "are"))
        if run is not None:
            self.interrupted = replace(run, sent=max(0, run.sent - lost), dropped=run.dropped + lost)


def _first_run(records: Sequence[Record]) -> Sequence[Record]:
    """The first run's part of the records, without its end message unless that is the first one."""
    run = records[0].head.run
    for number, record in enumerate(records):
        if record.head.run != run or record.head.kind == END:
            return records[: number or 1]
    return records
