"""How a replica comes to lead, goes on, and leaves: in threads of its own, and with others beside it."""

from __future__ import annotations

import json
from threading import Event, Thread

import pytest
from leases import LEASE, Leases, Time

from audit.kube.client import Client, Clock
from audit.kube.lease import Election, Seat, Timing, unique_identity
from audit.kube.request import Reply


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
