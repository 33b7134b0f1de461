"""Whether /readyz is 200, and if not, why: one place for all that an operator has to see to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import field

from audit.model import Ending, Outcome
from constraints.dataclass import dataclass

ENDED = frozenset({Outcome.COMPLETE, Outcome.GAPS, Outcome.UNWRITTEN})


@dataclass(slots=True)
class Readiness:
    """Hears how runs end and is asked by another thread; `clock` gives monotonic seconds.

    A replica that `leads()` is ready while a run has come to its end, with or without gaps, in the last `max_age`
    seconds (0 = always). One that waits for the leader to leave is ready. `refused()` says why it can neither lead nor
    wait.
    """

    leads: Callable[[], bool]
    refused: Callable[[], str]
    max_age: float
    clock: Callable[[], float] = time.monotonic
    _since: float | None = None
    _last: Ending | None = field(default=None)

    def ended(self, end: Ending) -> None:
        """A run has ended just now."""
        self._last = end
        if end.outcome in ENDED or self._since is None:
            self._since = self.clock()

    def problem(self) -> str:
        """Why this replica is not ready, empty when it is."""
        now = self.clock()
        if not self.leads() or self._since is None:
            self._since = now
        age = now - self._since
        if 0 < self.max_age < age:
            last = f"; the last run: {self._last.outcome.value}: {self._last.reason}" if self._last else ""
            return f"no audit came to its end in the last {age:.0f} s (--ready-max-age={self.max_age:g}){last}"
        return self.refused()
