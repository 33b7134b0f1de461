"""One job after another, where one that is kept waiting goes on in a lane beside the next ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import field
from threading import Event, Thread

from constraints.dataclass import dataclass

GLANCE = 0.1  # seconds between looks at a job that may be waiting

Job = Callable[["Turn"], bool]
"""What is to be done; it says when it waits for others, and whether the jobs after it are still wanted."""


@dataclass(slots=True)
class Turn:
    """One job on its way; `asked` is when it began to wait for an answer, None while it does not."""

    elapsed: Callable[[], float]
    asked: float | None = None
    done: Event = field(default_factory=Event)
    wanted: bool = True

    def work(self, job: Job) -> None:
        """Do it; `wanted` tells then whether the jobs after it still are."""
        try:
            self.wanted = job(self)
        finally:
            self.done.set()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """While the block lasts the job waits for an answer, and has nothing to do itself."""
        self.asked = self.elapsed()
        try:
            yield
        finally:
            self.asked = None

    def is_kept_waiting(self, seconds: float) -> bool:
        """Whether it has waited that long for the same answer."""
        asked = self.asked
        return asked is not None and self.elapsed() - asked >= seconds


@dataclass(frozen=True, slots=True)
class Lanes:
    """Runs jobs in order, each in a thread; the next one begins when one is done, or has waited `patience` seconds.

    No more than `most` are on their way at a time. `elapsed` is a monotonic clock in seconds.
    """

    most: int = 4
    patience: float = 2.0
    elapsed: Callable[[], float] = time.monotonic

    def run(self, jobs: Iterable[Job]) -> None:
        """Returns when all are done, or one has found that no more are wanted."""
        turns: list[Turn] = []
        for job in jobs:
            turn = Turn(self.elapsed)
            turns = [*(each for each in turns if not each.done.is_set()), turn]
            Thread(target=turn.work, args=(job,), name="listing", daemon=True).start()
            while not turn.done.wait(GLANCE):
                others = sum(not each.done.is_set() for each in turns)
                if others < self.most and turn.is_kept_waiting(self.patience):
                    break
            if turn.done.is_set() and not turn.wanted:
                return
        for turn in turns:
            turn.done.wait()
