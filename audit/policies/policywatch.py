"""Hears of changes to policies between two runs: templates, the constraints of each, Configs and SyncSets.

A thread for each kind: they wait for the API server and do nothing else. What is heard is only that something changed;
the next run reads what. New templates go to the intake, which does not wait for a run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import field
from threading import Event as Flag
from threading import Lock, Thread
from time import monotonic

from audit.errors import Forbidden, KubeError, NotFound
from audit.guard import attempt
from audit.kube.request import EVERYTHING, Select
from audit.kube.watch import DELETED, PATIENT, Intervals, Item, Server, Snapshot, Watch
from audit.model import Resource, kind_of
from audit.policies.exclusions import NAME
from audit.policies.referential import SYNC_SETS
from audit.policies.surroundings import CONFIGS
from audit.policies.templates import TEMPLATES
from audit.tracking import PolicyChanges, Seen
from constraints import Kind
from constraints.crd import GROUP, VERSIONS
from constraints.dataclass import dataclass
from constraints.model import Object

log = logging.getLogger("kube_patrol.policies")
_CONFIG = Select(field_selector=f"metadata.name={NAME}")

Heard = Callable[["Follower", tuple[Object, ...], tuple[Object, ...]], None]


@dataclass(slots=True)
class Follower:
    """One kind that is followed by a thread of its own.

    `heard` is called in that thread with what is new or changed and what is gone; `settled` is set as soon as anything
    is known of the kind.
    """

    watch: Watch
    heard: Heard
    settled: Flag = field(default_factory=Flag)
    _known: Seen = field(default_factory=Seen)
    _is_listed: bool = False
    _complained: bool = False
    _thread: Thread | None = None

    def start(self) -> None:
        """Follow from now on."""
        name = f"watch {self.watch.resource.plural}"
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """End it, and wait for that at most so many seconds."""
        self.watch.close()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        error = attempt(self._follow)
        if error is not None:
            what = self.watch.resource.plural
            log.error("%s are not watched any more: %s", what, error, exc_info=error)
        self.settled.set()

    def _follow(self) -> None:
        for item in self.watch:
            changed, gone = self._news(item)
            if changed or gone:
                self.heard(self, changed, gone)
            self.settled.set()

    def _news(self, item: Item) -> tuple[tuple[Object, ...], tuple[Object, ...]]:
        if isinstance(item, Snapshot):
            self._is_listed = True
            return self._known.replace(item.objects)
        if isinstance(item, KubeError):
            self._explain(item)
            return self._known.replace(()) if isinstance(item, NotFound) else ((), ())
        if item.type == DELETED:
            return (), ((item.object,) if self._known.drop(item.object) else ())
        return ((item.object,) if self._known.put(item.object) else ()), ()

    def _explain(self, error: KubeError) -> None:
        if isinstance(error, NotFound) and self.watch.resource in TEMPLATES:  # perhaps an older version is served
            at = TEMPLATES.index(self.watch.resource)
            self.watch.turn_to(TEMPLATES[(at + 1) % len(TEMPLATES)])
        what = self.watch.resource.plural
        if not isinstance(error, Forbidden) or self._complained:
            log.debug("watching %s: %s", what, error)
            return
        self._complained = True
        if self._is_listed:
            log.warning("%s may not be watched, they are listed every %g s: %s", what, self.watch.intervals.poll, error)
        else:
            log.warning("%s may not be listed, so changes of them are not seen: %s", what, error)


class PolicyWatch:
    """Notes in `changes` that policies have changed, and hands new and changed templates to `intake`."""

    def __init__(
        self, server: Server, changes: PolicyChanges, intake: Callable[[Object], None], intervals: Intervals = PATIENT
    ) -> None:
        self._server, self._intervals = server, intervals
        self._changes = changes
        self._intake = intake
        self._lock = Lock()
        self._started = self._settled = self._closed = False
        self._fixed: tuple[Follower, ...] = ()
        self._kinds: dict[str, Follower] = {}

    def start(self, patience: float = 3.0) -> None:
        """Begin, once; waits at most so many seconds until it is known what there is, which is no change."""
        if self._started:
            return
        self._started = True
        deadline = monotonic() + patience
        templates = self._follower(TEMPLATES[0], self._templates)
        self._fixed = (
            templates,
            self._follower(CONFIGS, self._note, _CONFIG),
            self._follower(SYNC_SETS, self._note),
        )
        for follower in self._fixed:
            follower.start()
        _await(self._fixed, deadline)
        _await(self._followers(), deadline)
        self._settled = True

    def served(self, kinds: Iterable[str]) -> None:
        """The constraints of these kinds can be listed from now on."""
        for kind in kinds:
            with self._lock:
                follower = self._kinds.get(kind.lower())
            if follower is not None:
                follower.watch.wake()

    def counts(self) -> tuple[int, int]:
        """How many kinds are being listened to, and how many should be."""
        followers = self._followers()
        return sum(follower.watch.streaming for follower in followers), len(followers)

    def close(self, seconds: float = 5.0) -> None:
        """End all threads, and wait at most so many seconds for them."""
        with self._lock:
            self._closed = True
        followers = self._followers()
        for follower in followers:
            follower.watch.close()
        deadline = monotonic() + seconds
        for follower in followers:
            follower.close(max(0.0, deadline - monotonic()))

    def _followers(self) -> tuple[Follower, ...]:
        with self._lock:
            return (*self._fixed, *self._kinds.values())

    def _follower(self, resource: Resource, heard: Heard, select: Select = EVERYTHING) -> Follower:
        return Follower(Watch(self._server, resource, select, self._intervals), heard)

    def _note(self, follower: Follower, changed: tuple[Object, ...], gone: tuple[Object, ...]) -> None:
        """What is heard first of a kind is what the first run reads anyway."""
        if self._settled or follower.settled.is_set():
            self._changes.note()

    def _templates(self, follower: Follower, changed: tuple[Object, ...], gone: tuple[Object, ...]) -> None:
        is_new = self._settled or follower.settled.is_set()
        for obj in changed:
            if is_new:
                self._intake(obj)
            self._follow_kind(obj)
        for obj in gone:
            self._leave_kind(obj["metadata"]["name"])
        self._note(follower, changed, gone)

    def _follow_kind(self, template: Object) -> None:
        kind = kind_of(template)
        with self._lock:
            if not kind or kind.lower() in self._kinds or self._closed:
                return
            resource = Resource(Kind(GROUP, VERSIONS[0], kind), kind.lower(), False)
            follower = self._kinds[kind.lower()] = self._follower(resource, self._note)
        follower.start()

    def _leave_kind(self, plural: str) -> None:
        with self._lock:
            follower = self._kinds.pop(plural, None)
        if follower is not None:
            follower.close(0.0)


def _await(followers: Iterable[Follower], deadline: float) -> None:
    for follower in followers:
        follower.settled.wait(max(0.0, deadline - monotonic()))
