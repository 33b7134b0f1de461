"""What becomes of Events that an API server does not take, or not at once."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from builders import violation
from eventtrials import ONE, Trial, counts, pods, reasons, stored

from audit.embedded import EmbeddedCluster
from audit.embedded.access import Rule
from audit.embedded.faults import Fault
from audit.errors import AuditError, Unreachable
from audit.events.bodies import Where
from audit.kube.client import Retries, Transport
from audit.kube.fence import Fence
from audit.kube.request import Reply, Request


def test_a_namespace_that_is_gone_takes_its_events_with_it(cluster: EmbeddedCluster, transport: Transport) -> None:
    trial = Trial(transport)
    trial.run(trial.changing(), *pods("a"), *pods("b", namespace="deleted"))
    assert reasons(cluster) == ["ViolationFound a"]
    assert trial.counts == {("ViolationFound", "written"): 1, ("ViolationFound", "gone"): 1}


def test_a_namespace_that_is_being_deleted_is_no_matter_of_rights(transport: Transport) -> None:
    said = (
        b'{"kind": "Status", "reason": "Forbidden", "message": "events \\"a.1\\" is forbidden: unable to create new '
        b'content in namespace ns because it is being terminated"}'
    )
    trial = Trial(Refusing(transport, 403, said))
    trial.run(trial.changing(), *pods("a"))
    assert trial.counts == {("ViolationFound", "gone"): 1}


def test_a_namespace_for_all_events_that_is_not_there_is_an_error(transport: Transport) -> None:
    trial = Trial(transport, where=Where("missing", False))
    with pytest.raises(AuditError, match=r'^1 of 1 Event could not be written: .*namespaces "missing" not found'):
        trial.run(trial.emitting(), *pods("a"))


@dataclass(frozen=True)
class Refusing:
    """Carries reads only; whatever would be written is refused in these words."""

    transport: Transport
    status: int
    body: bytes

    def exchange(self, request: Request) -> Reply:
        return Reply(self.status, {}, self.body)


def test_without_the_right_one_request_for_each_namespace_is_made_and_the_right_is_named(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    cluster.denied.append(Rule(verbs=("create",), resources=("events",), namespaces=("ns",)))
    trial = Trial(transport, parallel=1)
    with pytest.raises(AuditError) as raised:
        trial.run(trial.changing(), *pods(*"abcdef"), *pods("z", namespace="other"))
    assert reasons(cluster) == ["ViolationFound z"]
    assert [asked.status for asked in cluster.asked] == [403, 201]
    assert raised.value.reason == "Forbidden"
    text = str(raised.value)
    assert text.startswith("6 of 7 Events could not be written: POST /apis/events.k8s.io/v1/namespaces/ns/events: 403")
    assert 'cannot create resource "events" in API group "events.k8s.io" in the namespace "ns"' in text
    assert text.endswith("manifests/optional/events.yaml")
    assert trial.counts == {("ViolationFound", "written"): 1, ("ViolationFound", "failed"): 6}


def test_what_could_only_be_counted_is_counted_without_the_right_to_make_new_ones(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport, parallel=1)
    sink = trial.emitting()
    trial.run(sink, *pods("a"))
    cluster.denied.append(Rule(verbs=("create",), resources=("events",)))
    with pytest.raises(AuditError, match=r"^1 of 2 Events"):
        trial.run(sink, *pods("a", "b"))
    assert counts(cluster) == {"a": 2}


def test_a_server_that_asks_to_wait_is_asked_again(cluster: EmbeddedCluster, transport: Transport) -> None:
    cluster.faults.append(Fault("*/events", "POST", status=429, retry_after=1, times=2))
    trial = Trial(transport)
    trial.run(trial.changing(), *pods("a", "b"))
    assert len(stored(cluster)) == 2


def test_a_server_that_asks_to_wait_for_longer_than_there_is_time_holds_up_nothing(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    cluster.faults.append(Fault("*/events", "POST", status=429, retry_after=120, times=None))
    trial = Trial(transport, parallel=1)
    with pytest.raises(AuditError, match=r"^9 of 9 Events could not be written: .* 429 TooManyRequests") as raised:
        trial.run(trial.changing(), *pods(*"abcdefghi"))
    assert raised.value.reason == "TooManyRequests"
    assert len(cluster.asked) == 3


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_that_fails_is_asked_again_and_after_three_events_no_more(
    status: int, cluster: EmbeddedCluster, transport: Transport
) -> None:
    cluster.faults.append(Fault("*/events", "POST", status=status, times=None))
    trial = Trial(transport, parallel=1, retries=Retries(attempts=2))
    with pytest.raises(AuditError, match=f"^9 of 9 Events could not be written: .* {status} "):
        trial.run(trial.changing(), *pods(*"abcdefghi"))
    assert len(cluster.asked) == 3 * 2
    assert trial.counts == {("ViolationFound", "failed"): 9}


def test_a_server_that_fails_once_is_got_over(cluster: EmbeddedCluster, transport: Transport) -> None:
    cluster.faults.append(Fault("*/events", "POST", status=500))
    trial = Trial(transport, parallel=1)
    trial.run(trial.changing(), *pods("a"))
    assert len(stored(cluster)) == 1


def test_an_event_whose_reply_was_lost_is_there_once(cluster: EmbeddedCluster, transport: Transport) -> None:
    cluster.faults.append(Fault("*/events", "POST", cut=0))
    trial = Trial(transport, parallel=1)
    trial.run(trial.changing(), *pods("a"))
    assert [asked.status for asked in cluster.asked] == [0, 409]
    assert len(stored(cluster)) == 1
    assert trial.counts == {("ViolationFound", "written"): 1}


def test_an_event_that_is_refused_alone_keeps_no_other_one_back(cluster: EmbeddedCluster, transport: Transport) -> None:
    cluster.faults.append(Fault("*/events", "POST", status=422, times=5))
    trial = Trial(transport, parallel=1)
    with pytest.raises(AuditError, match=r"^5 of 9 Events"):
        trial.run(trial.changing(), *pods(*"abcdefghi"))
    assert len(stored(cluster)) == 4


@dataclass
class Silent:
    """Brings no reply at all."""

    asked: int = 0

    def exchange(self, request: Request) -> Reply:
        self.asked += 1
        raise Unreachable(f"{request}: timed out", reason="Timeout")


def test_a_server_that_replies_no_more_is_not_waited_for_with_each_event() -> None:
    silent = Silent()
    trial = Trial(silent, parallel=1, retries=Retries(attempts=2))
    with pytest.raises(AuditError, match=r"^1000 of 1000 Events could not be written") as raised:
        trial.run(trial.changing(), *(violation(ONE, f"p{number}") for number in range(1000)))
    assert silent.asked == 3 * 2
    assert raised.value.reason == "Timeout"


def test_there_is_a_time_for_all_events_of_a_run_and_what_is_late_is_counted(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport, within=0.0)
    trial.run(trial.emitting(), *pods("a", "b"))
    assert cluster.asked == []
    assert trial.counts == {("AuditViolation", "late"): 2}


@dataclass
class Slow:
    """Takes every Event but the last one of a minute that goes by."""

    trial: Trial
    written: int = 0

    def exchange(self, request: Request) -> Reply:
        self.trial.time += 10
        if self.trial.time > self.trial.begun + self.trial.within:
            raise Unreachable(f"{request}: timed out", reason="Timeout")
        self.written += 1
        return Reply(201, {}, request.body or b"")


def test_a_server_that_is_slow_is_not_one_that_fails(transport: Transport) -> None:
    trial = Trial(transport, within=55.0, parallel=1)
    slow = trial.transport = Slow(trial)
    trial.run(trial.changing(), *pods(*"abcdefghi"))
    assert slow.written == 5
    assert trial.counts == {("ViolationFound", "written"): 5, ("ViolationFound", "late"): 4}


def test_a_process_that_is_told_to_leave_writes_no_more(cluster: EmbeddedCluster, transport: Transport) -> None:
    trial = Trial(transport, stopped=True)
    trial.run(trial.changing(), *pods("a"))
    assert cluster.asked == []
    assert trial.counts == {("ViolationFound", "late"): 1}


def test_a_replica_that_leads_no_more_writes_none(cluster: EmbeddedCluster, transport: Transport) -> None:
    trial = Trial(Fence(transport, lambda: False))
    with pytest.raises(AuditError) as raised:
        trial.run(trial.changing(), *pods(*"abc"))
    assert raised.value.reason == "NotLeader"
    assert cluster.asked == []


def test_hostile_names_and_messages_are_taken(cluster: EmbeddedCluster, transport: Transport) -> None:
    odd = [
        violation(ONE, "system:controller:ttl", namespace=""),
        violation(ONE, "half", message="\ud800 and \x00"),
        violation(ONE, "long" * 63, message="ü" * 100_000),
        violation(ONE, "Größe"),
    ]
    for kind in ("emitting", "changing"):
        trial = Trial(transport)
        trial.run(getattr(trial, kind)(), *odd)
    found = stored(cluster)
    assert len(found) == 8
    assert all(len(event["message"].encode()) <= 1024 for event in found)
    assert all(re.fullmatch(r"[a-z0-9][-a-z0-9.]{0,251}[a-z0-9]", event["metadata"]["name"]) for event in found)
