"""Kubernetes Events as the embedded API server has them in the end, and what becomes of those that it does not take."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from builders import POD, constraint, page, record, settled, summary, unlisted, violation

from audit.aggregate import KindStats
from audit.embedded import EmbeddedCluster
from audit.embedded.access import Rule
from audit.embedded.faults import Fault
from audit.errors import AuditError, Unreachable
from audit.events.bodies import Where
from audit.events.telling import Telling
from audit.events.writing import EventWriter
from audit.fields import status_entry
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock, Retries, Transport
from audit.kube.fence import Fence
from audit.kube.request import Reply, Request
from audit.ledger import NO_CHANGES, Ledger
from audit.model import Outcome, RunInfo
from audit.sinks.events import AuditEvents, ChangeEvents
from constraints import Constraint, Kind, Violation

EVENT = Kind("", "v1", "Event")
ONE = constraint("one")
OURS, PATIENT = Where("default", False), Retries()


@pytest.fixture
def transport(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Transport]:
    """A connection to the embedded cluster, which has two more namespaces."""
    cluster.load({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("ns", "other"))
    connection = connect(Access(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig"))))
    yield connection
    connection.close()


@dataclass
class Trial:
    """Runs whose violations are told by one sink; `time` is what its clocks say."""

    transport: Transport
    limit: int = 0
    within: float = 30.0
    where: Where = OURS
    retries: Retries = PATIENT
    stopped: bool = False
    parallel: int = 8
    time: float = 1_795_216_641.0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    ledger: Ledger = field(default_factory=Ledger)
    begun: float = 0.0

    def telling(self) -> Telling:
        clock = Clock(lambda: self.time, lambda: self.time, sleep=lambda seconds: None)
        writer = EventWriter(
            Client(self.transport, retries=self.retries, clock=clock),
            lambda: self.stopped,
            self.where.namespace,
            self.within,
            self.parallel,
            elapsed=lambda: self.time,
        )
        return Telling(writer, self.counted, self.limit, "pod-1", now=lambda: self.time, elapsed=lambda: self.time)

    def counted(self, counts: Mapping[tuple[str, str], int]) -> None:
        self.counts.update(counts)

    def emitting(self) -> AuditEvents:
        return AuditEvents(self.telling(), self.where)

    def changing(self) -> ChangeEvents:
        telling = self.telling()
        return ChangeEvents(replace(telling, writer=replace(telling.writer, home="")))

    def run(self, sink: AuditEvents | ChangeEvents, *found: Violation, **more: Any) -> None:
        """One run, a minute after the last one."""
        self.time += 60
        self.begun = self.time
        info = RunInfo.at(self.time)
        whole = page(*found)
        done = settled(summary(record(ONE), info=info, found=found, **{"kinds": {POD: KindStats(POD)}, **more}))
        self.ledger.start(info)
        sink.start(info)
        self.ledger.page(whole)
        sink.page(whole)
        sink.finish(done, NO_CHANGES if done.cut else self.ledger.end(done))


def stored(cluster: EmbeddedCluster) -> list[Any]:
    return sorted(cluster.objects(EVENT), key=lambda event: str(event["metadata"]["name"]))


def counts(cluster: EmbeddedCluster) -> dict[str, int]:
    return {event["involvedObject"]["name"]: event["count"] for event in stored(cluster)}


def reasons(cluster: EmbeddedCluster) -> list[str]:
    return sorted(f"{event['reason']} {event['involvedObject']['name']}" for event in stored(cluster))


def pods(*names: str, of: Constraint = ONE, **more: Any) -> list[Violation]:
    return [violation(of, name, **more) for name in names]


def test_a_violation_that_is_found_again_is_one_more_in_the_same_event(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport)
    sink = trial.emitting()
    for _ in range(3):
        trial.run(sink, *pods("a"))
    [event] = stored(cluster)
    assert (event["count"], event["reason"], event["metadata"]["namespace"]) == (3, "AuditViolation", "default")
    assert event["firstTimestamp"] == RunInfo.at(trial.time - 120).audit_id
    assert (
        event["lastTimestamp"] == event["metadata"]["annotations"]["auditTimestamp"] == RunInfo.at(trial.time).audit_id
    )
    assert trial.counts == {("AuditViolation", "written"): 3}


def test_what_an_object_may_not_tell_in_its_rate_is_counted(cluster: EmbeddedCluster, transport: Transport) -> None:
    trial = Trial(transport)
    sink = trial.emitting()
    for _ in range(40):
        trial.run(sink, *pods("a"))
    told = counts(cluster)["a"]
    assert 25 + 5 <= told <= 25 + 8  # at once, and one each five minutes
    assert trial.counts == {("AuditViolation", "written"): told, ("AuditViolation", "rate"): 40 - told}


def test_what_one_object_says_in_many_messages_keeps_no_other_one_silent(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport, limit=30, where=Where("default", True))
    sink = trial.emitting()
    loud = [violation(ONE, "loud", message=f"number {number}") for number in range(100)]
    for _ in range(3):
        trial.run(sink, *loud, *pods("quiet"))
    assert "quiet" in counts(cluster)


def test_a_run_writes_no_more_than_its_limit_and_next_those_that_have_waited_longest(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport, limit=2)
    sink = trial.emitting()
    told = []
    for _ in range(4):
        trial.run(sink, *pods("a", "b", "c", "d", "e"))
        told.append(sorted(counts(cluster).items()))
    assert [dict(each) for each in told] == [
        {"a": 1, "b": 1},
        {"a": 1, "b": 1, "c": 1, "d": 1},
        {"a": 2, "b": 1, "c": 1, "d": 1, "e": 1},
        {"a": 2, "b": 2, "c": 2, "d": 1, "e": 1},
    ]
    assert trial.counts == {("AuditViolation", "written"): 8, ("AuditViolation", "limit"): 12}


def test_what_was_held_back_is_said_once_a_run(transport: Transport, caplog: pytest.LogCaptureFixture) -> None:
    trial = Trial(transport, limit=2)
    with caplog.at_level(logging.INFO, "kube_patrol"):
        trial.run(trial.emitting(), *pods("a", "b", "c", "d", "e"))
        trial.run(trial.emitting(), *pods("a"))
    assert [entry.message for entry in caplog.records] == [
        "2 Events were written, 3 were not: AuditViolation limit (3)"
    ]


def test_an_event_that_the_api_server_has_dropped_is_made_again_with_its_count(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport)
    sink = trial.emitting()
    trial.run(sink, *pods("a", "b"))
    [first] = [event for event in stored(cluster) if event["involvedObject"]["name"] == "a"]
    cluster.delete("Event", first["metadata"]["name"], "default")
    trial.run(sink, *pods("a", "b"))
    assert counts(cluster) == {"a": 2, "b": 2}
    assert {event["firstTimestamp"] for event in stored(cluster)} == {first["firstTimestamp"]}


def test_another_process_begins_events_of_its_own(cluster: EmbeddedCluster, transport: Transport) -> None:
    for _ in range(2):
        trial = Trial(transport)
        trial.run(trial.emitting(), *pods("a"))
    assert [event["count"] for event in stored(cluster)] == [1, 1]


def test_violations_that_are_alike_in_everything_have_one_event(cluster: EmbeddedCluster, transport: Transport) -> None:
    trial = Trial(transport)
    trial.run(trial.emitting(), *pods("a", "a"), violation(ONE, "a", message="and more"))
    assert len(stored(cluster)) == 2


def test_a_violation_that_is_gone_and_comes_again_begins_anew(cluster: EmbeddedCluster, transport: Transport) -> None:
    trial = Trial(transport)
    sink = trial.emitting()
    for names in ("a", "", "a"):
        trial.run(sink, *pods(*names))
    assert [event["count"] for event in stored(cluster)] == [1]


@pytest.mark.parametrize("group", ["", "events.k8s.io"])
def test_events_about_events_are_never_written(group: str, cluster: EmbeddedCluster, transport: Transport) -> None:
    kind = Kind(group, "v1", "Event")
    trial = Trial(transport)
    emitting, changing = trial.emitting(), trial.changing()
    found = violation(ONE, "a", kind)
    emitting.start(RunInfo.at(trial.time))
    emitting.page(page(found, kind=kind))
    emitting.finish(summary(record(ONE)), NO_CHANGES)
    trial.run(changing, found)
    assert stored(cluster) == []
    assert trial.counts == {("AuditViolation", "about_event"): 1, ("ViolationFound", "about_event"): 1}


@pytest.mark.parametrize("kind", ["emitting", "changing"])
def test_a_run_that_did_not_come_to_its_end_writes_none(
    kind: str, cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport)
    trial.run(getattr(trial, kind)(), *pods("a"), cut=Outcome.INTERRUPTED)
    assert cluster.asked == []


@pytest.mark.parametrize("kind", ["emitting", "changing"])
def test_a_clean_cluster_is_asked_nothing(kind: str, cluster: EmbeddedCluster, transport: Transport) -> None:
    trial = Trial(transport)
    trial.run(getattr(trial, kind)())
    assert (cluster.asked, trial.counts) == ([], {})


def test_on_change_a_violation_is_told_when_it_appears_and_when_it_is_resolved(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport)
    sink = trial.changing()
    trial.run(sink, *pods("a", "b"))
    trial.run(sink, *pods("a", "b"))
    assert reasons(cluster) == ["ViolationFound a", "ViolationFound b"]
    trial.run(sink, *pods("b", "c"))
    assert reasons(cluster) == [
        "ViolationFound a",
        "ViolationFound b",
        "ViolationFound c",
        "ViolationResolved a",
    ]
    assert {event["metadata"]["namespace"] for event in stored(cluster)} == {"ns"}
    trial.run(sink, *pods("a", "b", "c"))
    assert reasons(cluster).count("ViolationFound a") == 2
    assert trial.counts == {("ViolationFound", "written"): 4, ("ViolationResolved", "written"): 1}


def test_on_change_what_a_kind_that_could_not_be_listed_hides_is_not_resolved(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport)
    sink = trial.changing()
    trial.run(sink, *pods("a"))
    trial.run(sink, gaps=(unlisted(),), kinds={})
    assert reasons(cluster) == ["ViolationFound a"]


def test_on_change_a_run_writes_no_more_than_its_limit_and_counts_the_rest(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport, limit=3)
    sink = trial.changing()
    trial.run(sink, *pods(*"abcde"))
    trial.run(sink)
    assert trial.counts == {
        ("ViolationFound", "written"): 3,
        ("ViolationFound", "limit"): 2,
        ("ViolationResolved", "written"): 3,
        ("ViolationResolved", "limit"): 2,
    }


def test_on_change_a_policy_whose_message_is_never_the_same_is_bounded_by_the_rate_of_the_object(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport)
    sink = trial.changing()
    for number in range(40):
        trial.run(sink, violation(ONE, "a", message=f"at {number}"))
    assert len(stored(cluster)) < 25 + 10
    assert trial.counts.total() == 40 + 39


def test_on_change_a_process_that_starts_does_not_repeat_what_statuses_say(
    cluster: EmbeddedCluster, transport: Transport
) -> None:
    trial = Trial(transport)
    listed = [status_entry(each) for each in pods("a")]
    status = {"auditTimestamp": RunInfo.at(trial.time).audit_id, "violations": listed}
    trial.run(trial.changing(), *pods("a", "b"), records=(record(ONE, totalViolations=1, **status),))
    assert reasons(cluster) == ["ViolationFound b"]
    again = Trial(transport)
    again.run(again.changing(), *pods("a", "b", "c"), records=(record(ONE, totalViolations=2, **status),))
    assert reasons(cluster) == ["ViolationFound b", "ViolationsStanding one"]
    [told] = [event for event in stored(cluster) if event["reason"] == "ViolationsStanding"]
    assert (told["type"], told["metadata"]["namespace"]) == ("Normal", "default")
    assert again.counts == {("ViolationFound", "known"): 3, ("ViolationsStanding", "written"): 1}


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
    with pytest.raises(AuditError, match=r'^1 of 1 Events could not be written: .*namespaces "missing" not found'):
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
