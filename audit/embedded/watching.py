"""Watches: what changes, as lines of JSON, until the client goes, the time is over or the server closes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final

import orjson

from audit.embedded.refusals import expired
from audit.embedded.rendering import Form, one
from audit.embedded.routing import Options, Target
from audit.embedded.selectors import Predicate, predicate
from audit.embedded.store import Change, Entry, Store, encoded
from constraints.dataclass import dataclass

BOOKMARK_SECONDS: Final = 60.0
_LONGEST: Final = 1800.0


class Bell:
    """Wakes everybody who waits; may be rung from any thread."""

    def __init__(self) -> None:
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self.closed = False

    def ring(self) -> None:
        """Wake all."""
        for loop, event in tuple(self._waiting):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        """End all watches."""
        self.closed = True
        self.ring()

    async def wait(self, seen: asyncio.Event, seconds: float) -> bool:
        """Whether it rang within `seconds`; `seen` is the caller's own, from `listen`."""
        try:
            await asyncio.wait_for(seen.wait(), max(0.0, seconds))
        except TimeoutError:
            return False
        seen.clear()
        return True

    def listen(self) -> asyncio.Event:
        """Start to listen; `leave` ends it."""
        event = asyncio.Event()
        self._waiting.add((asyncio.get_running_loop(), event))
        return event

    def leave(self, event: asyncio.Event) -> None:
        """Stop listening."""
        self._waiting.discard((asyncio.get_running_loop(), event))


@dataclass(frozen=True, slots=True)
class Watch:
    """One client's watch."""

    store: Store
    bell: Bell
    target: Target
    options: Options
    form: Form

    async def lines(self) -> AsyncIterator[bytes]:
        """One line for each event."""
        event = self.bell.listen()
        try:
            async for line in self._events(event):
                yield line
        finally:
            self.bell.leave(event)

    async def _events(self, event: asyncio.Event) -> AsyncIterator[bytes]:
        wanted = predicate(self.target.served, self.options.labels, self.options.fields)
        since = int(self.options.revision or 0)
        if self._from_now():
            since = self.store.revision
            for line in self._start(since, wanted):
                yield line
        deadline = time.monotonic() + (self.options.timeout or _LONGEST)
        while not self.bell.closed:
            changes = self.store.changes(self.target.served.storage, since)
            if changes is None:
                yield self._too_old(since)
                return
            for change in changes:
                since = change.revision
                for line in self._told(change, wanted):
                    yield line
            left = deadline - time.monotonic()
            rang = await self.bell.wait(event, min(left, BOOKMARK_SECONDS))
            if not rang and self.options.bookmarks:
                yield self._bookmark(max(since, self.store.revision), {})
            if deadline <= time.monotonic():
                return

    def _start(self, revision: int, wanted: Predicate | None) -> Iterator[bytes]:
        for entry in self._present(wanted):
            yield self._line("ADDED", entry)
        if self.options.initial_events:
            yield self._bookmark(revision, {"k8s.io/initial-events-end": "true"})

    def _from_now(self) -> bool:
        return self.options.initial_events or self.options.revision in {"", "0"}

    def _present(self, wanted: Predicate | None) -> Iterator[Entry]:
        snapshot = self.store.snapshot(self.target.served.storage)
        for key in snapshot.between(*self.target.span):
            entry = snapshot.entries[key]
            if self._in_view(entry, wanted):
                yield entry

    def _in_view(self, entry: Entry, wanted: Predicate | None) -> bool:
        start, _ = self.target.span
        if self.target.name and entry.key != self.target.key:
            return False
        return entry.key.startswith(start) and (wanted is None or wanted(entry))

    def _told(self, change: Change, wanted: Predicate | None) -> Iterator[bytes]:
        """An object that moves into or out of the selection is added or deleted for this client."""
        before = change.before if change.before and self._in_view(change.before, wanted) else None
        after = change.after if change.after and self._in_view(change.after, wanted) else None
        if after:
            yield self._line("MODIFIED" if before else "ADDED", after)
        elif before:
            gone = change.after or before
            yield self._line("DELETED", encoded(gone.key, gone.decoded(), change.revision))

    def _line(self, kind: str, entry: Entry) -> bytes:
        return _event(kind, one(self.target.served, entry, self.form))

    def _bookmark(self, revision: int, annotations: dict[str, str]) -> bytes:
        metadata = {"resourceVersion": str(revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations  # type: ignore[assignment]  # one JSON value among others
        rest = orjson.dumps({"metadata": metadata})[1:]
        if self.form.as_kind == "Table":
            return _event(
                "BOOKMARK",
                orjson.dumps(
                    {
                        "kind": "Table",
                        "apiVersion": "meta.k8s.io/v1",
                        "metadata": metadata,
                        "columnDefinitions": None,
                        "rows": [],
                    }
                ),
            )
        return _event("BOOKMARK", self.target.served.prefix + rest)

    def _too_old(self, since: int) -> bytes:
        refusal = expired(f"too old resource version: {since} ({self.store.revision})")
        return _event("ERROR", orjson.dumps(refusal.body))


def _event(kind: str, body: bytes) -> bytes:
    return b'{"type":"' + kind.encode() + b'","object":' + body.rstrip(b"\n") + b"}\n"
