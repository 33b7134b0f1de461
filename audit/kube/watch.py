"""Follows a resource: what there is, then what changes, for as long as somebody wants to know.

LIST with a limit and then WATCH from its resourceVersion with bookmarks: the way that is sound on every API server
(compatibility, section 9). What the server says is cut into `Snapshot`, `Event` and errors; waiting, and beginning
again, is done here.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import field, replace
from threading import Event as Flag
from threading import Lock

import orjson

from audit.errors import BadBody, Forbidden, Gone, KubeError, NotFound
from audit.kube.client import Client, Observer, Stream, Streaming, ignore, naming
from audit.kube.refused import error_of
from audit.kube.replies import event_version
from audit.kube.request import EVERYTHING, Reply, Request, Select, list_objects, watch_objects
from audit.model import Resource
from constraints.dataclass import dataclass
from constraints.model import Json, Object

ADDED, MODIFIED, DELETED, BOOKMARK, ERROR = "ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"
_TYPES = frozenset((ADDED, MODIFIED, DELETED, BOOKMARK, ERROR))
_LONGEST_LINE = 16 * 1024 * 1024  # bytes; etcd takes no object of a tenth of that
_BEGIN_AGAIN = (BadBody, Forbidden, Gone, NotFound)
_LASTING = 1.0  # seconds; a watch that ends sooner is not begun again at once, whatever the server says
_LONGEST_PAUSE = 300.0  # seconds, whatever the server asks for
_SLACK = 10.0  # seconds that a server may be late with the end of a watch
_TRIES = 2  # watches in a row that bring nothing, until what there is is listed anew


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a watch: `type` is ADDED, MODIFIED, DELETED or BOOKMARK, `version` the resourceVersion after it."""

    type: str
    object: Object
    version: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All objects of a resource, each with apiVersion and kind, as they were at `version`."""

    objects: tuple[Object, ...]
    version: str


Item = Snapshot | Event | KubeError


@dataclass(frozen=True, slots=True)
class Intervals:
    """How patient a watch is, in seconds.

    `quiet` is after how long the server ends a watch, whatever happens (a connection that is dead without a word is
    noticed then). Pauses after failures double from `first` to `longest`; a watch that is forbidden, or fails while
    lists are answered, is replaced by a list every `poll`.
    """

    quiet: int = 120
    first: float = 0.5
    longest: float = 30.0
    poll: float = 15.0
    chance: Callable[[], float] = random.random
    elapsed: Callable[[], float] = time.monotonic

    def after(self, failures: int) -> float:
        """The pause after so many failures in a row, with up to as much again of chance."""
        return min(self.first * 2.0 ** min(failures - 1, 16) * (1.0 + self.chance()), self.longest)


@dataclass(frozen=True, slots=True)
class Server:
    """Where to ask: `client` lists (it should not repeat requests, for the watch does), `streams` watches."""

    client: Client
    streams: Streaming
    on_request: Observer = ignore

    def open(self, request: Request) -> Stream:
        """A watch. Raises a KubeError when it is refused."""
        begun = time.perf_counter()
        status = 0
        try:
            stream = self.streams.stream(request)
            status = stream.status
        finally:
            self.on_request(request.verb, request.resource, status, time.perf_counter() - begun)
        if stream.status == 200:
            return stream
        try:
            body = b"".join(stream.chunks())
        finally:
            stream.release()
        raise error_of(request, Reply(stream.status, stream.headers, body), time.time())


PATIENT = Intervals()


@dataclass(slots=True)
class _Cursor:
    """Where a watch is: after `version`, with so many `failures` behind it.

    `lively`: the last try brought something; `listed`: it began with a list.
    """

    version: str = ""
    failures: int = 0
    lively: bool = False
    listed: bool = False

    def begin(self) -> None:
        """One more try."""
        self.lively = self.listed = False

    def list(self, version: str) -> None:
        """Everything was listed, as it was then."""
        self.version, self.listed = version, True

    def follow(self, version: str) -> None:
        """Something has happened."""
        self.version, self.lively = version, True

    def end(self, error: KubeError | None, lasted: bool) -> None:
        """The try has ended, with this error or none; `lasted` says that it did so for a while."""
        self.failures = 0 if lasted and error is None else 1 if self.lively else self.failures + 1
        # No watch may ever come through here, so what changes is seen by lists.
        if isinstance(error, _BEGIN_AGAIN) or self.failures > _TRIES:
            self.version = ""


@dataclass(slots=True)
class Watch:
    """Follows `resource`. One thread iterates; any other may `close` it, or `wake` it where it pauses.

    Gives a Snapshot first, whenever the server has forgotten where the watch was (410), and when three tries in a row
    have brought nothing and not lasted; Events in between, without bookmarks; and a KubeError for each try that failed,
    after which it goes on. `streaming` tells whether the server is being listened to. It ends only when it is closed.
    """

    server: Server
    resource: Resource
    select: Select = EVERYTHING
    intervals: Intervals = PATIENT
    streaming: bool = False
    _closed: Flag = field(default_factory=Flag)
    _woken: Flag = field(default_factory=Flag)
    _lock: Lock = field(default_factory=Lock)
    _stream: Stream | None = None

    def __iter__(self) -> Iterator[Item]:
        cursor = _Cursor()
        while not self._closed.is_set():
            begun = self.intervals.elapsed()
            error = yield from self._once(cursor)
            if self._closed.is_set():
                return
            lasted = self.intervals.elapsed() - begun >= _LASTING
            if error is not None:
                yield error
            cursor.end(error, lasted)
            self._pause(error, cursor)

    def _once(self, cursor: _Cursor) -> Generator[Snapshot | Event, None, KubeError | None]:
        """List where that is needed, and one watch; gives what ended it, None for its time."""
        cursor.begin()
        try:
            if not cursor.version:
                snapshot = self._list()
                cursor.list(snapshot.version)
                yield snapshot
            for event in self._events(cursor.version):
                cursor.follow(event.version)
                if event.type != BOOKMARK:
                    yield event
        except KubeError as error:
            return error
        return None

    def turn_to(self, resource: Resource) -> None:
        """Follow this one instead from the next try on."""
        self.resource = resource

    def wake(self) -> None:
        """Try again now: what was missing may be there."""
        self._woken.set()

    def close(self) -> None:
        """End the iteration soon, also one that waits for the server."""
        self._closed.set()
        self._woken.set()
        with self._lock:
            if self._stream is not None:
                self._stream.close()

    def _list(self) -> Snapshot:
        objects: list[Object] = []
        seen: set[str] = set()
        select = replace(self.select, limit=500)
        while True:
            page = self.server.client.send_json(list_objects(self.resource, select))
            metadata = page.get("metadata") if isinstance(page, dict) else None
            items = page.get("items") if isinstance(page, dict) else None
            if not isinstance(metadata, dict) or not isinstance(metadata.get("resourceVersion"), str):
                raise BadBody(f"the list of {self.resource.kind} has no resourceVersion", status=200)
            objects += self._named(items or [])
            token = metadata.get("continue") or ""
            if not token:
                return Snapshot(tuple(objects), metadata["resourceVersion"])
            if not isinstance(token, str) or token in seen:
                raise BadBody(
                    f"the list of {self.resource.kind} does not end: its continue token came before", status=200
                )
            seen.add(token)
            select = replace(select, continue_token=token)

    def _named(self, items: Json) -> Iterator[Object]:
        kind = self.resource.kind
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict) and isinstance(item.get("metadata"), dict):
                yield {"apiVersion": kind.api_version, "kind": kind.kind, **item}

    def _events(self, version: str) -> Iterator[Event]:
        """What happens after `version`, until the server, or `close`, ends it. Raises a KubeError."""
        select = replace(self.select, resource_version=version, timeout=self.intervals.quiet)
        request = replace(watch_objects(self.resource, select), timeout=self.intervals.quiet + _SLACK)
        stream = self.server.open(request)
        with self._lock:
            self._stream = stream
        try:
            self.streaming = True
            if not self._closed.is_set():
                yield from events(request, stream.chunks())
        finally:
            self.streaming = False
            with self._lock:
                self._stream = None
            stream.release()

    def _pause(self, error: KubeError | None, cursor: _Cursor) -> None:
        """Wait before the next try; not at all after a watch that ended as it should."""
        if not cursor.failures:
            return
        asked = error.hints.retry_after if error is not None else None
        longest = self.intervals.poll if cursor.listed else math.inf
        waiting = min(asked, _LONGEST_PAUSE) if asked else min(self.intervals.after(cursor.failures), longest)
        seconds = self.intervals.poll if isinstance(error, Forbidden) else waiting
        self._woken.wait(seconds)
        self._woken.clear()


def events(request: Request, chunks: Iterable[bytes]) -> Iterator[Event]:
    """The lines of a watch as events. Raises Gone, and other KubeErrors that the server reports, BadBody for trash."""
    for line in lines(chunks):
        try:
            found = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise BadBody(f"{request}: a line of {len(line)} bytes is not JSON: {error}", status=200) from error
        kind, obj = (found.get("type"), found.get("object")) if isinstance(found, dict) else (None, None)
        if kind not in _TYPES or not isinstance(obj, dict):
            raise BadBody(f"{request}: a line is no event of a watch", status=200)
        if kind == ERROR:
            code = obj.get("code")
            raise error_of(request, Reply(code if isinstance(code, int) else 500, {}, orjson.dumps(obj)), time.time())
        with naming(request):
            version = event_version(request.expected, obj)
        yield Event(kind, obj, version)


def lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pieces of any size as whole lines, empty ones and a last one without its end left out. Raises BadBody."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line for line in whole if line.strip())
        if len(rest) > _LONGEST_LINE:
            raise BadBody(f"a line of a watch is longer than {_LONGEST_LINE} bytes", status=200)
