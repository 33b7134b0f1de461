"""A constraint that was blind does not turn green."""

from __future__ import annotations

from typing import Any

from builders import DEPLOYMENT, POD, constraint, pods, record, summary, unlisted, violation

from audit.carry import Hidden, Memory
from audit.sinks.status import status_entry
from constraints import Kind

BOTH = [*pods("Pod"), *pods("Deployment", group="apps")]


def entries(*names: str, kind: Kind = POD) -> list[dict[str, Any]]:
    one = constraint()
    return [status_entry(violation(one, name, kind)) for name in names]


def test_without_gaps_the_standing_is_what_was_found() -> None:
    one = record(constraint(kinds=pods()), totalViolations=9, violations=entries("old"))
    assert Memory().standing(one, [], summary(one), Hidden(())).total == 0


def test_after_a_restart_the_last_status_is_kept_for_a_kind_that_could_not_be_listed() -> None:
    one = record(constraint(kinds=pods()), totalViolations=2, violations=entries("a", "b"))
    standing = Memory().standing(one, [], summary(one), Hidden((POD,)))
    assert (standing.total, [e["name"] for e in standing.entries]) == (2, ["a", "b"])


def test_a_capped_list_does_not_lower_the_total() -> None:
    one = record(constraint(kinds=pods()), totalViolations=500, violations=entries("a", "b"))
    assert Memory().standing(one, [], summary(one), Hidden((POD,))).total == 500


def test_new_findings_of_visible_kinds_stand_beside_the_old_ones_of_hidden_kinds() -> None:
    one = record(
        constraint(kinds=BOTH), totalViolations=3, violations=entries("a", "b") + entries("d", kind=DEPLOYMENT)
    )
    run = summary(one)
    run.add(violation(one.constraint, "new", DEPLOYMENT))
    standing = Memory().standing(one, entries("new", kind=DEPLOYMENT), run, Hidden((POD,)))
    assert (standing.total, [e["name"] for e in standing.entries]) == (3, ["a", "b", "new"])


def test_what_was_found_again_in_a_half_listed_kind_counts_once() -> None:
    one = record(constraint(kinds=pods()), totalViolations=2, violations=entries("a", "b"))
    run = summary(one)
    run.add(violation(one.constraint, "a"))
    standing = Memory().standing(one, entries("a"), run, Hidden((POD,)))
    assert (standing.total, [e["name"] for e in standing.entries]) == (2, ["a", "b"])


def test_the_memory_of_this_process_is_exact_per_kind() -> None:
    one = record(constraint(kinds=BOTH), totalViolations=90, violations=entries("a"))
    memory, whole = Memory(), summary(one)
    for number in range(40):
        whole.add(violation(one.constraint, f"p{number}", POD))
    for number in range(50):
        whole.add(violation(one.constraint, f"d{number}", DEPLOYMENT))
    memory.learn(whole)
    blind = summary(one)
    blind.gaps.append(unlisted(POD))
    blind.add(violation(one.constraint, "d1", DEPLOYMENT))
    assert memory.standing(one, [], blind, Hidden((POD,))).total == 41


def test_two_blind_runs_in_a_row_remember_what_was_seen_before_both() -> None:
    one = record(constraint(kinds=pods()), totalViolations=7)
    memory, whole = Memory(), summary(one)
    for number in range(7):
        whole.add(violation(one.constraint, f"p{number}"))
    memory.learn(whole)
    for _ in range(2):
        blind = summary(one)
        blind.gaps.append(unlisted(POD))
        memory.learn(blind)
    assert memory.standing(one, [], blind, Hidden((POD,))).total == 7


def test_a_constraint_of_which_nothing_was_ever_known_has_no_total_rather_than_zero() -> None:
    one = record(constraint(kinds=pods()))
    assert Memory().standing(one, [], summary(one), Hidden((POD,))).total is None


def test_a_hidden_group_hides_all_its_kinds() -> None:
    hidden = Hidden.of([unlisted(Kind("apps", "v1", ""))])
    assert (DEPLOYMENT in hidden, POD in hidden) == (True, False)


def test_a_constraint_that_was_made_anew_under_the_same_name_inherits_nothing() -> None:
    first, second = (record(constraint(kinds=pods(), uid=uid)) for uid in ("u1", "u2"))
    memory, whole = Memory(), summary(first)
    whole.add(violation(first.constraint))
    memory.learn(whole)
    assert memory.standing(first, [], summary(first), Hidden((POD,))).total == 1
    assert memory.standing(second, [], summary(second), Hidden((POD,))).total is None
