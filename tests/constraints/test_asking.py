"""What comes of asking constraints about one object: violations, and gaps."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from answering import Answering
from canned import Canned, engine, failing, say
from probes import constraint, pod, template

from constraints import Cause, Engine, Gap, Inventory, Kind, Point, PolicyError, Violation
from constraints.asking import Asking, attempt
from constraints.constraint import parse
from constraints.errors import EvaluationError
from constraints.inventory import EMPTY
from constraints.model import Finding, Review
from constraints.review import review_of
from constraints.rules import Rule
from constraints.template import Template
from constraints.timing import OutOfTime, Untimed


def test_a_finding_becomes_a_violation_of_its_constraint() -> None:
    made = engine(
        lambda review, parameters: [Finding(f"no {review['name']}", {"a": 1})], constraint(enforcementAction="warn")
    )
    (found,) = made.review(review_of(pod()))
    assert isinstance(found, Violation)
    assert (found.constraint.key, found.object.name, found.message, found.details) == (
        "Probe/probe",
        "web",
        "no web",
        {"a": 1},
    )
    assert (found.action, found.actions, found.error) == ("warn", (), False)


def test_every_finding_is_a_violation() -> None:
    made = engine(say("x", "x", "y"))
    assert [v.message for v in made.review(review_of(pod()))] == ["x", "x", "y"]


def test_a_scoped_violation_carries_its_actions() -> None:
    scopes = [{"action": action, "enforcementPoints": [{"name": "*"}]} for action in ("warn", "deny")]
    made = engine(say("x"), constraint(enforcementAction="scoped", scopedEnforcementActions=scopes))
    (found,) = made.review(review_of(pod()))
    assert (found.action, found.actions) == ("scoped", ("warn", "deny"))


def test_the_inventory_reaches_the_policy() -> None:
    driver = Canned(say())
    made = Engine(drivers={"Rego": driver})
    made.add_template(template())
    made.add_constraint(constraint())
    inventory = Inventory.of([pod()])
    list(made.review(review_of(pod()), inventory))
    list(made.review(review_of(pod())))
    assert driver.inventories == [inventory, EMPTY]


def test_a_runtime_error_of_the_policy_is_one_violation_without_details() -> None:
    made = engine(failing(EvaluationError("eval_conflict_error: twice", code="eval_conflict_error")))
    (found,) = made.review(review_of(pod()))
    assert (found.message, found.details, found.error) == ("eval_conflict_error: twice", None, True)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RecursionError("maximum recursion depth exceeded"), "RecursionError: maximum recursion depth exceeded"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (PolicyError("violation: msg must be a string, it is 5"), "violation: msg must be a string, it is 5"),
    ],
)
def test_any_other_failure_is_a_gap_and_the_other_constraints_go_on(error: Exception, text: str) -> None:
    def answer(review: Mapping[str, Any], parameters: Any) -> Iterable[Finding]:
        if parameters:
            raise error
        return [Finding("fine")]

    made = Engine(drivers={"Rego": Canned(answer)})
    made.add_template(template(schema={"type": "object", "x-kubernetes-preserve-unknown-fields": True}))
    made.add_constraint(constraint("broken", parameters={"a": 1}))
    made.add_constraint(constraint("whole"))
    gap, violation = made.review(review_of(pod()))
    assert isinstance(gap, Gap)
    assert (gap.cause, gap.reason, gap.policy) == (Cause.EVALUATION, "EvaluationFailed", "Probe/broken")
    assert gap.message == f"constraint Probe/broken could not be evaluated: {text}, for v1/Pod shop/web"
    assert (gap.kind, gap.object) == (Kind("", "v1", "Pod"), review_of(pod()).ref)
    assert violation.message == "fine"


@pytest.mark.parametrize("error", [EvaluationError("eval_conflict_error: twice"), ZeroDivisionError()])
def test_what_fails_for_an_object_keeps_nothing_of_it(error: Exception) -> None:
    def answer(review: Mapping[str, Any], parameters: Any) -> Iterable[Finding]:
        raise type(error)(str(error)) from RecursionError()

    made, review = engine(answer), review_of(pod())
    made.review(review)
    gc.collect()
    gc.disable()  # as in a run
    try:
        for _ in range(10):
            made.review(review)
        assert gc.collect() == 0
    finally:
        gc.enable()


UNDECIDED = constraint(match={"namespaceSelector": {"matchLabels": {"a": "b"}}})


def test_an_unknown_namespace_is_a_gap_for_the_audit() -> None:
    (gap,) = engine(say("x"), UNDECIDED).review(review_of(pod(), lost="no right to get it"))
    assert gap == Gap(
        Cause.NAMESPACE,
        "NamespaceUnknown",
        "constraint Probe/probe: Namespace shop is not known, and its spec.match reads it: no right to get it",
        policy="Probe/probe",
        namespace="shop",
    )


def test_an_unknown_namespace_is_a_violation_for_gator() -> None:
    (found,) = engine(say("x"), UNDECIDED, point=Point.GATOR).review(review_of(pod()))
    assert (found.details, found.error) == (None, True)
    assert found.message == (
        "unable to match constraints: error matching the requested object: web :failed to run Match criteria: "
        "namespace selector for namespace-scoped object but missing Namespace"
    )


def test_an_object_in_an_empty_namespace_is_taken_for_namespaced() -> None:
    cluster_scoped = constraint(match={"scope": "Cluster"})
    asked = engine(say("x"), cluster_scoped)
    assert len(list(asked.review(review_of(pod(namespace=""))))) == 1
    assert len(list(asked.review(review_of(pod(namespace=""), {})))) == 0


@pytest.mark.parametrize(
    "obj", [{}, {"metadata": []}, {"kind": 5, "metadata": {"name": {}, "namespace": 1, "labels": []}}]
)
@pytest.mark.parametrize("point", Point)
def test_an_object_of_any_shape_is_reviewed(obj: Any, point: Point) -> None:
    made = engine(say("x"), constraint("all"), UNDECIDED, point=point)
    assert "x" in [outcome.message for outcome in made.review(review_of(obj))]


def test_whatever_fails_while_one_constraint_is_matched_is_a_gap_and_the_others_go_on() -> None:
    def matches(review: Review) -> bool:
        raise ZeroDivisionError("division by zero")

    def rule(name: str, matches: Callable[[Review], bool]) -> Rule:
        found = parse(constraint(name), Template.parse(template()), Point.AUDIT)
        program = Answering()
        return Rule(found, lambda group, kind: True, matches, program, program.__call__, key=found.key)

    rules = [rule("fine", lambda review: True), rule("strange", matches), rule("last", lambda review: True)]
    first, gap, last = Asking(Point.AUDIT, Untimed()).matching(rules, review_of(pod()))
    assert (first, last) == (rules[0], rules[2])
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.policy) == ("MatchFailed", "Probe/strange")
    assert gap.message == (
        "constraint Probe/strange spec.match cannot be decided: ZeroDivisionError: division by zero, for v1/Pod shop/web"
    )


def test_a_call_gives_what_it_gives_or_what_it_has_raised() -> None:
    assert attempt(divmod, 7, 2) == (3, 1)
    assert isinstance(attempt(divmod, 7, 0), ZeroDivisionError)


@pytest.mark.parametrize("ending", [OutOfTime, KeyboardInterrupt])
def test_what_ends_an_evaluation_or_the_process_goes_on_its_way(ending: type[BaseException]) -> None:
    def end(first: int, second: int) -> None:
        raise ending

    with pytest.raises(ending):
        attempt(end, 1, 2)
