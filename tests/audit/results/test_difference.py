"""What changed between two runs, as far as the second one could see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from builders import DEPLOYMENT, SERVICE, constraint, record, unlisted, violation
from resultfiles import BEGAN, rewritten, written

from audit.model import ConstraintRecord, Outcome
from audit.results.difference import Difference, Row
from audit.results.reading import opened
from constraints import Cause, Gap, Kind, ObjectRef, Violation

ONE, OTHER = record(constraint("one")), record(constraint("other"))
BOTH = (ONE, OTHER)


def changes(
    folder: Path, before: list[Violation], after: list[Violation], *records: ConstraintRecord, **more: Any
) -> list[str]:
    """`new Pod ns/a: text` for each row; `more` are fields of the second run's summary."""
    first = written(folder, before, *BOTH)
    second = written(folder, after, *(records or BOTH), at=BEGAN + 60, **more)
    return [f"{row.change} {row.found.object}: {row.found.message}" for row in rows(first, second)]


def rows(first: Path, second: Path) -> list[Row]:
    """What has changed between two files."""
    with opened(str(first)) as before, opened(str(second)) as after, opened(str(first)) as again:
        return list(Difference(before, after, again).rows())


def words(folder: Path, before: list[Violation], after: list[Violation], *records: ConstraintRecord) -> list[str]:
    """The changes alone."""
    return [line.split()[0] for line in changes(folder, before, after, *records)]


def test_each_violation_is_new_or_standing_or_resolved(tmp_path: Path) -> None:
    gone, here, came = (violation(ONE.constraint, name) for name in ("gone", "here", "came"))
    assert changes(tmp_path, [gone, here], [here, came]) == [
        "standing Pod ns/here: here is wrong",
        "new Pod ns/came: came is wrong",
        "resolved Pod ns/gone: gone is wrong",
    ]


def test_a_violation_counts_once_however_often_it_was_found(tmp_path: Path) -> None:
    here, gone, came = (violation(ONE.constraint, name) for name in ("here", "gone", "came"))
    assert words(tmp_path, [here, gone] * 2, [here, came] * 3) == ["standing", "new", "resolved"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"of": OTHER.constraint}, id="constraint"),
        pytest.param({"kind": DEPLOYMENT}, id="kind of object"),
        pytest.param({"namespace": "elsewhere"}, id="namespace"),
        pytest.param({"name": "q"}, id="name"),
        pytest.param({"message": "x" * 300 + "other end"}, id="end of a long message"),
    ],
)
def test_two_violations_differ_by(other: dict[str, Any], tmp_path: Path) -> None:
    fields = {"of": ONE.constraint, "message": "x" * 300}
    before, after = violation(**fields), violation(**{**fields, **other})
    assert words(tmp_path, [before], [after]) == ["new", "resolved"]


def test_an_object_that_was_made_anew_is_another_one(tmp_path: Path) -> None:
    def made(uid: str) -> Violation:
        one = violation(ONE.constraint)
        return Violation(one.constraint, ObjectRef(one.object.kind, "ns", "p", uid), one.message, {}, one.action)

    assert words(tmp_path, [made("1")], [made("2")]) == ["new", "resolved"]


def test_another_version_of_a_kind_is_the_same_object(tmp_path: Path) -> None:
    old, new = (violation(ONE.constraint, kind=Kind("apps", v, "Deployment")) for v in ("v1beta1", "v1"))
    assert words(tmp_path, [old], [new]) == ["standing"]


@pytest.mark.parametrize(
    ("gap", "change"),
    [
        pytest.param(unlisted(), "stale", id="its kind could not be listed"),
        pytest.param(unlisted(DEPLOYMENT), "resolved", id="another kind could not be listed"),
        pytest.param(Gap(Cause.NAMESPACE, "X", "x", namespace="ns"), "stale", id="its namespace is not known"),
        pytest.param(
            Gap(Cause.NAMESPACE, "X", "x", namespace="other"), "resolved", id="another namespace is not known"
        ),
        pytest.param(Gap(Cause.EVALUATION, "X", "x", policy="K8sTest/one"), "stale", id="its policy failed"),
        pytest.param(Gap(Cause.EVALUATION, "X", "x", policy="K8sTest"), "stale", id="all of its template failed"),
        pytest.param(Gap(Cause.EVALUATION, "X", "x", policy="K8sTest/other"), "resolved", id="another policy failed"),
        pytest.param(Gap(Cause.UNSUPPORTED, "X", "x", policies=("K8sTest/one",)), "stale", id="it is among policies"),
        pytest.param(Gap(Cause.SINK, "X", "x"), "resolved", id="a status could not be written"),
    ],
)
def test_what_a_gap_hides_is_not_resolved(gap: Gap, change: str, tmp_path: Path) -> None:
    before, seen = violation(ONE.constraint), violation(OTHER.constraint, kind=SERVICE)
    assert changes(tmp_path, [before], [seen], gaps=(gap,))[1:] == [f"{change} Pod ns/p: p is wrong"]


def test_a_run_that_did_not_end_resolves_nothing(tmp_path: Path) -> None:
    (line,) = changes(tmp_path, [violation(ONE.constraint)], [], cut=Outcome.INTERRUPTED)
    assert line.split()[0] == "stale"


def test_a_constraint_that_is_gone_resolves_its_violations(tmp_path: Path) -> None:
    assert words(tmp_path, [violation(ONE.constraint)], [], OTHER) == ["resolved"]


def test_a_constraint_of_a_kind_that_could_not_be_read_may_be_there(tmp_path: Path) -> None:
    unread = Gap(Cause.CONSTRAINT, "Forbidden", "x", Kind("constraints.gatekeeper.sh", "v1beta1", "K8sTest"))
    (line,) = changes(tmp_path, [violation(ONE.constraint)], [], OTHER, gaps=(unread,))
    assert line.split()[0] == "stale"


def test_a_constraint_in_error_resolves_nothing(tmp_path: Path) -> None:
    broken = ConstraintRecord(ONE.obj, None, ONE.resource)
    assert words(tmp_path, [violation(ONE.constraint)], [], broken, OTHER) == ["stale"]


def test_a_gap_of_a_cause_that_is_not_known_hides_what_it_names(tmp_path: Path) -> None:
    first = written(tmp_path, [violation(ONE.constraint)], ONE)
    second = written(tmp_path, [], ONE, at=BEGAN + 60, gaps=(unlisted(),))
    rewritten(second, 2, gap_cause="weather")
    assert [row.change for row in rows(first, second)] == ["stale"]
