"""A bounded queue that lets listing run ahead of evaluation, and spills to disk before a continue token gets too old."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Event
from typing import Generic, TypeVar

from audit.sources.cache import PageCache

T = TypeVar("T")
GLANCE = 0.2  # seconds between looks at whether the run is told to stop


@dataclass(frozen=True, slots=True)
class Row(Generic[T]):
    """One thing in the queue; its body is in memory, waits on disk, or there is none."""

    item: T
    body: bytes | Path | None


class Ahead(Generic[T]):
    """A queue of one producer and one consumer that holds at most `depth` bodies in memory.

    When it is full the producer waits `patience` seconds at most (API servers let a continue token expire after some
    minutes); then the body goes to the cache and listing goes on. Bodies marked `secret` never go to disk; without a
    cache, or when its disk is full, none does, and the producer goes on waiting.
    """

    def __init__(self, depth: int, patience: float, cache: PageCache | None, stopping: Event) -> None:
        self._depth, self._patience, self._cache, self._stopping = depth, patience, cache, stopping
        self._rows: deque[Row[T]] = deque()
        self._in_memory = 0
        self._disk_full = False
        self._closed = False
        self._changed = Condition()
        self.spilled = 0

    def put(self, item: T, body: bytes | None = None, secret: bool = False) -> bool:
        """Add one thing; False when the consumer is gone, and the producer should stop."""
        with self._changed:
            if body is None:
                return self._append(Row(item, None))
            may_spill = self._cache is not None and not secret and not self._disk_full
            if not self._changed.wait_for(self._has_room, self._patience if may_spill else None):
                path = self._spill(body)
                if path is not None:
                    return self._append(Row(item, path))
                self._changed.wait_for(self._has_room)
            return self._append(Row(item, body))

    def take(self) -> Iterator[tuple[T, bytes | None]]:
        """The things in order, until the producer closes or the run is told to stop."""
        while (row := self._next()) is not None:
            body = self._cache.take(row.body) if self._cache is not None and isinstance(row.body, Path) else row.body
            assert not isinstance(body, Path)
            yield row.item, body

    def close(self) -> None:
        """No more will be put; both sides wake up."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _next(self) -> Row[T] | None:
        with self._changed:
            while not self._rows:
                if self._closed or self._stopping.is_set():
                    return None
                self._changed.wait(GLANCE)
            row = self._rows.popleft()
            self._in_memory -= isinstance(row.body, bytes)
            self._changed.notify_all()
            return row

    def _has_room(self) -> bool:
        return self._closed or self._in_memory < self._depth

    def _append(self, row: Row[T]) -> bool:
        self._in_memory += isinstance(row.body, bytes)
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
