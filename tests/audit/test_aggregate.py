"""Exact totals, and the right violations kept."""

from __future__ import annotations

import random

import pytest
from builders import DEPLOYMENT, POD, SERVICE, constraint, pods, record, summary, unlisted, violation

from audit.aggregate import NAMESPACES_NAMED, concerns, sort_key
from constraints import Cause, Gap, Kind


def test_totals_are_exact_beyond_the_limit() -> None:
    one, result = constraint(), summary(limit=3)
    for number in range(1000):
        result.add(violation(one, f"p{number}"))
    assert (result.totals[one.key], len(result.first(one.key))) == (1000, 3)


def test_the_smallest_are_kept_whatever_the_order_of_arrival() -> None:
    one, result = constraint(), summary(limit=5)
    names = [f"p{number:03d}" for number in range(200)]
    for name in random.Random(7).sample(names, len(names)):
        result.add(violation(one, name))
    assert [v.object.name for v in result.first(one.key)] == names[:5]


def test_equal_violations_are_all_kept_and_counted() -> None:
    one, result = constraint(), summary(limit=5)
    for _ in range(3):
        result.add(violation(one, "same"))
    assert (result.totals[one.key], len(result.first(one.key))) == (3, 3)


def test_a_limit_of_zero_keeps_nothing_and_counts_all() -> None:
    one, result = constraint(), summary(limit=0)
    result.add(violation(one))
    assert (result.totals[one.key], result.first(one.key)) == (1, [])


def test_the_order_is_group_version_kind_namespace_name_message_action() -> None:
    one = constraint()
    ranked = [
        violation(one, "b", POD),
        violation(one, "a", SERVICE),
        violation(one, "a", SERVICE, message="b"),
        violation(one, "a", DEPLOYMENT),
    ]
    shuffled = [ranked[2], ranked[0], ranked[3], ranked[1]]
    assert sorted(shuffled, key=sort_key) == ranked


def test_the_order_is_that_of_utf8_bytes_not_of_utf16() -> None:
    one = constraint()
    assert sort_key(violation(one, message="\uff5e")) < sort_key(violation(one, message="\U00010000"))


def test_failed_evaluations_are_counted_by_constraint() -> None:
    one, result = constraint(), summary()
    result.add(violation(one, error=True))
    assert result.errors == {one.key: 1}


@pytest.mark.parametrize(
    ("gap", "concerned"),
    [
        pytest.param(unlisted(POD), True, id="its kind could not be listed"),
        pytest.param(unlisted(SERVICE), False, id="another kind could not be listed"),
        pytest.param(
            Gap(Cause.DISCOVERY, "Stale", "", Kind("", "v1", "")), True, id="its group could not be discovered"
        ),
        pytest.param(Gap(Cause.DISCOVERY, "Stale", "", Kind("apps", "v1", "")), False, id="another group"),
        pytest.param(Gap(Cause.EVALUATION, "Failed", "", POD, policy="K8sTest/one"), True, id="it failed on an object"),
        pytest.param(Gap(Cause.EVALUATION, "Failed", "", POD, policy="K8sTest/two"), False, id="another one failed"),
        pytest.param(Gap(Cause.TEMPLATE, "CompileError", "", policy="K8sTest"), True, id="its template is broken"),
        pytest.param(Gap(Cause.SINK, "OSError", ""), False, id="a sink failed"),
    ],
)
def test_a_gap_concerns_the_constraints_whose_results_it_may_hide(gap: Gap, concerned: bool) -> None:
    assert concerns(gap, constraint(kinds=pods("Pod"))) is concerned


def test_a_constraint_that_is_not_enforced_here_has_no_gaps_of_listing() -> None:
    assert not concerns(unlisted(POD), constraint(action="scoped", actions=()))


def test_the_constraints_of_a_summary_are_those_that_can_be_enforced() -> None:
    one = record(constraint())
    assert summary(one).constraints == (one.constraint,)


def test_a_namespace_that_is_not_known_counts_once_for_each_policy_and_many_are_one_gap() -> None:
    made = summary()
    for number in range(1000):
        for policy in ("K8sA/a", "K8sB/b"):
            for _ in range(2):
                made.note(Gap(Cause.NAMESPACE, "NamespaceUnknown", f"n{number}", policy=policy, namespace=f"n{number}"))
    of_one = [gap for gap in made.gaps if gap.policy == "K8sA/a"]
    assert [gap.namespace for gap in of_one] == [*(f"n{number}" for number in range(NAMESPACES_NAMED)), ""]
    assert of_one[-1].message == "n20; and so are more than 20 others"
    assert len(made.gaps) == 2 * len(of_one)
