"""Which results a verdict comes to: outcome, message, what annotations say."""

from __future__ import annotations

from typing import Any

import pytest
from builders import POD, constraint, record

from audit.model import Resource, TemplateRecord
from audit.reports.judging import Judging
from audit.reports.results import ReportChoice, ReportResult, rows_of
from audit.verdicts import Verdict
from constraints import Cause, Constraint, Gap, Kind, ObjectRef, Violation

ITEM = ObjectRef(POD, "ns", "p", "uid")
TEMPLATE = Resource(Kind("templates.gatekeeper.sh", "v1", "ConstraintTemplate"), "constrainttemplates", False)


def judged(of: Constraint, *violations: Violation, gaps: tuple[Gap, ...] = (), **template: Any) -> list[ReportResult]:
    verdict = Verdict(ITEM, None, (of.key,), violations, gaps)
    spec = {"crd": {"spec": {"names": {"kind": of.kind}}}}
    made = {"metadata": {"name": of.kind.lower(), "annotations": template}, "spec": spec}
    judging = Judging.of(ReportChoice(), [record(of)], [TemplateRecord(made, None, TEMPLATE)], excludes=True)
    return list(judging.verdict(verdict).results)


def broken(of: Constraint, message: str = "bad", **more: Any) -> Violation:
    return Violation(of, ITEM, message, {}, of.action, of.actions if of.scoped else (), **more)


def annotated(action: str = "deny", **annotations: str) -> Constraint:
    return constraint(action=action, actions=(action,), obj={"metadata": {"annotations": annotations}})


@pytest.mark.parametrize(
    ("action", "actions", "result", "scored"),
    [
        ("deny", ("deny",), "fail", True),
        ("warn", ("warn",), "warn", False),
        ("dryrun", ("dryrun",), "warn", False),
        ("audit-only", ("audit-only",), "warn", False),
        ("scoped", ("deny",), "fail", True),
        ("scoped", ("warn", "deny"), "fail", True),
        ("scoped", ("warn", "dryrun"), "warn", False),
    ],
)
def test_what_denies_is_a_failure_and_everything_else_a_warning_that_does_not_count(
    action: str, actions: tuple[str, ...], result: str, scored: bool
) -> None:
    of = constraint(action=action, actions=actions)
    [found] = judged(of, broken(of))
    assert (found.result, found.scored, found.message) == (result, scored, "bad")
    assert dict(found.properties)["enforcementAction"] == action
    assert dict(found.properties).get("enforcementActions") == (",".join(actions) if action == "scoped" else None)


def test_a_constraint_that_found_nothing_is_a_pass_without_a_message() -> None:
    [found] = judged(constraint())
    assert (found.policy, found.rule, found.result, found.message, found.scored) == ("one", "K8sTest", "pass", "", True)


def test_an_evaluation_that_failed_is_an_error() -> None:
    of = constraint()
    assert [r.result for r in judged(of, broken(of, error=True))] == ["error"]


def test_what_could_not_be_decided_is_an_error_beside_what_was_found() -> None:
    of = constraint()
    gap = Gap(Cause.EVALUATION, "Timeout", "took too long", POD, ITEM, of.key)
    assert [(r.result, r.message) for r in judged(of, broken(of), gaps=(gap,))] == [
        ("error", "took too long"),
        ("fail", "bad"),
    ]


def test_one_text_is_one_result_however_often_it_is_said() -> None:
    of = constraint()
    assert [r.message for r in judged(of, broken(of), broken(of), broken(of, "worse"))] == ["bad", "worse"]


SEVERITIES = [
    pytest.param({"metadata.gatekeeper.sh/severity": "High"}, {}, "high", id="gatekeeper's word, in any case"),
    pytest.param({"policies.kyverno.io/severity": "low"}, {}, "low", id="kyverno's word"),
    pytest.param({}, {"policies.kyverno.io/severity": "medium"}, "medium", id="the template's"),
    pytest.param(
        {"policies.kyverno.io/severity": "low"},
        {"metadata.gatekeeper.sh/severity": "high"},
        "low",
        id="constraint first",
    ),
    pytest.param({"metadata.gatekeeper.sh/severity": "awful"}, {}, "", id="no word of the API"),
    pytest.param({}, {}, "", id="none"),
]


