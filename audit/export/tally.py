"""What became of messages, counted: metrics, log and the Connection's status tell it from here."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from threading import Lock

from audit.fields import numbered
from constraints.dataclass import dataclass

RUNS = 20  # of which numbers are kept


@dataclass(frozen=True, slots=True)
class Counts:
    """How many messages wait, in how many bytes, and what became of all the others; `lag`: how many seconds the oldest
    waits.
    """

    waiting: int = 0
    bytes: int = 0
    sent: int = 0
    retried: int = 0
    spilled: int = 0
    dropped: int = 0
    lag: float = 0.0


def unpublished(number: int) -> str:
    """What is said of messages that a process leaves to the next one."""
    return f"{numbered(number, 'message')} could not be published and {'waits' if number == 1 else 'wait'} for the next start"


def of_run(number: int, run: str, one: str = "", many: str = "") -> str:
    """So many messages of a run, and the verb: `1 message of the run 2026-11-20T23:17:21Z is`."""
    text = f"{numbered(number, 'message')} of the run {run}"
    return f"{text} {one if number == 1 else many}".rstrip()


class Tally:
    """Counts; for several threads. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._total: Counter[str] = Counter()
        self._of_runs: dict[str, Counter[str]] = {}
        self._waiting: deque[tuple[int, float]] = deque()  # how many had been put in by then, and when
        self._put = self._taken = 0
        self._bytes = 0
        self._failing = False

    def put(self, run: str, number: int, dropped: int = 0, spilled: bool = False) -> None:
        """So many messages of a run wait, and so many had no place; `spilled`: they are kept on disk for later."""
        with self._lock:
            self._put += number
            if number:
                self._waiting.append((self._put, self._clock()))
            self._count(run, "dropped", dropped)
            self._count(run, "spilled", number if spilled or self._failing else 0)

    def earlier(self, run: str, dropped: int) -> None:
        """So many messages of a run were dropped by a process before this one, which has counted them."""
        with self._lock:
            self._of_run(run)["dropped"] += dropped

    def sent(self, run: str, number: int) -> None:
        """So many messages are with the target."""
        with self._lock:
            self._count(run, "sent", number)
            self._failing = False
            self._leave(number)

    def lost(self, run: str, number: int) -> None:
        """So many of those that waited are dropped."""
        with self._lock:
            self._count(run, "dropped", number)
            self._leave(number)

    def failed(self, number: int) -> None:
        """The target did not take so many messages, which will be tried again."""
        with self._lock:
            self._total["retried"] += number
            self._failing = True

    def holds(self, size: int) -> None:
        """What waits has so many bytes."""
        with self._lock:
            self._bytes = size

    def dropped(self, run: str) -> int:
        """How many messages of a run were dropped."""
        with self._lock:
            return self._of_runs.get(run, Counter())["dropped"]

    def counts(self) -> Counts:
        """As it is now."""
        with self._lock:
            lag = self._clock() - self._waiting[0][1] if self._waiting else 0.0
            total, waiting = self._total, self._put - self._taken
            return Counts(
                waiting, self._bytes, total["sent"], total["retried"], total["spilled"], total["dropped"], lag
            )

    def _leave(self, number: int) -> None:
        self._taken += number
        while self._waiting and self._waiting[0][0] <= self._taken:
            self._waiting.popleft()

    def _count(self, run: str, what: str, number: int) -> None:
        if not number:
            return
        self._total[what] += number
        self._of_run(run)[what] += number

    def _of_run(self, run: str) -> Counter[str]:
        found = self._of_runs.setdefault(run, Counter())
        while len(self._of_runs) > RUNS:
            del self._of_runs[next(iter(self._of_runs))]
        return found
