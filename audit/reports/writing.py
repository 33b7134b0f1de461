"""Writes the reports of many objects, side by side, at a bounded rate, and without asking where there is no hope."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import field, replace
from enum import Enum
from threading import Lock
from typing import Final

from audit.errors import Conflict, Forbidden, KubeError, NotFound, TimedOut
from audit.kube.client import Client
from audit.kube.deadline import Deadline
from audit.kube.hope import Hope, place
from audit.kube.request import Request, create_object, delete_object, get_object, merge_patch
from audit.model import RunInfo
from audit.reports.bodies import ReportApi, ReportSubject, patch, read, rendered, says
from audit.reports.book import Due, Merged, Shelved
from audit.reports.names import ours
from audit.reports.reading import UNKNOWN
from audit.reports.results import Contents, ReportChoice
from constraints import ObjectRef
from constraints.dataclass import dataclass
from constraints.model import Object

WITHIN: Final = 30.0
"""Seconds for all reports of a run, where another run follows."""
EACH_WRITER: Final = 25.0
"""Requests that one of the writers may send in a second, on average."""
_BURST: Final = 1.0  # seconds of that rate that may have been saved
_PROMPT: Final = 5.0  # seconds for the tries of one request, but for those that the API server asks for
_LEAST: Final = 1.0  # seconds without which no other one is begun
_ATTEMPTS: Final = 5  # where somebody else writes to the same report
_ENDING, _NO_NAMESPACE = "because it is being terminated", 'namespaces "'


class ReportFate(Enum):
    """What became of the reports of one object."""

    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    GONE = "gone"  # with the namespace that it belongs to
    FOREIGN = "foreign"  # somebody else's report has the name
    FAILED = "failed"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one object's reports, and how they are known from now on; None: there are none."""

    fate: ReportFate
    held: Shelved | None = None


@dataclass(slots=True)
class Rate:
    """Lets requests begin so many a second; for several threads. `elapsed` is monotonic, `sleep` waits in seconds."""

    per_second: float
    sleep: Callable[[float], object]
    elapsed: Callable[[], float] = time.monotonic
    _next: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def wait(self) -> None:
        """Until it is the caller's turn."""
        with self._lock:
            now = self.elapsed()
            turn = max(self._next, now - _BURST)
            self._next = turn + 1 / self.per_second
        if turn > now:
            self.sleep(turn - now)


@dataclass(frozen=True, slots=True)
class ReportWriter:
    """Sends requests with `client`, `parallel` at a time, for `within` seconds or until `stopped()`."""

    client: Client
    api: ReportApi
    choice: ReportChoice
    rate: Rate
    stopped: Callable[[], bool]
    ttl: int = 0
    parallel: int = 4
    within: float = WITHIN
    elapsed: Callable[[], float] = time.monotonic

    def write(self, due: Sequence[Due], info: RunInfo, hope: Hope) -> list[Settled]:
        """Write what is due, as far as there is time and hope, in the order given. Never raises a KubeError."""
        if not due:
            return []
        deadline = Deadline(self.elapsed() + self.within, self.elapsed)
        client = self.client.prompt(_PROMPT, silence=math.inf).bounded(deadline.left)

        def write(each: Due) -> Settled:
            if self.stopped() or deadline.left() < _LEAST:
                return Settled(ReportFate.LATE)
            return _Writing(self, client, each, info, hope).told()

        with ThreadPoolExecutor(self.parallel, thread_name_prefix="reports") as pool:
            return list(pool.map(write, due))


