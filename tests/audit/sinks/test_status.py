"""What is written into a constraint's status."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from builders import POD, constraint, pods, record, settled, summary, unlisted, violation

from audit.aggregate import Summary
from audit.errors import AuditError, ServerError, TooLarge, Unreachable
from audit.kube.patch import Subject
from audit.ledger import NO_CHANGES
from audit.model import ConstraintRecord, Outcome
from audit.sinks.status import StatusSink
from constraints import Cause, Gap, PolicyError


@dataclass
class Cluster:
    """Takes patches of `most` entries; refuses those for the names in `refuses`, and has no reply for those in
    `dead`.
    """

    refuses: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)  # kinds
    most: int = 1000
    tries: int = 0
    patches: dict[str, Any] = field(default_factory=dict)

    def write(self, target: Subject, body: Any) -> None:
        self.tries += 1
        if target.resource.kind.kind in self.dead:
            raise Unreachable("PATCH: no reply in time", reason="Timeout")
        if target.name in self.refuses:
            raise ServerError(f"PATCH {target.resource.plural}/{target.name}/status: 500", status=500)
        if len(body["status"].get("violations") or ()) > self.most:
            raise TooLarge("etcdserver: request is too large", status=500)
        self.patches[target.name] = body["status"]


def written(run: Summary) -> dict[str, Any]:
    cluster = Cluster()
    StatusSink(cluster.write).finish(settled(run), NO_CHANGES)
    return cluster.patches


def test_a_clean_constraint_gets_a_zero_and_no_list() -> None:
    patch = written(summary(record(constraint())))["one"]
    assert patch == {
        "auditTimestamp": "2026-11-20T23:17:21Z",
        "totalViolations": 0,
        "violations": None,
        "violationsTruncated": None,
        "auditGaps": None,
    }


def test_kept_violations_are_the_smallest_and_listed_in_descending_order() -> None:
    one = record(constraint())
    found = [violation(one.constraint, name) for name in ("c", "a", "d", "b")]
    patch = written(summary(one, limit=2, found=found))["one"]
    assert (patch["totalViolations"], [v["name"] for v in patch["violations"]]) == (4, ["b", "a"])


def test_an_entry_has_the_fields_of_gatekeepers() -> None:
    one = record(constraint())
    assert written(summary(one, found=[violation(one.constraint, "p")]))["one"]["violations"] == [
        {
            "group": "",
            "version": "v1",
            "kind": "Pod",
            "namespace": "ns",
            "name": "p",
            "message": "p is wrong",
            "enforcementAction": "deny",
        }
    ]


def test_a_scoped_constraint_lists_its_actions() -> None:
    one = record(constraint(action="scoped", actions=("deny", "warn")))
    found = [violation(one.constraint, actions=("deny", "warn"))]
    (entry,) = written(summary(one, found=found))["one"]["violations"]
    assert (entry["enforcementAction"], entry["enforcementActions"]) == ("scoped", ["deny", "warn"])


def test_long_messages_are_cut_between_characters() -> None:
    one = record(constraint())
    (entry,) = written(summary(one, found=[violation(one.constraint, message="ä" * 200)]))["one"]["violations"]
    assert entry["message"] == "ä" * 126 + "..."


def test_what_could_not_be_audited_is_said_and_the_last_results_stay() -> None:
    old = [
        {
            "group": "",
            "version": "v1",
            "kind": "Pod",
            "namespace": "ns",
            "name": "old",
            "message": "m",
            "enforcementAction": "deny",
        }
    ]
    one = record(constraint(kinds=pods()), totalViolations=1, violations=old)
    patch = written(summary(one, gaps=(unlisted(POD),)))["one"]
    assert (patch["totalViolations"], patch["violations"]) == (1, old)
    assert patch["auditGaps"] == [
        {
            "cause": "list",
            "reason": "Forbidden",
            "group": "",
            "version": "v1",
            "kind": "Pod",
            "count": 1,
            "message": "v1/Pod: could not be listed",
        }
    ]


def test_gaps_that_are_alike_are_counted() -> None:
    one = record(constraint())
    gaps = [Gap(Cause.EVALUATION, "Failed", f"pod {n}", POD, policy="K8sTest/one") for n in range(500)]
    (entry,) = written(summary(one, gaps=tuple(gaps)))["one"]["auditGaps"]
    assert (entry["count"], entry["message"]) == (500, "pod 0")


def test_a_constraint_that_is_not_enforced_keeps_its_results_and_says_why() -> None:
    good = record(constraint())
    broken = ConstraintRecord(good.obj, None, good.resource, (PolicyError("field spec.enforcementAction: 'dney'"),))
    patch = written(summary(broken))["one"]
    assert set(patch) == {"auditTimestamp", "auditGaps"}
    assert patch["auditGaps"][0]["message"] == "field spec.enforcementAction: 'dney'"


def test_an_interrupted_run_writes_nothing() -> None:
    assert written(summary(record(constraint()), cut=Outcome.INTERRUPTED)) == {}


def test_one_refused_status_does_not_keep_the_others_from_being_written() -> None:
    cluster = Cluster(refuses={"two"})
    run = summary(*(record(constraint(name)) for name in ("one", "two", "three")))
    with pytest.raises(AuditError, match="1 statuses could not be written: K8sTest/two: PATCH k8stest/two/status: 500"):
        StatusSink(cluster.write).finish(settled(run), NO_CHANGES)
    assert sorted(cluster.patches) == ["one", "three"]


@pytest.mark.parametrize(("most", "kept"), [(99, 50), (50, 50), (49, 25), (1, 1), (0, 0)])
def test_a_status_that_is_too_large_is_shortened_until_it_fits_and_says_by_how_much(most: int, kept: int) -> None:
    one = record(constraint())
    run = summary(one, limit=100, found=[violation(one.constraint, f"p{number:03d}") for number in range(200)])
    cluster = Cluster(most=most)
    StatusSink(cluster.write).finish(settled(run), NO_CHANGES)
    patch = cluster.patches["one"]
    assert (patch["totalViolations"], patch["violationsTruncated"]) == (200, 100 - kept)
    assert [entry["name"] for entry in patch["violations"] or ()] == [f"p{n:03d}" for n in reversed(range(kept))]
    assert cluster.tries <= 9


def test_a_status_that_is_too_large_without_any_violation_is_an_error() -> None:
    run = summary(record(constraint()))
    with pytest.raises(AuditError, match="1 statuses could not be written: K8sTest/one: etcdserver: request is too"):
        StatusSink(Cluster(most=-1).write).finish(settled(run), NO_CHANGES)


def of_kinds(*kinds: str) -> Summary:
    return summary(*(record(constraint(f"{kind}-{number}", kind=kind)) for kind in kinds for number in range(5)))


def test_a_kind_whose_statuses_have_no_reply_does_not_hold_up_the_others() -> None:
    cluster = Cluster(dead={"Dead"})
    with pytest.raises(AuditError, match=r"^5 statuses could not be written: .*not tried, for others had no reply"):
        StatusSink(cluster.write, parallel=1).finish(settled(of_kinds("A", "Dead", "B", "C")), NO_CHANGES)
    assert (len(cluster.patches), cluster.tries) == (15, 17)


def test_an_api_server_that_replies_no_more_is_not_waited_for_with_each_status() -> None:
    kinds = [f"Kind{number}" for number in range(8)]
    cluster = Cluster(dead=set(kinds))
    with pytest.raises(AuditError, match=r"^40 statuses could not be written"):
        StatusSink(cluster.write, parallel=1).finish(settled(of_kinds(*kinds)), NO_CHANGES)
    assert cluster.tries == 5
