"""Exact totals, and the right violations kept."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from builders import DEPLOYMENT, POD, SERVICE, constraint, pods, record, summary, unlisted, violation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.aggregate import NAMESPACES_NAMED, Totals, concerns, sort_key
from audit.model import KindEnd, Resource
from audit.verdicts import Reviewed, Seconds, Verdict
from constraints import Cause, Gap, Kind, ObjectRef


def test_totals_are_exact_beyond_the_limit() -> None:
    one = constraint()
    result = summary(limit=3, found=[violation(one, f"p{number}") for number in range(1000)])
    assert (result.totals[one.key], len(result.first(one.key))) == (1000, 3)


def test_the_smallest_are_kept_whatever_the_order_of_arrival() -> None:
    one, names = constraint(), [f"p{number:03d}" for number in range(200)]
    result = summary(limit=5, found=[violation(one, name) for name in random.Random(7).sample(names, len(names))])
    assert [v.object.name for v in result.first(one.key)] == names[:5]


def test_equal_violations_are_all_kept_and_counted() -> None:
    one = constraint()
    result = summary(limit=5, found=[violation(one, "same") for _ in range(3)])
    assert (result.totals[one.key], len(result.first(one.key))) == (3, 3)


def test_a_limit_of_zero_keeps_nothing_and_counts_all() -> None:
    one = constraint()
    result = summary(limit=0, found=[violation(one)])
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
    one = constraint()
    assert summary(found=[violation(one, error=True)]).errors == {one.key: 1}


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
    made = Totals(20)
    for number in range(1000):
        for policy in ("K8sA/a", "K8sB/b"):
            for _ in range(2):
                name = f"n{number}"
                made.add(number, Gap(Cause.NAMESPACE, "NamespaceUnknown", name, policy=policy, namespace=name))
    gaps = made.on(summary()).gaps
    of_one = [gap for gap in gaps if gap.policy == "K8sA/a"]
    assert [gap.namespace for gap in of_one] == [*(f"n{number}" for number in range(NAMESPACES_NAMED)), ""]
    assert of_one[-1].message == "n20; and so are more than 20 others"
    assert len(gaps) == 2 * len(of_one)


NAMES = st.sampled_from(["a", "b", "c"])
CONSTRAINTS = {name: constraint(name) for name in "abc"}
SECONDS = st.integers(0, 8).map(lambda eighths: eighths / 8)  # what floats add up to exactly, in any order


@st.composite
def gaps(draw: st.DrawFn) -> Gap:
    policy, namespace = f"K8sTest/{draw(NAMES)}", f"n{draw(st.integers(0, 2 * NAMESPACES_NAMED))}"
    if draw(st.booleans()):
        return Gap(Cause.NAMESPACE, "NamespaceUnknown", draw(NAMES), policy=policy, namespace=namespace)
    return Gap(Cause.EVALUATION, "EvaluationFailed", draw(NAMES), POD, policy=policy)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    found = [
        violation(CONSTRAINTS[draw(NAMES)], draw(NAMES), namespace=draw(NAMES), message=draw(NAMES), error=error)
        for error in draw(st.lists(st.booleans(), max_size=3))
    ]
    matched = tuple(f"K8sTest/{name}" for name in draw(st.sets(NAMES)))
    return Verdict(ObjectRef(POD, "ns", "p"), None, matched, tuple(found), tuple(draw(st.lists(gaps(), max_size=2))))


@st.composite
def results(draw: st.DrawFn) -> Reviewed | Gap | KindEnd:
    kind = draw(st.sampled_from([POD, SERVICE]))
    if draw(st.booleans()):
        return draw(st.one_of(gaps(), st.builds(KindEnd, st.just(Resource(kind, "x", True)), SECONDS, st.just(1))))
    found, late = draw(st.lists(verdicts(), max_size=4)), draw(st.sets(NAMES))
    unfinished = tuple(Gap(Cause.EVALUATION, "EvaluationTimeout", "late", policy=name) for name in late)
    return Reviewed(kind, tuple(found), 5, 1, unfinished, Seconds(draw(SECONDS), draw(SECONDS), draw(SECONDS)))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(results(), max_size=30), st.randoms(use_true_random=False), st.integers(0, 3))
def test_what_a_run_adds_up_to_does_not_depend_on_order_and_grouping(
    items: list[Reviewed | Gap | KindEnd], random: random.Random, limit: int
) -> None:
    """The same as when all is added in order, whoever adds which part, and however the parts are added up."""
    in_order, parts = Totals(limit), [Totals(limit) for _ in range(random.randint(1, 5))]
    for number, item in enumerate(items):
        in_order.add(number, item)
    for number, item in random.sample(list(enumerate(items)), len(items)):
        random.choice(parts).add(number, item)
    while len(parts) > 1:
        last = parts.pop(random.randrange(len(parts)))
        random.choice(parts).merge(last)
    assert parts[0].on(summary()) == in_order.on(summary())


def test_passes_are_counted_exactly() -> None:
    totals, one = Totals(20), CONSTRAINTS["a"]
    clean = Verdict(ObjectRef(POD, "ns", "p"), None, ("K8sTest/a", "K8sTest/b"))
    broken = violation(one)
    for number in range(3):
        totals.add(number, Reviewed(POD, (clean, Verdict(broken.object, None, (one.key, "K8sTest/c"), (broken,)))))
    assert totals.on(summary()).passes == Counter({"K8sTest/a": 3, "K8sTest/b": 3, "K8sTest/c": 3})
