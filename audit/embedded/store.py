"""Where objects are kept: encoded, sorted as in etcd, with a history for watches and snapshots for pages."""

from __future__ import annotations

import threading
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Final

import orjson

from constraints.dataclass import dataclass
from constraints.model import Json

HISTORY: Final = 10_000
LIFETIME: Final = 300.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored object.

    `rest` is its JSON without the opening brace, kind and apiVersion, so that each served version only has to put its
    own prefix in front.
    """

    key: str
    revision: int
    uid: str
    labels: Mapping[str, str]
    owners: tuple[str, ...]
    rest: bytes

    def decoded(self) -> dict[str, Json]:
        """The object without kind and apiVersion; the caller may change it."""
        value: dict[str, Json] = orjson.loads(b"{" + self.rest)
        return value


@dataclass(frozen=True, slots=True)
class Change:
    """What happened at `revision`: `after` is None for a removal, `before` for a creation."""

    revision: int
    before: Entry | None
    after: Entry | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects of one resource at one revision; never changes."""

    revision: int
    keys: list[str]
    entries: dict[str, Entry]

    def between(self, start: str, end: str) -> list[str]:
        """The keys in [start, end); an empty `end` has no bound."""
        low = bisect_left(self.keys, start)
        return self.keys[low : bisect_left(self.keys, end, low) if end else None]


@dataclass(slots=True)
class _Bucket:
    """The objects of one resource. `shared` says that a snapshot holds the two containers: copy before writing."""

    keys: list[str] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    history: deque[Change] = field(default_factory=lambda: deque(maxlen=HISTORY))
    forgotten: int = 0
    shared: bool = False

    def own(self) -> None:
        if self.shared:
            self.keys, self.entries, self.shared = list(self.keys), dict(self.entries), False

    def record(self, change: Change) -> None:
        if len(self.history) == self.history.maxlen:
            self.forgotten = self.history[0].revision
        self.history.append(change)


class Store:
    """Every object of the cluster. Safe to use from several threads; callers that read and then write hold `lock`.

    `clock` gives Unix seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.lock = threading.RLock()
        self.revision = 1
        self._clock = clock
        self.listeners: list[Callable[[], None]] = []
        self._buckets: dict[str, _Bucket] = {}
        self._kept: dict[tuple[str, int], tuple[Snapshot, float]] = {}
        self._owned: dict[str, set[tuple[str, str]]] = {}

    def get(self, storage: str, key: str) -> Entry | None:
        """The object with this key."""
        return self._bucket(storage).entries.get(key)

    def put(self, storage: str, key: str, obj: Mapping[str, Json]) -> Entry:
        """Store `obj` (without kind and apiVersion) at a new revision, which goes into its metadata."""
        with self.lock:
            self.revision += 1
            entry = encoded(key, obj, self.revision)
            bucket = self._bucket(storage)
            bucket.own()
            before = bucket.entries.get(key)
            if before is None:
                insort(bucket.keys, key)
            bucket.entries[key] = entry
            self._own(storage, before, entry)
            bucket.record(Change(self.revision, before, entry))
        self._tell()
        return entry

    def remove(self, storage: str, key: str) -> Entry:
        """Remove the object; the entry that comes back has the revision of the removal."""
        with self.lock:
            self.revision += 1
            bucket = self._bucket(storage)
            bucket.own()
            before = bucket.entries.pop(key)
            del bucket.keys[bisect_left(bucket.keys, key)]
            self._own(storage, before, None)
            bucket.record(Change(self.revision, before, None))
            gone = encoded(key, before.decoded(), self.revision)
        self._tell()
        return gone

    def snapshot(self, storage: str) -> Snapshot:
        """The objects as they are now."""
        with self.lock:
            bucket = self._bucket(storage)
            bucket.shared = True
            return Snapshot(self.revision, bucket.keys, bucket.entries)

    def keep(self, storage: str, snapshot: Snapshot) -> None:
        """Let `at` find this snapshot for `LIFETIME` seconds, or until it is compacted away."""
        with self.lock:
            now = self._clock()
            for place in [place for place, (_, since) in self._kept.items() if now - since > LIFETIME]:
                del self._kept[place]
            self._kept.setdefault((storage, snapshot.revision), (snapshot, now))

    def at(self, storage: str, revision: int) -> Snapshot | None:
        """The snapshot that was kept at `revision`, None when it is too old."""
        snapshot, since = self._kept.get((storage, revision), (None, 0.0))
        return snapshot if self._clock() - since <= LIFETIME else None

    def compact(self, revision: int) -> None:
        """Forget snapshots and history up to and including `revision`."""
        with self.lock:
            for place in [place for place in self._kept if place[1] <= revision]:
                del self._kept[place]
            for bucket in self._buckets.values():
                bucket.forgotten = max(bucket.forgotten, min(revision, self.revision))

    def changes(self, storage: str, since: int) -> list[Change] | None:
        """What happened after revision `since`, None when that is no longer known."""
        with self.lock:
            bucket = self._bucket(storage)
            if since < bucket.forgotten:
                return None
            newer: list[Change] = []
            for change in reversed(bucket.history):
                if change.revision <= since:
                    break
                newer.append(change)
            return newer[::-1]

    def owned_by(self, uid: str) -> set[tuple[str, str]]:
        """(storage, key) of the objects that name `uid` among their owners."""
        return set(self._owned.get(uid, ()))

    def _bucket(self, storage: str) -> _Bucket:
        found = self._buckets.get(storage)
        if found is None:
            with self.lock:
                found = self._buckets.setdefault(storage, _Bucket())
        return found

    def _own(self, storage: str, before: Entry | None, after: Entry | None) -> None:
        for entry, remember in ((before, False), (after, True)):
            for uid in entry.owners if entry else ():
                place = (storage, entry.key if entry else "")
                objects = self._owned.setdefault(uid, set())
                objects.add(place) if remember else objects.discard(place)

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()


def encoded(key: str, obj: Mapping[str, Json], revision: int) -> Entry:
    """`obj` as it is stored at `revision`; metadata comes first in the JSON."""
    metadata = {**obj["metadata"], "resourceVersion": str(revision)}
    body = {"metadata": metadata} | {name: value for name, value in obj.items() if name not in _OUTSIDE}
    owners = tuple(owner.get("uid", "") for owner in metadata.get("ownerReferences") or ())
    uid, labels = metadata.get("uid", ""), metadata.get("labels") or {}
    return Entry(key, revision, uid, labels, owners, orjson.dumps(body)[1:])


_OUTSIDE: Final = frozenset({"metadata", "kind", "apiVersion"})
