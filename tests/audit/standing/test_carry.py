"""A constraint that was blind does not turn green."""

from __future__ import annotations

from typing import Any

import pytest
from builders import DEPLOYMENT, POD, constraint, pods, record, summary, unlisted, violation

from audit.fields import status_entry
from audit.model import ConstraintRecord, Standing
from audit.standing.carry import Memory
from constraints import Cause, Gap, Kind, ObjectRef, PolicyError

BOTH = [*pods("Pod"), *pods("Deployment", group="apps")]
NAME = "K8sTest/one"


def entries(*names: str, kind: Kind = POD, namespace: str = "ns") -> list[dict[str, Any]]:
    one = constraint()
    return [status_entry(violation(one, name, kind, namespace=namespace)) for name in names]


def failed(name: str, namespace: str = "ns") -> Gap:
    """The policy could not be evaluated for one Pod."""
    return Gap(Cause.EVALUATION, "Failed", "", POD, ObjectRef(POD, namespace, name), NAME)


def after(memory: Memory, one: ConstraintRecord, *gaps: Gap, found: Any = (), limit: int = 20) -> Standing:
    """What the constraint comes to after a run with these gaps; `found` are (name, kind, namespace)."""
    assert one.constraint is not None
    of = one.constraint
    violations = [violation(of, name, kind, namespace=namespace) for name, kind, namespace in found]
    return memory.settle(summary(one, limit=limit, found=violations, gaps=gaps))[one.key]


def many(count: int, kind: Kind = POD, namespace: str = "ns") -> list[tuple[str, Kind, str]]:
    return [(f"{kind.kind.lower()}{number:03}", kind, namespace) for number in range(count)]


def names(standing: Standing) -> list[str]:
    return [entry["name"] for entry in standing.entries]


def test_without_gaps_the_standing_is_what_was_found() -> None:
    one = record(constraint(kinds=pods()), totalViolations=9, violations=entries("old"))
    assert after(Memory(), one) == Standing(0, ())


def test_after_a_restart_the_last_status_is_kept_for_a_kind_that_could_not_be_listed() -> None:
    one = record(constraint(kinds=pods()), totalViolations=2, violations=entries("a", "b"))
    standing = after(Memory(), one, unlisted(POD))
    assert (standing.total, names(standing), standing.stale) == (2, ["a", "b"], True)


def test_a_capped_list_does_not_lower_the_total() -> None:
    one = record(constraint(kinds=pods()), totalViolations=500, violations=entries("a", "b"))
    assert after(Memory(), one, unlisted(POD)).total == 500


def test_new_findings_of_visible_kinds_stand_beside_the_old_ones_of_hidden_kinds() -> None:
    one = record(
        constraint(kinds=BOTH), totalViolations=3, violations=entries("a", "b") + entries("d", kind=DEPLOYMENT)
    )
    standing = after(Memory(), one, unlisted(POD), found=[("new", DEPLOYMENT, "ns")])
    assert (standing.total, names(standing)) == (3, ["a", "b", "new"])


def test_what_was_found_again_in_a_half_listed_kind_counts_once() -> None:
    one = record(constraint(kinds=pods()), totalViolations=2, violations=entries("a", "b"))
    standing = after(Memory(), one, unlisted(POD), found=[("a", POD, "ns")])
    assert (standing.total, names(standing)) == (2, ["a", "b"])


def test_what_may_have_been_found_behind_the_end_of_a_cut_list_is_not_counted_twice() -> None:
    one = record(constraint(kinds=pods()), totalViolations=1, violations=entries("pod004"))
    assert after(Memory(), one, unlisted(POD), found=many(5), limit=2).total == 5


def test_the_memory_of_this_process_is_exact_per_kind() -> None:
    one = record(constraint(kinds=BOTH), totalViolations=90, violations=entries("a"))
    memory = Memory()
    after(memory, one, found=[*many(40), *many(50, DEPLOYMENT)])
    assert after(memory, one, unlisted(POD), found=many(1, DEPLOYMENT)).total == 41


def test_a_kind_that_had_none_hides_none_even_where_the_last_list_was_cut() -> None:
    one = record(constraint(kinds=BOTH), totalViolations=50, violations=entries("a", kind=DEPLOYMENT))
    memory = Memory()
    after(memory, one, found=many(50, DEPLOYMENT))
    assert after(memory, one, unlisted(POD), found=many(10, DEPLOYMENT)).total == 10


def test_the_memory_is_exact_per_namespace() -> None:
    one = record(constraint(), totalViolations=70, violations=entries("a"))
    memory = Memory()
    after(memory, one, found=[*many(40, namespace="shop"), *many(30, namespace="other")])
    gap = Gap(Cause.NAMESPACE, "NamespaceUnknown", "", policy=NAME, namespace="shop")
    assert after(memory, one, gap, found=many(1, namespace="other")).total == 41


def test_two_blind_runs_in_a_row_remember_what_was_seen_before_both() -> None:
    one = record(constraint(kinds=pods()), totalViolations=7)
    memory = Memory()
    after(memory, one, found=many(7))
    assert [after(memory, one, unlisted(POD)).total for _ in range(2)] == [7, 7]


def test_a_constraint_of_which_nothing_was_ever_known_has_no_total_rather_than_zero() -> None:
    assert after(Memory(), record(constraint(kinds=pods())), unlisted(POD)).total is None


def test_an_object_whose_evaluation_failed_keeps_its_violation_and_the_others_are_of_this_run() -> None:
    one = record(constraint(), totalViolations=3, violations=entries("a", "b", "c"))
    memory = Memory()
    after(memory, one, found=[(name, POD, "ns") for name in "abc"])
    standing = after(memory, one, failed("b"), found=[("d", POD, "ns")])
    assert (standing.total, names(standing)) == (2, ["b", "d"])


def test_an_object_that_had_no_violation_and_is_hidden_has_none() -> None:
    one = record(constraint(), totalViolations=0)
    assert after(Memory(), one, failed("b")) == Standing(0, (), stale=True)


def test_a_namespace_that_is_not_known_keeps_what_it_had_also_after_a_restart() -> None:
    old = entries("a", namespace="shop") + entries("b", namespace="other")
    one = record(constraint(), totalViolations=2, violations=old)
    gap = Gap(Cause.NAMESPACE, "NamespaceUnknown", "", policy=NAME, namespace="shop")
    standing = after(Memory(), one, gap)
    assert (standing.total, names(standing)) == (1, ["a"])


def test_a_constraint_made_anew_has_nothing_of_its_predecessor() -> None:
    memory, first = Memory(), record(constraint(kinds=pods()), totalViolations=7)
    first.obj["metadata"]["uid"] = "first"
    after(memory, first, found=many(7))
    second = record(constraint(kinds=pods()))
    second.obj["metadata"]["uid"] = "second"
    assert after(memory, second, unlisted(POD)).total is None


def test_a_constraint_that_is_not_enforced_has_what_its_status_says() -> None:
    good = record(constraint(), totalViolations=2, violations=entries("b", "a"))
    broken = ConstraintRecord(good.obj, None, good.resource, (PolicyError("broken"),))
    standing = Memory().settle(summary(broken))[NAME]
    assert (standing.total, names(standing), standing.stale) == (2, ["a", "b"], True)


@pytest.mark.parametrize("status", [{"violations": 7}, {"violations": [7, None]}, {"totalViolations": "many"}, {}])
def test_a_strange_status_is_no_status(status: Any) -> None:
    assert after(Memory(), record(constraint(), **status), unlisted(POD)).total is None
