"""When to audit: at once, then every interval, never two at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from math import inf
from threading import Event
from time import monotonic

from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol.loop")


_TICK = 0.5  # seconds between two questions whether something wants a run before its time


def always() -> bool:
    """The leader of one."""
    return True


def never() -> float:
    """Nothing wants a run before its time."""
    return inf


@dataclass(frozen=True, slots=True)
class Prompting:
    """What is run, and when a run is wanted before its time: `sooner` gives a time of the loop's clock."""

    run: Callable[[], object]
    sooner: Callable[[], float] = never


@dataclass(frozen=True, slots=True)
class Loop:
    """Runs what is `prompted` every `interval` seconds (0 = never) while `may_run()` is true, until `stop` is set.

    The first run starts at once with `on_start`, else after one interval. A run that takes longer than the interval is
    followed by the next one at once; ticks missed meanwhile are dropped. A run raises nothing. `clock` gives monotonic
    seconds; `wait` sleeps (None = for ever) and returns early at a stop.
    """

    prompted: Prompting
    stop: Event
    interval: float
    on_start: bool = True
    may_run: Callable[[], bool] = always
    clock: Callable[[], float] = monotonic
    wait: Callable[[float | None], object] | None = None

    def forever(self) -> None:
        """Audit until told to stop; with an interval of 0 only wait for that."""
        wait = self.wait or self.stop.wait
        if self.interval <= 0:
            log.warning("auditing is turned off: --audit-interval is 0, or --operation has no audit")
            wait(None)
            return
        run, sooner = self.prompted.run, self.prompted.sooner
        due = self.clock() + (0 if self.on_start else self.interval)
        while not self.stop.is_set():
            left = min(due, sooner()) - self.clock()
            if left > 0:
                wait(left if sooner is never else min(left, _TICK))
            elif self.may_run():
                due = self.clock() + self.interval
                run()
            else:
                due = self.clock() + min(1.0, self.interval)
