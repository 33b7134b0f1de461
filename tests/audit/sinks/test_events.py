"""Kubernetes Events as the embedded API server has them in the end."""

from __future__ import annotations

import logging

import pytest
from builders import page, record, summary, unlisted, violation
from eventtrials import ONE, Trial, counts, pods, reasons, stored

from audit.embedded import EmbeddedCluster
from audit.events.bodies import Where
from audit.events.reasons import Fate, Reason, held_back
from audit.fields import status_entry
from audit.kube.client import Transport
from audit.ledger import NO_CHANGES
from audit.model import Outcome, RunInfo
from constraints import Kind


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


def test_one_event_is_told_in_the_singular() -> None:
    fates = {(Reason.AUDITED, Fate.WRITTEN): 1, (Reason.AUDITED, Fate.LIMIT): 1}
    assert held_back(fates) == "1 Event was written, 1 was not: AuditViolation limit (1)"


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
