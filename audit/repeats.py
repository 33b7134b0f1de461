"""What goes wrong again and again is said once, and then only from time to time, with a count (pure but for its clock)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

EVERY = 600.0  # seconds


@dataclass(slots=True)
class Repeats:
    """Remembers one trouble. `clock` gives monotonic seconds. Not for several threads at once."""

    clock: Callable[[], float]
    every: float = EVERY
    _what: object = None
    _count: int = 0
    _said_at: float = 0.0

    def again(self, what: object, text: str) -> str:
        """The line to write about a trouble, empty for none: `what` is equal for those that are alike."""
        now = self.clock()
        if what != self._what:
            self._what, self._count, self._said_at = what, 1, now
            return text
        self._count += 1
        if now - self._said_at < self.every:
            return ""
        self._said_at = now
        return f"{text} ({self._count} times by now)"

    def over(self) -> str:
        """The trouble has ended: how often it came, empty if it has been said each time."""
        count, self._what, self._count = self._count, None, 0
        return f"well again after {count} failures" if count > 1 else ""
