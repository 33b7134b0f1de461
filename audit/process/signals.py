"""SIGTERM and SIGINT: how this process is told to leave, and what it does when it cannot leave in good order."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread, Timer
from time import monotonic
from types import FrameType

from audit.process.early import STOPPING, Early
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol")
PARTING_SECONDS = 3.0
EXPORT_MARGIN = 2.5  # seconds of the shutdown delay that are left when no more is published


class Stop(Event):
    """Set when this process is to leave; it knows since when."""

    def __init__(self) -> None:
        super().__init__()
        self._at = 0.0

    def set(self) -> None:
        """The first time counts."""
        self._at = self._at or monotonic()
        super().set()

    def since(self) -> float:
        """For how many seconds it has been set; 0 where it is not."""
        return monotonic() - self._at if self._at else 0.0


@dataclass(frozen=True, slots=True)
class Leaving:
    """How to leave: whoever is still here `delay` seconds after a signal goes at once, with this exit `code`.

    `parting` is what has to be done even then, such as giving the Lease back; it has a few seconds.
    """

    delay: float
    code: int
    parting: Callable[[], object]

    def overdue(self, asked: bool) -> None:
        """It is time to go, because somebody `asked` twice or nothing came to its end."""
        if not asked:
            log.error("still not done %s seconds after the signal to stop: leaving anyway", self.delay)
        last = Thread(target=self.parting, name="parting", daemon=True)
        last.start()
        last.join(PARTING_SECONDS)
        os._exit(self.code)


@dataclass(frozen=True, slots=True)
class ExportLeaving:
    """How this process leaves: when it was told to, whether it leads, and what is done even when it is `late`, which it
    is after so many seconds.
    """

    stop: Stop
    leads: Callable[[], bool]
    late: ExitStack
    delay: float

    @property
    def left(self) -> float:
        """The seconds in which may still be published."""
        return self.delay - self.stop.since() - EXPORT_MARGIN

    def is_over(self) -> bool:
        """Whether this process was told to stop, and has no more time for that."""
        return self.stop.is_set() and self.left <= 0


@contextmanager
def signals(stop: Event, leaving: Leaving) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`; whoever is still here after the delay, or at a second signal, goes at once."""

    def leave(number: int, frame: FrameType | None) -> None:
        # In a thread of its own: what is done in parting may wait for what this one was interrupted in.
        watchdog = Timer(0 if stop.is_set() else leaving.delay, leaving.overdue, (stop.is_set(),))
        watchdog.daemon = True
        watchdog.start()
        stop.set()

    before = {number: signal.signal(number, leave) for number in STOPPING}
    if any(isinstance(handler, Early) and handler.came for handler in before.values()):
        stop.set()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
