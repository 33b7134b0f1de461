"""Which Events may be written now (pure): a rate for each object, as client-go has it, and a limit for each run."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import field
from heapq import heappush, heappushpop
from typing import Generic, TypeVar

from constraints.dataclass import dataclass

BURST = 25
REFILL = 300.0  # seconds for one
T = TypeVar("T")


@dataclass(slots=True)
class Buckets:
    """A bucket of tokens for each source of Events; one that is full takes no memory. Times are monotonic seconds."""

    burst: int = BURST
    refill: float = REFILL
    _known: dict[int, tuple[float, float]] = field(default_factory=dict)

    def has(self, source: Hashable, now: float) -> bool:
        """Whether there is a token."""
        known = self._known.get(hash(source))
        return known is None or self._tokens(known, now) >= 1

    def take(self, source: Hashable, now: float) -> bool:
        """Take a token, if there is one."""
        key = hash(source)
        tokens = self._tokens(self._known.get(key, (self.burst, now)), now)
        if tokens < 1:
            return False
        self._known[key] = (tokens - 1, now)
        return True

    def forget(self, now: float) -> None:
        """Drop what is full by now."""
        self._known = {key: each for key, each in self._known.items() if self._tokens(each, now) < self.burst}

    def _tokens(self, known: tuple[float, float], now: float) -> float:
        tokens, at = known
        return min(self.burst, tokens + (now - at) / self.refill)


class Longest(Generic[T]):
    """Of all that is offered the `limit` that have waited longest, 0 for all; of two that have so the first one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._offered = 0
        self._heap: list[tuple[int, int, T]] = []  # the first one is the next to go

    def offer(self, since: int, item: T) -> None:
        """Offer one that was last taken at `since`, 0 for never."""
        self._offered += 1
        row = (-since, -self._offered, item)
        if self._limit and len(self._heap) >= self._limit:
            heappushpop(self._heap, row)
        else:
            heappush(self._heap, row)

    def taken(self) -> Iterator[T]:
        """Those that have waited longest, in their order."""
        return (item for _, _, item in sorted(self._heap, reverse=True))

    @property
    def left_out(self) -> int:
        """How many were offered and are not taken."""
        return self._offered - len(self._heap)
