"""Label and field selectors."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from audit.embedded import EmbeddedCluster
from audit.embedded.refusals import Refusal
from audit.embedded.selectors import label_test


@pytest.mark.parametrize(
    ("selector", "labels", "matches"),
    [
        pytest.param("a=b", {"a": "b"}, True, id="equal"),
        pytest.param("a==b", {"a": "c"}, False, id="double equals compares"),
        pytest.param("a!=b", {}, True, id="a missing label is not equal"),
        pytest.param("a in (b, c)", {"a": "c"}, True, id="in one of the values"),
        pytest.param("a in (b,c)", {}, False, id="a missing label is in nothing"),
        pytest.param("a notin (b,c)", {}, True, id="a missing label is notin everything"),
        pytest.param("a", {"a": ""}, True, id="exists with an empty value"),
        pytest.param("!a", {"a": "b"}, False, id="does not exist"),
        pytest.param("a=b,x in (y,z),!q", {"a": "b", "x": "z"}, True, id="all parts must hold"),
        pytest.param("a=b,c", {"a": "b"}, False, id="one part that fails is enough"),
        pytest.param("a=", {"a": ""}, True, id="an empty value is a value"),
    ],
)
def test_label_selectors(selector: str, labels: dict[str, str], matches: bool) -> None:
    assert label_test(selector)(labels) is matches


def test_a_broken_label_selector_is_refused() -> None:
    with pytest.raises(Refusal, match="unable to parse requirement"):
        label_test("a in b")


@pytest.fixture
def pods(cluster: EmbeddedCluster) -> EmbeddedCluster:
    for name, node in (("one", "n1"), ("two", "n2")):
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"nodeName": node}}
        cluster.load([pod])
    return cluster


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        pytest.param("metadata.name=one", ["one"], id="by name"),
        pytest.param("spec.nodeName!=n1", ["two"], id="by node, negated"),
        pytest.param("metadata.namespace=default,spec.nodeName=n1", ["one"], id="two fields"),
        pytest.param("status.phase=", ["one", "two"], id="a missing field is empty"),
    ],
)
def test_field_selectors(pods: EmbeddedCluster, ask: Any, selector: str, found: list[str]) -> None:
    page = ask("GET", f"/api/v1/pods?fieldSelector={quote(selector)}").json
    assert [item["metadata"]["name"] for item in page["items"]] == found


def test_a_field_that_cannot_be_selected_is_named(pods: EmbeddedCluster, ask: Any) -> None:
    answer = ask("GET", "/api/v1/pods?fieldSelector=spec.color%3Dred")
    assert answer.status == 400
    assert answer.json["message"].endswith("field label not supported: spec.color")
