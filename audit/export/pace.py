"""How fast to publish beside an audit, which has the processor first."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Final

SHARE: Final = 1 / 200  # of the time of a processor
BRIEF: Final = 0.005  # seconds that a batch shall take, for the audit waits for the interpreter meanwhile
FEW: Final = 1 << 14  # bytes of a batch
MANY: Final = 1 << 20
LONGEST: Final = 10.0  # seconds without a batch


class Pace:
    """While an audit goes on batches are small, and a pause follows each; otherwise there is no pause.

    `clock` gives the seconds of the processor that the thread that asks has had; what it waits for costs an audit
    nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._free = Event()
        self._free.set()
        self._bytes = FEW
        self._since = 0.0

    def slow(self) -> None:
        """An audit begins."""
        self._free.clear()

    def free(self) -> None:
        """There is none."""
        self._free.set()

    def begin(self) -> int:
        """A batch begins; gives how many bytes it may have."""
        self._since = self._clock()
        return MANY if self._free.is_set() else self._bytes

    def rest(self) -> None:
        """A batch has ended: let the audit go on for its time."""
        took = self._clock() - self._since
        if not self._free.is_set():
            self._bytes = max(FEW, self._bytes // 2) if took > BRIEF else min(MANY, self._bytes * 2)
            self._free.wait(min(LONGEST, took / SHARE))
