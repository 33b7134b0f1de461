"""What is remembered as long as all of it together stays small."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Weighed(Generic[K, V]):
    """Values by key, up to a weight: what is too much begins it anew, since clusters repeat themselves soon.

    Threads may share it when a key always has the same value.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._values: dict[K, V] = {}
        self._lock = Lock()

    def get(self, key: K) -> V | None:
        """The value, if it is remembered."""
        return self._values.get(key)

    def put(self, key: K, value: V, weight: int) -> V:
        """Remember the value; gives it."""
        with self._lock:
            if key not in self._values:
                if self._weight + weight > self._most:
                    self._values.clear()
                    self._weight = 0
                self._values[key] = value
                self._weight += weight
        return value
