"""Whether this process may audit: it holds the Lease, works without one, or gives up."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from audit.errors import AuditError, Forbidden, KubeError, NotFound
from audit.guard import attempt
from audit.kube.lease import Election, Seat
from audit.model import Outcome
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol")
SILENCE_SECONDS = 15.0  # as long as a Lease that nobody renews is valid
JOINING_SECONDS = 30.0  # more than all requests of one step and of giving the Lease back may take


class NoLease(AuditError):
    """The API server does not let us have the Lease."""


@dataclass(frozen=True, slots=True)
class Leadership:
    """Asks an `election`, None where there is none and this process always leads.

    The API server may refuse the Lease for `patience` seconds (0 = for ever); after that this process leads `alone`
    until it can be had, or `may_run` raises.
    """

    election: Election | None = None
    patience: float = 60.0
    alone: bool = False

    def leads(self) -> bool:
        """Whether this process may audit and write; any thread may ask."""
        return self.election is None or self.election.is_leader or (self.alone and self._given_up())

    def may_run(self) -> bool:
        """As `leads`. Raises NoLease, with the cure, when the Lease was refused for too long."""
        if self.election is not None and not self.alone and self._given_up():
            raise NoLease(self._hopeless(self.election))
        return self.leads()

    def problem(self) -> str:
        """Why this replica neither leads nor waits for another one to end; empty when it does."""
        if self.election is None or self.leads():
            return ""
        refusal, silence = self.election.refusal, self.election.silence
        if refusal is not None:
            return f"{_named(self.election.seat)} is refused: {refusal.error}"
        if silence is not None and silence.seconds > SILENCE_SECONDS:
            return f"{_named(self.election.seat)} could not be asked for, for {silence.seconds:.0f} s: {silence.error}"
        return ""

    def _given_up(self) -> bool:
        refusal = self.election.refusal if self.election is not None else None
        return refusal is not None and 0 < self.patience <= refusal.seconds

    def _hopeless(self, election: Election) -> str:
        refusal = election.refusal
        why = f": {refusal.error}; {cure(refusal.error, election.seat)}" if refusal else ""
        return f"{_named(election.seat)} could not be had for {self.patience:g} seconds{why}"


@dataclass(frozen=True, slots=True)
class Duty:
    """Whether this process has to go on auditing: `stop` is set when it is to leave."""

    stop: Event
    leadership: Leadership = Leadership()

    def over(self) -> Outcome | None:
        """How a run has to end that is going on now, None for none of that."""
        if self.stop.is_set():
            return Outcome.INTERRUPTED
        return None if self.leadership.leads() else Outcome.NOT_LEADER


def cure(error: KubeError, seat: Seat) -> str:
    """What to do about a Lease that is refused."""
    without = "or audit without a Lease: --leader-elect=false at once, --leader-elect=auto after the same time"
    if isinstance(error, NotFound) and f'namespaces "{seat.namespace}"' in str(error):
        return f"create the namespace {seat.namespace}, or name this Pod's by --pod-namespace, {without}"
    if isinstance(error, NotFound):
        return f"the API server must serve leases of coordination.k8s.io/v1, {without}"
    if isinstance(error, Forbidden) and error.status == 401:
        return "the API server does not accept who we are: check the service account or the kubeconfig"
    return f"allow this account to get, create and update leases in the namespace {seat.namespace}, {without}"


@contextmanager
def campaigning(election: Election, stop: Event) -> Iterator[None]:
    """Run for leader in the background while the block lasts; the Lease is given back once the last run has ended.

    Without its thread nobody would ever lead: when only a mistake of ours can have ended that, `stop` is set. Raises
    AuditError then.
    """
    done = Event()
    failures: list[Exception] = []

    def campaign() -> None:
        error = attempt(lambda: election.run(done))
        if error is not None:
            log.error("a mistake in this program ended the election: %s", error, exc_info=error)
            failures.append(error)
            stop.set()

    thread = Thread(target=campaign, name="election", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=JOINING_SECONDS)
    if failures:
        raise AuditError(f"{_named(election.seat)}: the election has ended: {failures[0]}") from failures[0]


def _named(seat: Seat) -> str:
    return f"Lease {seat.namespace}/{seat.name}"
