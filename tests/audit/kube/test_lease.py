"""One leader at a time, whatever happens to requests, replicas and clocks."""

from __future__ import annotations

import json

import pytest
from leases import LEASE, PATH

from audit.kube.client import Client
from audit.kube.lease import Election, Seat, Timing
from audit.kube.request import Reply, Request


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
