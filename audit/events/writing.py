"""Writes many Events, within a time, side by side, and without asking where there is no hope."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from audit.errors import AuditError, Conflict, Forbidden, KubeError, NotFound, TimedOut
from audit.events.bodies import CORE
from audit.events.reasons import Fate
from audit.fields import numbered
from audit.kube.client import Client
from audit.kube.deadline import Deadline
from audit.kube.hope import Hope, place
from audit.kube.request import Request, create_object, merge_patch
from audit.model import Resource
from constraints.dataclass import dataclass
from constraints.model import Object

WITHIN = 15.0  # seconds for all Events of a run: the log of it waits for so long at most
PROMPT = 5.0  # seconds for the tries of one, but for those that the API server asks for
_LEAST = 1.0  # seconds without which no other one is begun
# What is said of a namespace under 403 and 404 (k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle).
_ENDING, _NO_NAMESPACE = "because it is being terminated", 'namespaces "'


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of each request, in their order, and the first `error` that says more than that."""

    fates: tuple[Fate, ...] = ()
    error: KubeError | None = None

    def check(self) -> None:
        """Raises AuditError where some could not be written."""
        failed = self.fates.count(Fate.FAILED)
        if failed and self.error:
            cure = _cure(self.error)
            text = f"{failed} of {numbered(len(self.fates), 'Event')} could not be written: {self.error}{cure}"
            raise AuditError(text, reason=self.error.reason)


def creation(resource: Resource, event: Object) -> Request:
    """Create an Event. Its name is its own, so sending that twice is safe: the second one is refused as there."""
    return replace(create_object(resource, event), named=True)


def repetition(name: str, namespace: str, patch: Object) -> Request:
    """Count one more in an Event of the core group."""
    return merge_patch(CORE, name, patch, namespace)


@dataclass(frozen=True, slots=True)
class EventWriter:
    """Sends requests with `client`, `parallel` at a time, for `within` seconds or until `stopped()`.

    A namespace that is gone takes its Events with it, which is no failure, but for the namespace `home`.
    """

    client: Client
    stopped: Callable[[], bool]
    home: str = ""
    within: float = WITHIN
    parallel: int = 8
    elapsed: Callable[[], float] = time.monotonic

    def deadline(self) -> Deadline:
        """When that is over which is written from now on."""
        return Deadline(self.elapsed() + self.within, self.elapsed)

    def write(self, requests: Sequence[Callable[[], Request]], deadline: Deadline) -> Posted:
        """Make each request and send it, as far as there is time and hope. Never raises a KubeError."""
        if not requests:
            return Posted()
        client = self.client.prompt(PROMPT, silence=math.inf).bounded(deadline.left)
        hope = Hope()

        def send(request: Callable[[], Request]) -> Fate:
            if self.stopped() or deadline.left() < _LEAST:
                return Fate.LATE
            return self._sent(client, request(), hope)

        with ThreadPoolExecutor(self.parallel, thread_name_prefix="events") as pool:
            fates = tuple(pool.map(send, requests))
        return Posted(fates, hope.error)

    def _sent(self, client: Client, request: Request, hope: Hope) -> Fate:
        where = place(request)
        if hope.is_lost(where):
            return Fate.FAILED
        try:
            client.send(request)
        except Conflict:  # another try of the same one came through; nobody else has its name
            pass
        except KubeError as error:
            if self._has_gone(error, request):
                return Fate.GONE
            if isinstance(error, TimedOut) and hope.has_written:  # it is slow, and not dead: the time was over
                return Fate.LATE
            hope.failed(where, error)
            return Fate.FAILED
        hope.succeeded()
        return Fate.WRITTEN

    def _has_gone(self, error: KubeError, request: Request) -> bool:
        if place(request).namespace == self.home:
            return isinstance(error, NotFound) and not request.named
        if isinstance(error, Forbidden):
            return _ENDING in str(error)
        return isinstance(error, NotFound) and (not request.named or _NO_NAMESPACE in str(error))


def _cure(error: KubeError) -> str:
    if error.status != 403:
        return ""
    return "; allow this account to create events, and to patch those of the core group: manifests/optional/events.yaml"
