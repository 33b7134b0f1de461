"""The engine follows the cluster's constraints; one in error is a record and a gap, the others go on."""

from __future__ import annotations

from typing import Any

import pytest
from policybuilders import constraint, template

from audit.model import Resource, TemplateRecord
from audit.policies.constraints import ConstraintBook, gaps, resources_of
from audit.policies.reading import Listed
from audit.policies.templates import TEMPLATES
from constraints import Cause, Engine, Kind

TESTS = Resource(Kind("constraints.gatekeeper.sh", "v1beta1", "K8sTest"), "k8stest", False)


def book(*templates: Any) -> tuple[Engine, ConstraintBook]:
    engine = Engine()
    for each in templates or (template(),):
        engine.add_template(each)
    return engine, ConstraintBook(engine)


def listed(*objects: Any) -> list[Listed]:
    return [Listed(TESTS, objects)]


def test_constraints_are_added_once_and_carry_the_newest_status() -> None:
    engine, constraints = book()
    [first] = constraints.update(listed(constraint()), {})
    later = constraint() | {"status": {"totalViolations": 3}}
    later["metadata"] |= {"resourceVersion": "9", "managedFields": []}
    [second] = constraints.update(listed(later), {})
    assert second.constraint is first.constraint is engine.constraints["K8sTest/one"]
    assert (second.obj, second.resource, second.errors) == (later, TESTS, ())


@pytest.mark.parametrize("change", ["spec", "annotations", "uid"])
def test_a_constraint_is_added_again_when_it_changes(change: str) -> None:
    _, constraints = book()
    [first] = constraints.update(listed(constraint()), {})
    changed = constraint(enforcementAction="warn") if change == "spec" else constraint()
    if change != "spec":
        changed["metadata"][change] = {"a": "b"} if change == "annotations" else "uid-2"
    [second] = constraints.update(listed(changed), {})
    assert second.constraint is not None
    assert second.constraint is not first.constraint
    assert second.constraint.action == ("warn" if change == "spec" else "deny")


def test_a_removed_constraint_leaves_the_engine() -> None:
    engine, constraints = book()
    constraints.update(listed(constraint("one"), constraint("two")), {})
    assert [record.key for record in constraints.update(listed(constraint("two")), {})] == ["K8sTest/two"]
    assert list(engine.constraints) == ["K8sTest/two"]


def test_constraints_are_added_again_when_their_template_was() -> None:
    engine, constraints = book()
    constraints.update(listed(constraint()), {})
    engine.add_template(template())
    assert not engine.constraints
    constraints.update(listed(constraint()), {})
    assert list(engine.constraints) == ["K8sTest/one"]


def test_a_constraint_opted_out_of_audit_is_a_record_without_an_error() -> None:
    points = [{"action": "deny", "enforcementPoints": [{"name": "validation.gatekeeper.sh"}]}]
    engine, constraints = book()
    [record] = constraints.update(listed(constraint(enforcementAction="scoped", scopedEnforcementActions=points)), {})
    assert record.constraint is not None
    assert (record.constraint.enforced, record.errors, engine.enforced()) == (False, (), ())


BAD = [
    pytest.param({"enforcementAction": "explode"}, "unrecognized enforcementAction", id="unknown enforcementAction"),
    pytest.param(
        {"match": {"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Near"}]}}},
        "Near",
        id="invalid selector",
    ),
    pytest.param({"parameters": {"x": 1}}, "spec.parameters", id="parameters that the template does not take"),
    pytest.param({"match": {"kinds": "Pod"}}, "spec.match.kinds", id="a field of the wrong type"),
]


@pytest.mark.parametrize(("spec", "words"), BAD)
def test_a_bad_constraint_is_a_gap_and_the_others_go_on(spec: dict[str, Any], words: str) -> None:
    engine, constraints = book()
    [bad, good] = constraints.update(listed(constraint("bad", **spec), constraint("good")), {})
    assert (bad.constraint, good.errors, list(engine.constraints)) == (None, (), ["K8sTest/good"])
    [gap] = gaps(bad)
    assert (gap.cause, gap.policy) == (Cause.CONSTRAINT, "K8sTest/bad")
    assert gap.reason == type(bad.errors[0]).__name__
    assert gap.message.startswith("constraint K8sTest/bad: ")
    assert words in gap.message


def test_a_constraint_that_goes_bad_is_no_longer_enforced() -> None:
    engine, constraints = book()
    constraints.update(listed(constraint()), {})
    [record] = constraints.update(listed(constraint(enforcementAction="explode")), {})
    assert (record.constraint, dict(engine.constraints)) == (None, {})


def test_a_constraint_of_a_missing_template_is_a_gap() -> None:
    _, constraints = book()
    [record] = constraints.update([Listed(TESTS, (constraint(kind="K8sGone"),))], {})
    [gap] = gaps(record)
    assert gap.message == f"constraint {record.errors[0]}"
    assert "K8sGone/one" in gap.message
    assert 'no template defines kind "K8sGone"' in gap.message
    assert (gap.cause, gap.reason, gap.policy) == (Cause.CONSTRAINT, "ConstraintError", "K8sGone/one")


def test_a_constraint_of_a_template_in_error_says_so() -> None:
    _, constraints = book()
    [record] = constraints.update([Listed(TESTS, (constraint(kind="K8sBad"),))], {"K8sBad": "its template is bad"})
    [gap] = gaps(record)
    assert (gap.reason, gap.message) == ("TemplateInError", "constraint K8sBad/one: its template is bad")


def test_an_error_goes_away_when_the_template_comes() -> None:
    engine, constraints = book()
    wanted = listed(constraint(kind="K8sLate"))
    assert constraints.update(wanted, {})[0].errors
    engine.add_template(template("K8sLate"))
    [record] = constraints.update(wanted, {})
    assert (record.errors, record.constraint) == ((), engine.constraints["K8sLate/one"])


def test_constraints_are_where_the_template_says() -> None:
    assert resources_of(TemplateRecord(template(), None, TEMPLATES[0])) == (TESTS,)
    assert resources_of(TemplateRecord(template(spec={"crd": 1}), None, TEMPLATES[0])) == ()
