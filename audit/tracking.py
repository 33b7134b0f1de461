"""What has changed since the last run, and when that is worth a run of its own."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import field
from threading import Lock

import orjson

from constraints.dataclass import dataclass
from constraints.model import Object

NEVER = math.inf
_SHORTEST = 1.0  # seconds between a run that could not see what had changed and the next one
_DOUBLED = 16  # times that this pause is doubled
_QUIET = 5  # the share of the debounce after which nothing more is waited for


@dataclass(slots=True)
class PolicyChanges:
    """When the changes that were noted want a run; may be shared by threads.

    A run is due once nothing has changed for a fifth of `debounce` seconds, and `debounce` seconds after the first
    change at the latest: a folder of policies that is applied makes one run and not many. A run that could not see what
    had changed wants another one, each time twice as long after it. `elapsed` is a monotonic clock in seconds.
    """

    debounce: float = 5.0
    elapsed: Callable[[], float] = time.monotonic
    _first: float = NEVER
    _last: float = NEVER
    _again: float = NEVER
    _missed: int = 0
    _lock: Lock = field(default_factory=Lock)

    def note(self) -> None:
        """Something has changed now."""
        with self._lock:
            self._last = self.elapsed()
            self._first = min(self._first, self._last)

    def due(self) -> float:
        """When a run should start, by the clock `elapsed`; NEVER while nothing has changed."""
        with self._lock:
            return min(self._last + self.debounce / _QUIET, self._first + self.debounce, self._again)

    def take(self) -> bool:
        """A run begins: it sees all that was noted so far. Gives whether that was anything."""
        with self._lock:
            wanted = min(self._first, self._again) != NEVER
            self._first = self._last = self._again = NEVER
            return wanted

    def taken(self, seen: bool) -> None:
        """The run that took changes has ended: whether it saw them."""
        with self._lock:
            self._missed = 0 if seen else self._missed + 1
            pause = max(self.debounce, _SHORTEST) * 2.0 ** min(self._missed - 1, _DOUBLED)
            self._again = NEVER if seen else self.elapsed() + pause


@dataclass(slots=True)
class Seen:
    """The objects of one resource as they were last seen: by name and namespace, what they ask for.

    Only identity and `spec` count, so that what this program writes into a status is no change.
    """

    _marks: dict[str, bytes] = field(default_factory=dict)

    def replace(self, objects: Iterable[Object]) -> tuple[tuple[Object, ...], tuple[Object, ...]]:
        """These are all that there are: gives those that are new or changed, and what is left of those now gone."""
        found = {_key(obj): obj for obj in objects}
        gone = tuple(_named(key) for key in self._marks.keys() - found.keys())
        changed = tuple(obj for obj in found.values() if self.put(obj))
        for obj in gone:
            self.drop(obj)
        return changed, gone

    def put(self, obj: Object) -> bool:
        """This object is there: whether it is new or asks for something else."""
        key, mark = _key(obj), _mark(obj)
        if self._marks.get(key) == mark:
            return False
        self._marks[key] = mark
        return True

    def drop(self, obj: Object) -> bool:
        """This object is gone: whether it was there."""
        return self._marks.pop(_key(obj), None) is not None


def _key(obj: Object) -> str:
    metadata = obj.get("metadata") or {}
    return f"{metadata.get('namespace') or ''}/{metadata.get('name')}"


def _named(key: str) -> Object:
    namespace, _, name = key.partition("/")
    return {"metadata": {"namespace": namespace, "name": name}}


def _mark(obj: Object) -> bytes:
    metadata = obj.get("metadata") or {}
    text = orjson.dumps([metadata.get("uid"), obj.get("spec")], option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(text, digest_size=16).digest()
