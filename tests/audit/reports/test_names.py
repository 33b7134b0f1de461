"""How reports are named, and which are ours."""

from __future__ import annotations

from typing import Any

import pytest
from builders import POD

from audit.reports.names import PREFIXED, UID, ReportPlace, is_reported, ours, place_of
from constraints import Kind, ObjectRef

OF = "7c37b6cb-08e6-4ad3-adb3-df5f52bfb767"
OURS = {"app.kubernetes.io/managed-by": "kube-patrol"}


def report(name: str, labels: Any = OURS) -> Any:
    return {"metadata": {"name": name, "namespace": "ns", "labels": labels}}


def test_a_report_has_the_uid_of_its_object_with_our_prefix_or_alone() -> None:
    item = ObjectRef(POD, "ns", "p", OF)
    assert place_of(item, PREFIXED) == ReportPlace("ns", f"kube-patrol-{OF}")
    assert place_of(item, UID) == ReportPlace("ns", OF)
    assert (place_of(item, UID).part(1), place_of(item, UID).part(12)) == (OF, f"{OF}-12")


@pytest.mark.parametrize("odd", ["", "../x", "A" * 40, f"{OF}-2", "\ud800"])
def test_a_uid_that_is_none_is_replaced_by_a_digest_that_is_a_name(odd: str) -> None:
    place = place_of(ObjectRef(POD, "ns", "p", odd), PREFIXED)
    assert ours(report(place.name)) == (place, 1)
    assert place != place_of(ObjectRef(POD, "ns", "q", odd), PREFIXED)


@pytest.mark.parametrize(
    ("name", "part"),
    [(OF, 1), (f"kube-patrol-{OF}", 1), (f"{OF}-2", 2), (f"kube-patrol-{OF}-17", 17), ("kube-patrol-x" + "0" * 32, 1)],
)
def test_a_report_is_ours_by_label_and_name(name: str, part: int) -> None:
    found = ours(report(name))
    assert found is not None
    assert found[0].part(found[1]) == name
    assert found[1] == part


@pytest.mark.parametrize("name", [f"{OF}-1", f"{OF}-02", f"{OF}-a", "polr-ns-default", "kube-patrol", f"other-{OF}"])
def test_another_name_is_not_ours_whatever_its_label(name: str) -> None:
    assert ours(report(name)) is None


@pytest.mark.parametrize("labels", [None, {}, [], {"app.kubernetes.io/managed-by": "kyverno"}])
def test_another_label_is_not_ours_whatever_its_name(labels: Any) -> None:
    assert ours(report(OF, labels)) is None


def test_there_are_reports_of_everything_but_reports_and_events() -> None:
    groups = ("wgpolicyk8s.io", "openreports.io", "reports.kyverno.io")
    assert not any(is_reported(Kind(group, "v1", "Report")) for group in groups)
    assert not is_reported(Kind("", "v1", "Event"))
    assert not is_reported(Kind("events.k8s.io", "v1", "Event"))
    assert is_reported(Kind("example.org", "v1", "Event"))
