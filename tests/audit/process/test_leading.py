"""Who may audit when the Lease cannot be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event

import pytest

from audit.errors import AuditError, Unreachable
from audit.kube.client import Client, Clock
from audit.kube.lease import Election, Seat
from audit.kube.request import Reply, Request
from audit.model import Outcome
from audit.process.leading import Duty, Leadership, NoLease, campaigning

SEAT = Seat("patrol", "audit", "me")


@dataclass
class Server:
    """Refuses each method with its status, or is down with a status of 0; a clock that moves by hand."""

    statuses: dict[str, int] = field(default_factory=dict)
    body: bytes = b""
    now: float = 1000.0

    def exchange(self, request: Request) -> Reply:
        status = self.statuses[request.method]
        if not status:
            raise Unreachable("cut")
        return Reply(status, {}, self.body)

    def leadership(self, patience: float = 60.0, alone: bool = False) -> Leadership:
        clock = Clock(now=lambda: self.now, elapsed=lambda: self.now)
        return Leadership(Election(Client(self), SEAT, clock=clock), patience, alone)


def step(leadership: Leadership) -> None:
    assert leadership.election is not None
    leadership.election.step()


def missing(kind: str) -> bytes:
    text = f'{kind} "patrol" not found'
    return b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":%s}' % (
        b'"' + text.replace('"', '\\"').encode() + b'"'
    )


@pytest.mark.parametrize(
    ("server", "cure"),
    [
        pytest.param(Server({"GET": 403}), "allow this account to get, create and update leases", id="no right"),
        pytest.param(Server({"GET": 404, "POST": 403}), "allow this account to get, create and update", id="no create"),
        pytest.param(Server({"GET": 401}), "does not accept who we are", id="a wrong token"),
        pytest.param(
            Server({"GET": 404, "POST": 404}, missing("namespaces")), "create the namespace patrol", id="no namespace"
        ),
        pytest.param(Server({"GET": 404, "POST": 404}), "must serve leases of coordination.k8s.io", id="no such kind"),
    ],
)
def test_a_lease_that_is_refused_for_too_long_is_given_up_with_the_cure(server: Server, cure: str) -> None:
    leadership = server.leadership()
    step(leadership)
    assert not leadership.may_run()
    assert leadership.problem().startswith("Lease patrol/audit is refused: ")
    server.now += 59
    step(leadership)
    assert not leadership.may_run()
    server.now += 1
    with pytest.raises(NoLease, match=r"Lease patrol/audit could not be had for 60 seconds: .*" + cure):
        leadership.may_run()
    assert not leadership.leads()


def test_an_api_server_that_does_not_answer_is_waited_for() -> None:
    server = Server({"GET": 0})
    leadership = server.leadership()
    step(leadership)
    assert leadership.problem() == ""
    for _ in range(100):
        server.now += 10
        step(leadership)
    assert not leadership.may_run()
    assert leadership.problem() == "Lease patrol/audit could not be asked for, for 1000 s: cut"
    server.statuses = {"GET": 404, "POST": 409}  # another one was faster
    step(leadership)
    assert leadership.problem() == ""


def test_a_short_refusal_is_forgotten() -> None:
    server = Server({"GET": 403})
    leadership = server.leadership()
    step(leadership)
    server.now += 50
    server.statuses, server.body = (
        {"GET": 200},
        (
            b'{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"audit","namespace":"patrol","resourceVersion":"1"},'
            b'"spec":{"holderIdentity":"other"}}'
        ),
    )
    step(leadership)
    assert leadership.problem() == ""
    server.now += 50
    server.statuses = {"GET": 403}
    step(leadership)
    assert not leadership.may_run()


def test_without_a_limit_it_is_waited_for_ever() -> None:
    server = Server({"GET": 403})
    leadership = server.leadership(patience=0)
    step(leadership)
    server.now += 1e6
    assert not leadership.may_run()


def test_where_that_is_asked_for_it_audits_without_a_lease_after_the_same_time() -> None:
    server = Server({"GET": 403})
    leadership = server.leadership(alone=True)
    step(leadership)
    assert (leadership.leads(), leadership.problem() != "") == (False, True)
    server.now += 60
    assert (leadership.leads(), leadership.may_run(), leadership.problem()) == (True, True, "")


def test_without_an_election_one_always_leads() -> None:
    assert (Leadership().leads(), Leadership().may_run(), Leadership().problem()) == (True, True, "")


def test_a_run_is_over_when_it_is_time_to_leave_or_another_one_may_lead() -> None:
    stop = Event()
    assert Duty(stop).over() is None
    assert Duty(stop, Server().leadership()).over() is Outcome.NOT_LEADER
    stop.set()
    assert Duty(stop).over() is Outcome.INTERRUPTED


@dataclass
class Crashing(Server):
    """Answers with something that this program has never thought of."""

    def exchange(self, request: Request) -> Reply:
        raise ZeroDivisionError("a bug")


def test_an_election_that_a_mistake_of_ours_has_ended_ends_the_program() -> None:
    stop = Event()
    election = Election(Client(Crashing()), SEAT)
    with (
        pytest.raises(AuditError, match="Lease patrol/audit: the election has ended: a bug"),
        campaigning(election, stop),
    ):
        assert stop.wait(10)
