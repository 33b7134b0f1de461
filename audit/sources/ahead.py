"""A bounded queue that lets listing run ahead of evaluation, and spills to disk before a token gets too old."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Condition
from typing import Generic, TypeVar

from audit.sources.cache import PageCache
from constraints.dataclass import dataclass

T = TypeVar("T")
GLANCE = 0.2  # seconds between looks at whether the run is told to stop


@dataclass(slots=True)
class Queued(Generic[T]):
    """One thing in the queue; its body is in memory, waits on disk, or there is none (any more)."""

    item: T
    body: bytes | Path | None

    @property
    def size(self) -> int:
        """The bytes that it holds in memory."""
        return len(self.body) if isinstance(self.body, bytes) else 0


@dataclass(frozen=True, slots=True)
class Room:
    """How much may wait in memory, pages and bytes, and for how long a producer waits for it, in seconds.

    A body that is larger than `memory` alone waits alone.
    """

    depth: int = 4
    memory: int = 64 << 20
    patience: float = 60.0


class Ahead(Generic[T]):
    """A queue of some producers and one consumer that holds no more bodies in memory than there is `room` for.

    When it is full a producer waits with patience (API servers let a continue token expire after some minutes); then
    the body goes to the cache and listing goes on. Bodies marked `secret` never go to disk; without a cache, or when
    its disk is full, none does, and the producer goes on waiting. Once `over()` is true nothing more is handed out.
    """

    def __init__(self, room: Room, cache: PageCache | None, over: Callable[[], bool]) -> None:
        self._room, self._cache, self._over = room, cache, over
        self._rows: deque[Queued[T]] = deque()
        self._in_memory = 0
        self._bytes = 0
        self._disk_full = False
        self._closed = False
        self._changed = Condition()
        self.spilled = 0
        self.most = 0

    def put(self, item: T, body: bytes | None = None, secret: bool = False) -> bool:
        """Add one thing; False when the consumer is gone, and the producer should stop."""
        with self._changed:
            if body is None:
                return self._append(Queued(item, None))
            may_spill = self._cache is not None and not secret and not self._disk_full
            if not self._changed.wait_for(lambda: self._has_room(body), self._room.patience if may_spill else None):
                path = self._spill(body)
                if path is not None:
                    return self._append(Queued(item, path))
                self._changed.wait_for(lambda: self._has_room(body))
            return self._append(Queued(item, body))

    def take(self) -> Iterator[Queued[T]]:
        """The things in order, until the producers close or it is over; `open` gives their bodies."""
        while (row := self._next()) is not None:
            yield row

    def open(self, row: Queued[T]) -> bytes:
        """The body of a row, once: nothing here keeps it."""
        body, row.body = row.body, None
        if isinstance(body, Path):
            assert self._cache is not None
            return self._cache.take(body)
        return body or b""

    def close(self) -> None:
        """No more will be put; both sides wake up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self) -> Queued[T] | None:
        with self._changed:
            while not (self._rows or self._closed or self._over()):
                self._changed.wait(GLANCE)
            if not self._rows or self._over():
                return None
            row = self._rows.popleft()
            self._in_memory -= isinstance(row.body, bytes)
            self._bytes -= row.size
            self._changed.notify_all()
            return row

    def _has_room(self, body: bytes) -> bool:
        fits = self._in_memory < self._room.depth and self._bytes + len(body) <= self._room.memory
        return self._closed or fits or not self._in_memory

    def _append(self, row: Queued[T]) -> bool:
        self._in_memory += isinstance(row.body, bytes)
        self._bytes += row.size
        self.most = max(self.most, self._bytes)
        self._rows.append(row)
        self._changed.notify_all()
        return not self._closed

    def _spill(self, body: bytes) -> Path | None:
        if self._cache is None:
            return None
        try:
            path = self._cache.put(body)
        except OSError:  # the disk is full or gone: this page and those after it wait in memory
            self._disk_full = True
            return None
        self.spilled += 1
        return path
