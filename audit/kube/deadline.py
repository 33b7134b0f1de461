"""When a run has to be over, for all requests that read something for it."""

from __future__ import annotations

import time
from collections.abc import Callable

from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """May be asked by any thread; `elapsed` is a monotonic clock in seconds, `ends` a time of it."""

    ends: float
    elapsed: Callable[[], float] = time.monotonic

    def left(self) -> float:
        """The seconds until then; not more than 0 when it is over."""
        return self.ends - self.elapsed()