class _Writing:
    """The reports of one object on their way: what is there is read first, unless there should be nothing.

    Each request names the state that it changes, so that nobody else's change, nor anybody else's report, is written
    over.
    """

    def __init__(self, writer: ReportWriter, client: Client, due: Due, info: RunInfo, hope: Hope) -> None:
        self._writer = writer
        self._client = client
        self._due = due
        self._info = info
        self._hope = hope
        self._resource = writer.api.resource(due.place)
        self._parts = set(due.parts)

    def told(self) -> Settled:
        """Write them; when somebody was faster, read again and write again."""
        for _ in range(_ATTEMPTS):
            try:
                told = self._written()
            except Conflict as error:
                failed = error
                continue
            except KubeError as error:
                return self._ended(error)
            self._hope.succeeded()
            return told
        self._hope.failed(place(self._request), failed)
        return self._unknown(ReportFate.FAILED)

    def _ended(self, error: KubeError) -> Settled:
        if _has_gone(error, self._request):
            return Settled(ReportFate.GONE)
        if isinstance(error, TimedOut) and self._hope.has_written:  # it is slow, and not dead: the time was over
            return self._unknown(ReportFate.LATE)
        self._hope.failed(place(self._request), error)
        return self._unknown(ReportFate.FAILED)

    def _unknown(self, fate: ReportFate) -> Settled:
        """Some of it may have been written: what there is has to be read."""
        item = self._due.item
        kind, name = (item.kind, item.name) if item else (None, "")
        versions = (UNKNOWN,) * max(self._parts, default=0)
        return Settled(fate, Shelved(kind, name, None, versions) if versions else None)

    def _written(self) -> Settled:
        there = self._read()
        if any(ours(report) != (self._due.place, number) for number, report in there.items()):
            return Settled(ReportFate.FOREIGN)
        found = [read(report, self._due.place) for _, report in sorted(there.items())]
        said = Contents(
            tuple(row for each in found for row in each.contents.listed),
            tuple(word for each in found for word in each.contents.words),
        )
        merged = self._due.merged(said, self._writer.choice, (int(self._info.started), 0))
        if not merged.contents.counted().keys() & self._writer.choice.kept:
            return self._removed(there)
        item = self._item(next((each.item for each in found if each.item), None))
        if item is None:  # nobody knows what it is about, nor whether that is there
            return self._unknown(ReportFate.UNCHANGED)
        audited = self._audited(merged, said, next((each.audited for each in found if each.audited), ""))
        return self._brought(there, ReportSubject(item, self._due.place, audited), merged.contents)

    def _item(self, found: ObjectRef | None) -> ObjectRef | None:
        """What the reports are about: of an object that was not seen they know more themselves."""
        item = self._due.item
        return item if item is not None and (self._due.results or item.uid) else found or item

    def _audited(self, merged: Merged, said: Contents, before: str) -> str:
        """The run that saw all of it last, where that is to be told."""
        if not self._writer.ttl:
            return ""
        again = not merged.stale and (self._due.renews or merged.contents != said)
        return self._info.audit_id if again or not before else before

    def _brought(self, there: Mapping[int, Object], subject: ReportSubject, contents: Contents) -> Settled:
        """Create, patch and delete until there is what there has to be."""
        reports = dict(enumerate(rendered(subject, contents, self._writer.api), 1))
        self._parts |= reports.keys()
        versions, fate = [], ReportFate.UNCHANGED
        for number, report in reports.items():
            before = there.get(number)
            if before is not None and says(before, report):
                versions.append(_version(before))
                continue
            fate = ReportFate.UPDATED if there else ReportFate.CREATED
            versions.append(self._put(report, before))
        for number in sorted(there.keys() - reports.keys()):
            fate = ReportFate.UPDATED
            self._delete(number, there[number])
        kind, name = subject.item.kind, subject.item.name
        return Settled(fate, Shelved(kind, name, contents.rows(), tuple(versions), subject.audited))

    def _put(self, report: Object, before: Object | None) -> str:
        """Write one, gives its resourceVersion. Its name is its own: a creation that is sent twice is found out."""
        if before is None:
            made = self._send(replace(create_object(self._resource, report), named=True))
        else:
            name, changed = report["metadata"]["name"], patch(report, _version(before))
            made = self._send(merge_patch(self._resource, name, changed, self._due.place.namespace))
        return _version(made)

    def _removed(self, there: Mapping[int, Object]) -> Settled:
        for number, report in sorted(there.items(), reverse=True):
            self._delete(number, report)
        return Settled(ReportFate.REMOVED if there else ReportFate.GONE)

    def _delete(self, number: int, report: Object) -> None:
        home = self._due.place
        with suppress(NotFound):  # it went with its object
            self._send(delete_object(self._resource, home.part(number), home.namespace, _version(report)))

    def _read(self) -> dict[int, Object]:
        """The parts that there are, by number."""
        there: dict[int, Object] = {}
        for number in sorted(self._parts):
            try:
                request = get_object(self._resource, self._due.place.part(number), self._due.place.namespace)
                there[number] = self._send(request)
            except NotFound:
                pass
        return there

    def _send(self, request: Request) -> Object:
        self._request = request
        if self._hope.is_lost(place(request)):
            raise KubeError(f"not tried, for others have failed: {self._hope.error}")
        self._writer.rate.wait()
        found: Object = self._client.send_json(request)
        return found


def _version(report: Object) -> str:
    return str(report["metadata"].get("resourceVersion") or "")


def _has_gone(error: KubeError, request: Request) -> bool:
    """Whether a creation failed because its namespace is gone, or is just going."""
    if isinstance(error, Forbidden):
        return _ENDING in str(error)
    return isinstance(error, NotFound) and request.named and _NO_NAMESPACE in str(error)
