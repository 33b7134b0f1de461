"""Reports as objects: fields of both APIs, parts, and what is read of them."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from builders import POD

from audit.embedded.patching import merge_patch
from audit.reports.bodies import APIS, OPENREPORTS, WGPOLICY, ReportApi, ReportSubject, patch, read, rendered, says
from audit.reports.names import ReportPlace, place_of
from audit.reports.results import Contents, ReportChoice, ReportResult
from constraints import Kind, ObjectRef
from constraints.schema import unknown_fields, validate

ROOT = Path(__file__).parents[3]
ITEM = ObjectRef(POD, "ns", "p", "7c37b6cb-08e6-4ad3-adb3-df5f52bfb767")
PLACE = place_of(ITEM, "prefixed")
FAILED = ReportResult("one", "K8sTest", "fail", "bad", "Pods", "high", True, (("enforcementAction", "deny"),))
PASSED = ReportResult("two", "K8sTest", "pass")
CONTENTS = Contents(((FAILED, (10, 0)), (PASSED, (20, 5))))


def one(api: str = WGPOLICY, contents: Contents = CONTENTS, item: ObjectRef = ITEM, audited: str = "") -> Any:
    [report] = rendered(ReportSubject(item, place_of(item, "prefixed"), audited), contents, APIS[api])
    return report


def test_a_policy_report_has_the_fields_that_readers_of_other_engines_know() -> None:
    assert one() == {
        "apiVersion": "wgpolicyk8s.io/v1alpha2",
        "kind": "PolicyReport",
        "metadata": {
            "name": f"kube-patrol-{ITEM.uid}",
            "namespace": "ns",
            "labels": {"app.kubernetes.io/managed-by": "kube-patrol"},
            "annotations": {},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": ITEM.uid}],
        },
        "scope": {"apiVersion": "v1", "kind": "Pod", "name": "p", "namespace": "ns", "uid": ITEM.uid},
        "results": [
            {
                "source": "kube-patrol",
                "policy": "one",
                "rule": "K8sTest",
                "result": "fail",
                "message": "bad",
                "category": "Pods",
                "severity": "high",
                "scored": True,
                "timestamp": {"seconds": 10, "nanos": 0},
                "properties": {"enforcementAction": "deny"},
            },
            {
                "source": "kube-patrol",
                "policy": "two",
                "rule": "K8sTest",
                "result": "pass",
                "scored": True,
                "timestamp": {"seconds": 20, "nanos": 5},
                "properties": {},
            },
        ],
        "summary": {"pass": 1, "fail": 1, "warn": 0, "error": 0, "skip": 0},
    }


def test_a_report_of_openreports_names_its_source_once() -> None:
    report = one(OPENREPORTS)
    assert (report["apiVersion"], report["kind"], report["source"]) == (
        "openreports.io/v1alpha1",
        "Report",
        "kube-patrol",
    )
    assert [result for result in report["results"] if "source" in result] == []


def test_an_object_without_a_uid_owns_nothing() -> None:
    report = one(item=ObjectRef(POD, "ns", "p"))
    assert report["metadata"]["ownerReferences"] == []
    assert "uid" not in report["scope"]


def schema(report: Any) -> Any:
    path = ROOT / "manifests" / "optional" / f"crds-{report['apiVersion'].partition('/')[0]}.yaml"
    for crd in yaml.safe_load_all(path.read_text()):
        if crd["spec"]["names"]["kind"] == report["kind"]:
            return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    raise LookupError(report["kind"])


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", [POD, Kind("", "v1", "Namespace")])
def test_reports_are_what_their_definitions_take(api: str, kind: Kind) -> None:
    item = ObjectRef(kind, "ns" if kind == POD else "", "p", ITEM.uid)
    words = ReportChoice(listing=False).divided([PASSED])[1]
    for contents in (CONTENTS, Contents((), words)):
        report = one(api, contents, item, "2026-11-28T18:00:00Z")
        assert list(validate(report, schema(report))) == []
        assert [name for name in unknown_fields(report, schema(report)) if not name.startswith("metadata.")] == []


@pytest.mark.parametrize("api", APIS)
def test_what_is_read_is_what_was_written(api: str) -> None:
    words = ReportChoice(listing=False).divided([PASSED._replace(result="skip")])[1]
    contents = Contents(CONTENTS.listed, words)
    found = read(json.loads(json.dumps(one(api, contents, audited="then"))), PLACE)
    assert (found.item, found.contents, found.audited, found.whole) == (ITEM, contents, "then", True)


JUNK: list[Any] = [None, 7, "text", [], [None], {}, {"a": None}, [[]], [{"policy": 7, "result": "fail"}], True]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("field", ["results", "summary", "scope", "metadata.annotations", "metadata.ownerReferences"])
def test_whatever_somebody_makes_of_a_report_is_read_without_an_error(field: str, junk: Any) -> None:
    report = deepcopy(one())
    into = report["metadata"] if "." in field else report
    into[field.rpartition(".")[2]] = junk
    found = read(report, PLACE)
    assert found.whole is (field == "metadata.annotations")


def test_parts_have_the_results_between_them_and_the_first_one_counts_what_is_not_listed() -> None:
    many = tuple((FAILED._replace(message=f"{n:03d}" + "x" * 100), (n, 0)) for n in range(100))
    words = ReportChoice(listing=False).divided([PASSED])[1]
    parts = rendered(ReportSubject(ITEM, PLACE), Contents(many, words), APIS[WGPOLICY], largest=8000)
    assert [part["metadata"]["name"] for part in parts] == [PLACE.part(n + 1) for n in range(len(parts))]
    assert all(len(json.dumps(part, separators=(",", ":"))) <= 8000 for part in parts)
    assert len(parts) > 3
    results = [result for part in parts for result in part["results"]]
    assert [result["timestamp"]["seconds"] for result in results] == list(range(100))
    assert [part["summary"]["pass"] for part in parts] == [1] + [0] * (len(parts) - 1)
    assert sum(part["summary"]["fail"] for part in parts) == 100


def test_one_result_that_is_larger_than_a_report_may_be_has_a_part_of_its_own() -> None:
    large = tuple((FAILED._replace(message=letter * 2000), (0, 0)) for letter in "abc")
    assert len(rendered(ReportSubject(ITEM, PLACE), Contents(large), APIS[WGPOLICY], largest=1000)) == 3


OTHERS: list[dict[str, Any]] = [
    {"results": None},
    {"results": [{"policy": "x"}]},
    {"summary": {"pass": 9}},
    {"scopeSelector": {"matchLabels": {"a": "b"}}},
    {"scope": {"kind": "Node", "name": "n", "fieldPath": "x", "resourceVersion": "7"}},
]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("other", OTHERS)
def test_a_patch_makes_any_report_say_the_same_and_leaves_what_is_not_ours(api: str, other: dict[str, Any]) -> None:
    report = one(api)
    stored = deepcopy(report) | other
    stored["metadata"] |= {"resourceVersion": "5", "labels": {"team": "a"}, "annotations": {"note": "b"}}
    stored["metadata"]["ownerReferences"] = []
    if api == OPENREPORTS:
        stored |= {"configuration": {"limits": {"maxResults": 1}}, "source": "other"}
    assert not says(stored, report)
    after = merge_patch(stored, patch(report, "5"))
    assert says(after, report)
    assert after["metadata"]["labels"] == {"team": "a", **report["metadata"]["labels"]}
    assert after["metadata"]["annotations"] == {"note": "b"}


def test_the_scope_of_a_cluster_report_is_in_no_namespace() -> None:
    api: ReportApi = APIS[WGPOLICY]
    assert api.resource(ReportPlace("", "x")).kind.kind == "ClusterPolicyReport"
    assert "namespace" not in one(item=ObjectRef(Kind("", "v1", "Namespace"), "", "n", ITEM.uid))["scope"]
