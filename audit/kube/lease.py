"""Elects a leader among replicas by a Lease, with the algorithm and the timing of client-go's leader election.

Two clocks: validity is measured on each replica's own monotonic clock, so that clocks need not agree; the times in
the Lease are for people.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from math import ceil
from threading import Event, Lock
from uuid import uuid4

import orjson

from audit.errors import BadBody, Conflict, KubeError, NotFound
from audit.kube.client import CLOCK, Client, Clock
from audit.kube.request import Request, create_object, get_object, update_object
from audit.model import Resource, timestamp
from audit.repeats import Repeats
from constraints import Kind
from constraints.dataclass import dataclass
from constraints.model import Json

log = logging.getLogger("kube_patrol.kube")
LEASES = Resource(Kind("coordination.k8s.io", "v1", "Lease"), "leases", True)


@dataclass(frozen=True, slots=True)
class Seat:
    """Which Lease, and under which name we hold it. No two processes may ever share an `identity`."""

    namespace: str
    name: str
    identity: str


@dataclass(frozen=True, slots=True)
class Timing:
    """client-go's defaults, in seconds.

    A lease that others see unchanged for `duration` is free. A leader that could not renew for `deadline`, which is
    less, leads no more. Either tries every `retry`.
    """

    duration: float = 15.0
    deadline: float = 10.0
    retry: float = 2.0


TIMING = Timing()


def unique_identity(host: str) -> str:
    """A name for one process on `host`; a restarted container is another process."""
    return f"{host}_{uuid4()}"


@dataclass(frozen=True, slots=True)
class Leaseless:
    """For how long we could not have the Lease, or not ask for it, in seconds, and what was said last."""

    seconds: float
    error: KubeError


def nothing() -> None:
    """A callback that does nothing."""


class Election:
    """Runs for leader until told to stop; `is_leader`, `refusal` and `silence` may be asked by any thread.

    Once `leaving` is set a Lease that is not ours is not taken any more; ours is renewed until it is given back.
    """

    def __init__(
        self,
        client: Client,
        seat: Seat,
        timing: Timing = TIMING,
        clock: Clock = CLOCK,
        leaving: Event | None = None,
    ) -> None:
        if not timing.retry < timing.deadline < timing.duration:
            raise ValueError(f"retry < deadline < duration must hold, not {timing}")
        self._client = client
        self.seat = seat
        self._leaving = leaving or Event()
        self._problems = Repeats(clock.elapsed)
        self._refused: tuple[float, KubeError] | None = None  # since when, and the last words
        self._unanswered: tuple[float, KubeError] | None = None
        self._given_back = False
        self._timing = timing
        self._clock = clock
        self._lock = Lock()
        self._lease: dict[str, Json] = {}  # as last seen
        self._seen_at = 0.0  # when we saw it change
        self._led_from: float | None = None  # when the last renewal that succeeded was begun

    @property
    def is_leader(self) -> bool:
        """Whether we lead at this moment.

        Turns false by itself when the lease was not renewed within the deadline, counted from before the renewal was
        sent: so nobody else, who waits for longer and began to wait later, leads at the same time.
        """
        with self._lock:
            led_from = self._led_from
        return led_from is not None and self._clock.elapsed() - led_from < self._timing.deadline

    @property
    def refusal(self) -> Leaseless | None:
        """Set while the API server refuses us the Lease; not when another one holds it, or when there is no answer."""
        return self._problem(self._refused)

    @property
    def silence(self) -> Leaseless | None:
        """Set while all that we ask the API server ends in an error: nobody here knows who leads."""
        return self._problem(self._unanswered)

    @property
    def leader(self) -> str:
        """The identity that holds the lease as last seen; empty when it is free or not known."""
        return str(_spec(self._lease).get("holderIdentity") or "")

    def run(
        self, stop: Event, on_started: Callable[[], None] = nothing, on_stopped: Callable[[], None] = nothing
    ) -> None:
        """Try to lead, and to go on leading, until `stop`; then give the lease back.

        Set `stop` only when the work of the leader has ended: another one may lead a moment later. `on_started` and
        `on_stopped` are called from here when we come to lead and when we lead no more.
        """
        led = False
        try:
            while not stop.is_set():
                self.step()
                led = self._tell(led, on_started, on_stopped)
                (self._clock.sleep or stop.wait)(self._pause())
                led = self._tell(led, on_started, on_stopped)
        finally:
            if led:
                on_stopped()
            self.release()

    def step(self) -> bool:
        """Take the lease if it is free, or renew it if it is ours; whether we lead then. Never raises a KubeError."""
        begun = self._clock.elapsed()
        try:
            held = self._take_or_renew()
        except KubeError as error:
            self._note(begun, error)
            return self.is_leader  # until the deadline: others wait longer
        self._note(begun)
        with self._lock:
            if held and not self._given_back:
                self._led_from = begun
            elif self.leader != self.seat.identity:
                self._led_from = None
        return self.is_leader

    def release(self) -> None:
        """Give the lease back, if we lead, so that another need not wait until it has run out."""
        if not self.is_leader:
            return
        with self._lock:
            self._led_from, self._given_back = None, True
        self._leaving.set()
        try:
            while not self._gave_back():
                continue
        except KubeError as error:
            log.warning("Lease %s/%s was not given back: %s", self.seat.namespace, self.seat.name, error)

    def _gave_back(self) -> bool:
        """One try; False when a renewal that was on its way came between. Another thread may be in `step` meanwhile."""
        lease = self._get()
        if _spec(lease).get("holderIdentity") != self.seat.identity:
            return True
        spec = {**_spec(lease), "holderIdentity": "", "leaseDurationSeconds": 1, **self._times()}
        try:
            self._send(update_object(LEASES, {**lease, "spec": spec}))
        except Conflict:
            return False
        return True

    def _note(self, begun: float, error: KubeError | None = None) -> None:
        """Keep since when we are refused, and say it once; no answer at all changes nothing in that."""
        line = self._problems.again((type(error), error.status), str(error)) if error else self._problems.over()
        if line:
            log.log(logging.WARNING if error else logging.INFO, "Lease %s/%s: %s", *self._where(), line)
        refused = error is not None and 400 <= error.status < 500 and error.status not in (408, 409, 429)
        with self._lock:
            if error is None:
                self._refused = self._unanswered = None
                return
            self._unanswered = (self._unanswered[0] if self._unanswered else begun, error)
            if refused:
                self._refused = (self._refused[0] if self._refused else begun, error)

    def _problem(self, known: tuple[float, KubeError] | None) -> Leaseless | None:
        return Leaseless(self._clock.elapsed() - known[0], known[1]) if known else None

    def _take_or_renew(self) -> bool:
        if self.is_leader and self._renewed_blindly():
            return True
        may_take = not self._leaving.is_set()
        try:
            self._observe(self._get())
        except NotFound:
            return may_take and self._create()
        if self.leader != self.seat.identity and not may_take:
            return False
        if self.leader and self.leader != self.seat.identity and self._is_valid():
            return False
        return self._claim()

    def _renewed_blindly(self) -> bool:
        """Renew what we last wrote, without reading it first; False when somebody has changed it since."""
        try:
            self._write({**_spec(self._lease), **self._times(acquired=False)})
        except (Conflict, NotFound):
            return False
        return True

    def _create(self) -> bool:
        metadata = {"namespace": self.seat.namespace, "name": self.seat.name}
        spec = {"leaseTransitions": 0, **self._held(), **self._times()}
        body = {"apiVersion": LEASES.kind.api_version, "kind": "Lease", "metadata": metadata, "spec": spec}
        try:
            self._observe(self._send(create_object(LEASES, body)))
        except Conflict:  # another one was faster
            return False
        return True

    def _claim(self) -> bool:
        spec = _spec(self._lease)
        ours = self.leader == self.seat.identity
        transitions = _whole(spec.get("leaseTransitions"), 0) + (0 if ours else 1)
        try:
            self._write({**spec, **self._held(), **self._times(not ours), "leaseTransitions": transitions})
        except Conflict:  # another one was faster
            return False
        return True

    def _is_valid(self) -> bool:
        length = _whole(_spec(self._lease).get("leaseDurationSeconds"), ceil(self._timing.duration))
        return self._clock.elapsed() < self._seen_at + length

    def _observe(self, lease: dict[str, Json]) -> None:
        if _mark(lease) != _mark(self._lease):
            self._seen_at = self._clock.elapsed()
        self._lease = lease

    def _get(self) -> dict[str, Json]:
        return self._send(get_object(LEASES, self.seat.name, self.seat.namespace))

    def _write(self, spec: dict[str, Json]) -> None:
        """Replace the spec; the resourceVersion in the metadata is the optimistic lock."""
        self._observe(self._send(update_object(LEASES, {**self._lease, "spec": spec})))

    def _send(self, request: Request) -> dict[str, Json]:
        body = self._client.attempt(replace(request, timeout=self._patience()))
        try:
            lease = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise BadBody(f"{request}: the reply is not JSON: {error}") from error
        if not isinstance(lease, dict) or not isinstance(lease.get("metadata"), dict):
            raise BadBody(f"{request}: the reply is not a Lease")
        return lease

    def _patience(self) -> float:
        """Half the deadline for one request, so that there is time for another one."""
        return self._timing.deadline / 2

    def _held(self) -> dict[str, Json]:
        return {"holderIdentity": self.seat.identity, "leaseDurationSeconds": ceil(self._timing.duration)}

    def _times(self, acquired: bool = True) -> dict[str, Json]:
        stamp = timestamp(self._clock.now(), "microseconds")
        return {"renewTime": stamp, **({"acquireTime": stamp} if acquired else {})}

    def _pause(self) -> float:
        """Those who wait do so for a little longer each time, by chance, so that they do not all ask at once."""
        return self._timing.retry * (1.0 if self.is_leader else 1.0 + 1.2 * self._clock.chance())

    def _tell(self, led: bool, on_started: Callable[[], None], on_stopped: Callable[[], None]) -> bool:
        leads = self.is_leader
        if leads != led:
            log.info("%s %s lease %s/%s", self.seat.identity, "holds" if leads else "lost", *self._where())
            (on_started if leads else on_stopped)()
        return leads

    def _where(self) -> tuple[str, str]:
        return self.seat.namespace, self.seat.name


def _spec(lease: dict[str, Json]) -> dict[str, Json]:
    spec = lease.get("spec")
    return spec if isinstance(spec, dict) else {}


def _mark(lease: dict[str, Json]) -> tuple[Json, Json]:
    """What differs whenever the holder has renewed."""
    return _spec(lease), (lease.get("metadata") or {}).get("resourceVersion")


def _whole(value: Json, default: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else default