@pytest.mark.parametrize(("constraints", "templates", "severity"), SEVERITIES)
def test_severity_is_what_the_annotations_say(
    constraints: dict[str, str], templates: dict[str, str], severity: str
) -> None:
    [found] = judged(annotated(**constraints), **templates)
    assert found.severity == severity


def test_the_category_is_what_the_annotations_say() -> None:
    [found] = judged(annotated(**{"policies.kyverno.io/category": " Pod Security "}))
    assert found.category == "Pod Security"


def test_what_is_not_to_be_scored_is_never_a_failure() -> None:
    of = annotated(**{"policies.kyverno.io/scored": "false"})
    assert [(r.result, r.scored) for r in judged(of, broken(of))] == [("warn", False)]
    assert [(r.result, r.scored) for r in judged(of)] == [("pass", False)]


@pytest.mark.parametrize("annotations", [None, [], "text", {"policies.kyverno.io/severity": 7}])
def test_annotations_of_any_type_are_no_annotations(annotations: Any) -> None:
    of = constraint(obj={"metadata": {"annotations": annotations}})
    assert [(r.severity, r.category, r.scored) for r in judged(of)] == [("", "", True)]


def test_a_message_is_valid_text_of_a_bounded_length() -> None:
    of = constraint()
    [found] = judged(of, broken(of, "ü\ud800" * 5000))
    assert len(found.message.encode()) <= 4096
    assert found.message.endswith("...")


MATCHES = [
    pytest.param({}, True, id="everything"),
    pytest.param({"kinds": [{"apiGroups": ["apps"], "kinds": ["*"]}]}, False, id="another kind"),
    pytest.param({"namespaces": ["n*"]}, True, id="its namespace"),
    pytest.param({"namespaces": ["other"]}, False, id="another namespace"),
    pytest.param({"excludedNamespaces": ["ns"]}, False, id="not its namespace"),
    pytest.param({"scope": "Cluster"}, False, id="of no namespace"),
    pytest.param({"name": "q"}, False, id="another name"),
    pytest.param({"labelSelector": {"matchLabels": {"a": "b"}}}, True, id="labels, which nobody reads"),
]


@pytest.mark.parametrize(("match", "skipped"), MATCHES)
def test_what_is_excluded_is_skipped_by_what_its_names_tell(match: Any, skipped: bool) -> None:
    judging = Judging.of(ReportChoice(), [record(constraint(match=match))], (), excludes=True)
    for _ in range(2):
        assert [r.result for r in judging.skipped(ITEM).results] == ["skip"] * skipped


def test_the_rows_of_what_was_judged_are_those_of_its_results() -> None:
    of, choice = constraint(), ReportChoice(frozenset({"fail"}))
    judging = Judging.of(choice, [record(of)], (), excludes=True)
    for violations in ((), (broken(of),)):
        found = judging.verdict(Verdict(ITEM, None, (of.key,), violations))
        assert found.rows == rows_of(*choice.divided(found.results))


def mark(of: Constraint, *violations: Violation, gaps: tuple[Gap, ...] = ()) -> int:
    judging = Judging.of(ReportChoice(), [record(of)], (), excludes=True)
    return judging.mark(Verdict(ITEM, None, (of.key,), violations, gaps))


def test_verdicts_of_one_mark_have_the_same_results_in_every_run() -> None:
    of, severe = constraint(), annotated(**{"policies.kyverno.io/severity": "high"})
    assert mark(of, broken(of)) == mark(constraint(), broken(constraint())) != 0
    others = [mark(severe, broken(severe)), mark(of, broken(of, "worse")), mark(of, broken(of, error=True))]
    assert len({mark(of, broken(of)), *others}) == 4


def test_a_verdict_with_a_gap_is_always_judged() -> None:
    of = constraint()
    assert mark(of, broken(of), gaps=(Gap(Cause.EVALUATION, "Timeout", "took too long", POD, ITEM, of.key),)) == 0
