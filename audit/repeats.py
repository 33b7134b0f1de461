"""What goes wrong again and again is said once, and then ever more seldom, with a count (pure but for its clock)."""

from __future__ import annotations

from collections.abc import Callable

from constraints.dataclass import dataclass

FIRST, LONGEST = 600.0, 3600.0  # seconds


@dataclass(slots=True)
class Repeats:
    """Remembers one problem. Not for several threads at once.

    It is said again after `first` seconds, then after twice as long each time, up to `longest`. `clock` gives monotonic
    seconds.
    """

    clock: Callable[[], float]
    first: float = FIRST
    longest: float = LONGEST
    _wait: float = 0.0
    _what: object = None
    _count: int = 0
    _said_at: float = 0.0

    def again(self, what: object, text: str) -> str:
        """The line to write about a problem, empty for none: `what` is equal for those that are alike."""
        now = self.clock()
        if what != self._what:
            self._what, self._count, self._said_at, self._wait = what, 1, now, self.first
            return text
        self._count += 1
        if now - self._said_at < self._wait:
            return ""
        self._said_at, self._wait = now, min(2 * self._wait, self.longest)
        return f"{text} ({self._count} times by now)"

    def over(self) -> str:
        """The problem has ended: how often it came, empty if it has been said each time."""
        count, self._what, self._count = self._count, None, 0
        return f"well again after {count} failures" if count > 1 else ""
