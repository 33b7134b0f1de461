"""One leader at a time, whatever happens to requests, replicas and clocks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import pytest

from audit.errors import Unreachable
from audit.kube.client import Client, Clock
from audit.kube.lease import Election, Seat, Timing, unique_identity
from audit.kube.request import Reply, Request

LEASE = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
PATH = "/apis/coordination.k8s.io/v1/namespaces/ns/leases"


@dataclass
class Time:
    """A clock that moves when told to, and when somebody sleeps."""

    now: float = 1000.0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, elapsed=lambda: self.now, sleep=self.sleep, chance=lambda: 0.0)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Leases:
    """A server of one Lease with optimistic locking; `down` cuts connections, `cost` is what a request takes."""

    time: Time
    lease: dict[str, Any] | None = None
    down: bool = False
    cost: float = 0.0
    seen: list[Request] = field(default_factory=list)

    def exchange(self, request: Request) -> Reply:
        self.seen.append(request)
        self.time.now += self.cost
        if self.down:
            raise Unreachable("cut")
        return {"GET": self.get, "POST": self.create, "PUT": self.update}[request.method](request)

    def get(self, _: Request) -> Reply:
        return Reply(404) if self.lease is None else Reply(200, {}, json.dumps(self.lease).encode())

    def create(self, request: Request) -> Reply:
        return Reply(409) if self.lease is not None else self.store(json.loads(request.body or b""), "1")

    def update(self, request: Request) -> Reply:
        body = json.loads(request.body or b"")
        if self.lease is None:
            return Reply(404)
        version = self.lease["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            return Reply(409)
        return self.store(body, str(int(version) + 1))

    def store(self, body: dict[str, Any], version: str) -> Reply:
        body["metadata"]["resourceVersion"] = version
        self.lease = body
        return self.get(Request("GET", ""))

    @property
    def spec(self) -> dict[str, Any]:
        assert self.lease is not None
        return self.lease["spec"]


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def server(time):
    return Leases(time)


@pytest.fixture
def replica(server, time):
    return lambda name: Election(Client(server), Seat("ns", "audit", name), clock=time.clock())


def test_the_first_replica_creates_the_lease_and_leads(replica, server):
    a = replica("a")
    assert not a.is_leader
    assert a.step()
    assert a.is_leader
    assert a.leader == "a"
    assert server.lease == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"namespace": "ns", "name": "audit", "resourceVersion": "1"},
        "spec": {
            "holderIdentity": "a",
            "leaseDurationSeconds": 15,
            "leaseTransitions": 0,
            "acquireTime": "1970-01-01T00:16:40.000000Z",
            "renewTime": "1970-01-01T00:16:40.000000Z",
        },
    }
    assert [(request.method, request.path) for request in server.seen] == [
        ("GET", f"{PATH}/audit"),
        ("POST", PATH),
    ]


def test_a_leader_renews_with_one_request_and_keeps_when_it_came_to_lead(replica, server, time):
    a = replica("a")
    a.step()
    time.now += 2
    server.seen.clear()
    assert a.step()
    assert [request.method for request in server.seen] == ["PUT"]
    assert server.spec["renewTime"] == "1970-01-01T00:16:42.000000Z"
    assert server.spec["acquireTime"] == "1970-01-01T00:16:40.000000Z"


def test_a_second_replica_waits_as_long_as_the_first_renews(replica, time):
    a, b = replica("a"), replica("b")
    for _ in range(20):
        assert a.step()
        assert not b.step()
        assert b.leader == "a"
        time.now += 2


def test_a_second_replica_takes_over_when_the_lease_has_not_changed_for_its_duration(replica, server, time):
    a, b = replica("a"), replica("b")
    a.step()
    time.now += 5
    assert not b.step()  # sees it for the first time only now
    time.now += 14.9
    assert not b.step()
    time.now += 0.2
    assert b.step()
    assert (server.spec["holderIdentity"], server.spec["leaseTransitions"]) == ("b", 1)
    assert not a.step()


def test_a_leader_that_cannot_renew_stops_leading_before_another_can_begin(replica, server, time):
    a, b = replica("a"), replica("b")
    a.step()
    b.step()
    server.down = True
    both, handed_over = [], False
    for _ in range(400):
        time.now += 0.05
        server.down = True
        a.step()
        server.down = False
        b.step()
        both.append(a.is_leader and b.is_leader)
        handed_over = handed_over or b.is_leader
    assert handed_over
    assert not any(both)


def test_leading_ends_by_the_clock_even_while_a_request_hangs(replica, server, time):
    a = replica("a")
    a.step()
    time.now += 9.9
    assert a.is_leader
    time.now += 0.1
    assert not a.is_leader


def test_the_deadline_counts_from_before_the_renewal_was_sent(replica, server, time):
    a = replica("a")
    server.cost = 4.0
    a.step()  # two requests of four seconds
    assert a.is_leader
    time.now += 2.0
    assert not a.is_leader


def test_a_short_failure_does_not_end_leading(replica, server, time):
    a = replica("a")
    a.step()
    server.down = True
    time.now += 4
    assert a.step()
    server.down = False
    time.now += 4
    assert a.step()
    time.now += 9
    assert a.is_leader


def test_a_renewal_whose_reply_was_lost_is_made_good(replica, server, time):
    a = replica("a")
    a.step()
    server.store(json.loads(json.dumps(server.lease)), "9")  # it came to pass, but we never heard
    time.now += 2
    assert a.step()
    assert server.spec["leaseTransitions"] == 0


def test_a_leader_whose_lease_was_taken_knows_at_its_next_step(replica, server):
    a = replica("a")
    a.step()
    server.spec["holderIdentity"] = "c"
    server.lease["metadata"]["resourceVersion"] = "9"
    assert not a.step()
    assert not a.is_leader


def test_a_lease_that_somebody_deleted_is_created_again(replica, server):
    a = replica("a")
    a.step()
    server.lease = None
    assert a.step()
    assert server.spec["holderIdentity"] == "a"


def test_of_two_that_create_at_once_one_leads(replica, server):
    a = replica("a")

    def raced(request: Request) -> Reply:
        server.store({"metadata": {}, "spec": {"holderIdentity": "b", "leaseDurationSeconds": 15}}, "1")
        return Reply(409)

    server.create = raced
    assert not a.step()
    assert not a.is_leader


def test_a_released_lease_is_free_at_once(replica, server, time):
    a, b = replica("a"), replica("b")
    a.step()
    b.step()
    a.release()
    assert not a.is_leader
    assert (server.spec["holderIdentity"], server.spec["leaseDurationSeconds"]) == ("", 1)
    assert b.step()
    assert server.spec["leaseDurationSeconds"] == 15


def test_a_replica_that_does_not_lead_releases_nothing(replica, server):
    a, b = replica("a"), replica("b")
    a.step()
    b.step()
    b.release()
    assert server.spec["holderIdentity"] == "a"


def test_a_lease_taken_meanwhile_is_not_released(replica, server):
    a = replica("a")
    a.step()
    server.spec["holderIdentity"] = "c"
    a.release()
    assert server.spec["holderIdentity"] == "c"


def test_a_release_that_fails_is_not_an_error(replica, server):
    a = replica("a")
    a.step()
    server.down = True
    a.release()
    assert not a.is_leader


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(None, id="no spec"),
        pytest.param([], id="a list"),
        pytest.param({}, id="empty"),
        pytest.param({"leaseTransitions": "x", "leaseDurationSeconds": "y"}, id="words for numbers"),
    ],
)
def test_a_lease_without_a_holder_is_free_whatever_it_says(spec, replica, server):
    server.lease = {**LEASE, "metadata": {"namespace": "ns", "name": "audit", "resourceVersion": "4"}, "spec": spec}
    assert replica("a").step()
    assert server.spec["leaseTransitions"] == 1


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b"{}"])
def test_a_reply_that_is_no_lease_is_not_leading(body, replica, server):
    server.get = lambda _: Reply(200, {}, body)
    assert not replica("a").step()


def test_what_others_wrote_into_the_lease_is_kept(replica, server):
    server.lease = {
        **LEASE,
        "metadata": {"namespace": "ns", "name": "audit", "resourceVersion": "4", "labels": {"a": "b"}},
        "spec": {"holderIdentity": "", "strategy": "OldestEmulationVersion"},
    }
    assert replica("a").step()
    assert server.lease["metadata"]["labels"] == {"a": "b"}
    assert server.spec["strategy"] == "OldestEmulationVersion"


def test_requests_are_cut_short_so_that_one_more_fits_before_the_deadline(replica, server):
    replica("a").step()
    assert {request.timeout for request in server.seen} == {5.0}


def test_timings_that_would_let_two_lead_are_refused(server):
    with pytest.raises(ValueError, match="retry < deadline < duration"):
        Election(Client(server), Seat("ns", "audit", "a"), Timing(duration=10, deadline=10))


def test_running_tells_when_leading_begins_and_ends_and_gives_the_lease_back(replica, server, time):
    a, stop, told = replica("a"), Event(), []
    times = iter(range(3))

    def started() -> None:
        told.append("started")

    def sleep(seconds: float) -> None:
        time.now += seconds
        if next(times) == 2:
            stop.set()

    a._clock = Clock(now=lambda: time.now, elapsed=lambda: time.now, sleep=sleep)
    a.run(stop, started, lambda: told.append(f"stopped {server.spec['holderIdentity']}"))
    assert told == ["started", "stopped a"]
    assert server.spec["holderIdentity"] == ""


def test_running_goes_on_after_leading_was_lost(server, time):
    stop, told, naps = Event(), [], []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        time.now += seconds
        server.down = 2 <= len(naps) < 9
        if len(naps) == 12:
            stop.set()

    clock = Clock(now=lambda: time.now, elapsed=lambda: time.now, sleep=sleep, chance=lambda: 0.5)
    a = Election(Client(server), Seat("ns", "audit", "a"), clock=clock)
    a.run(stop, lambda: told.append("started"), lambda: told.append("stopped"))
    assert told == ["started", "stopped", "started", "stopped"]
    assert naps[0] == 2.0
    assert 3.2 in naps  # those who wait do so for longer, by chance


def test_two_running_threads_hand_over(server):
    real = Leases(Time())
    stops = {name: Event() for name in "ab"}
    timing = Timing(duration=1.0, deadline=0.9, retry=0.01)
    elections = {name: Election(Client(real), Seat("ns", "audit", name), timing) for name in "ab"}
    leads = {name: Event() for name in "ab"}
    threads = [Thread(target=elections[name].run, args=(stops[name], leads[name].set), daemon=True) for name in "ab"]
    threads[0].start()
    assert leads["a"].wait(5)
    threads[1].start()
    assert not leads["b"].wait(0.1)
    stops["a"].set()
    assert leads["b"].wait(5)
    stops["b"].set()
    for thread in threads:
        thread.join(5)
    assert real.spec["holderIdentity"] == ""


def leaving(server, time, event):
    return Election(Client(server), Seat("ns", "audit", "a"), clock=time.clock(), leaving=event)


@pytest.mark.parametrize("free", [True, False], ids=["which is free", "that nobody has made"])
def test_one_that_is_leaving_does_not_take_a_lease(free, server, time):
    event = Event()
    event.set()
    server.lease = {**LEASE, "metadata": {"resourceVersion": "1"}, "spec": {"holderIdentity": ""}} if free else None
    before = json.dumps(server.lease)
    assert not leaving(server, time, event).step()
    assert json.dumps(server.lease) == before


def test_one_that_is_leaving_renews_its_own_lease_until_it_gives_it_back_and_then_leaves_it(server, time):
    event = Event()
    a = leaving(server, time, event)
    a.step()
    event.set()
    time.now += 5
    assert a.step()
    assert server.spec["renewTime"].endswith("16:45.000000Z")
    a.release()
    assert (server.spec["holderIdentity"], a.step(), a.is_leader) == ("", False, False)
    assert server.spec["holderIdentity"] == ""


def test_a_lease_is_given_back_even_when_a_renewal_comes_between(replica, server):
    a = replica("a")
    a.step()
    read = server.get

    def renewed_behind(request):
        reply = read(request)
        if len(server.seen) < 4:  # the first time that it is read in order to give it back
            server.lease["metadata"]["resourceVersion"] = "77"
        return reply

    server.get = renewed_behind
    a.release()
    assert server.spec["holderIdentity"] == ""


def test_a_renewal_that_ends_after_the_lease_was_given_back_does_not_lead_again(replica, server):
    a = replica("a")
    a.step()
    update = server.update

    def slow(request):
        reply = update(request)
        server.update = update
        a.release()  # by the thread that ends the process
        return reply

    server.update = slow
    assert not a.step()
    assert (server.spec["holderIdentity"], a.is_leader) == ("", False)


def test_a_refusal_lasts_from_its_first_to_the_next_answer(replica, server, time):
    a = replica("a")
    server.exchange, real = lambda request: Reply(403), server.exchange
    a.step()
    time.now += 7
    a.step()
    assert (a.refusal.seconds, a.refusal.error.status) == (7, 403)
    server.exchange = real
    a.step()
    assert a.refusal is None


def test_each_process_has_an_identity_of_its_own():
    assert unique_identity("pod").startswith("pod_")
    assert unique_identity("pod") != unique_identity("pod")
