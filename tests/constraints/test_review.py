from __future__ import annotations

from typing import Any

import pytest
from probes import pod

from constraints import Kind, ObjectRef, Point
from constraints.review import document, integers, review_of, review_of_request

SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}, "spec": {"x": 1}, "status": {}}


def test_a_listed_object_is_named_by_what_it_says_of_itself() -> None:
    obj = pod()
    obj["metadata"] |= {"uid": "u", "labels": {"a": "b"}}
    assert review_of(obj).ref == ObjectRef(Kind("", "v1", "Pod"), "shop", "web", "u", {"a": "b"})


def test_the_document_of_the_audit_has_exactly_these_keys() -> None:
    obj = pod()
    assert document(review_of(obj, SHOP), Point.AUDIT) == {
        "uid": "",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "", "resource": ""},
        "name": "web",
        "namespace": "shop",
        "operation": "",
        "userInfo": {},
        "options": None,
        "object": obj,
        "oldObject": None,
        "namespaceObject": {"metadata": {"name": "shop"}, "spec": {"x": 1}, "status": {}},
    }


def test_a_cluster_scoped_object_has_no_key_namespace_and_an_empty_namespace_object() -> None:
    found = document(review_of(SHOP), Point.AUDIT)
    assert "namespace" not in found
    assert found["namespaceObject"] == {}


def test_for_gator_the_namespace_object_is_empty() -> None:
    assert document(review_of(pod(), SHOP), Point.GATOR)["namespaceObject"] == {}


REQUEST: dict[str, Any] = {
    "uid": "r-1",
    "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
    "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
    "name": "asked",
    "namespace": "there",
    "operation": "UPDATE",
    "userInfo": {"username": "me"},
    "object": pod(),
    "oldObject": pod("old"),
    "options": {"x": 1},
}


def test_an_admission_request_counts_more_than_its_object() -> None:
    review = review_of_request(REQUEST)
    assert review.ref == ObjectRef(Kind("apps", "v1", "Deployment"), "there", "asked")
    assert document(review, Point.GATOR) == {**REQUEST, "namespaceObject": {}}


def test_a_delete_is_about_the_old_object() -> None:
    review = review_of_request({"operation": "DELETE", "object": None, "oldObject": pod("old")})
    assert (review.ref.name, review.object["metadata"]["name"]) == ("old", "old")
    found = document(review, Point.GATOR)
    assert (found["object"], found["oldObject"]) == (pod("old"), pod("old"))


@pytest.mark.parametrize(
    "obj",
    [
        {},
        {"metadata": None},
        {"metadata": []},
        {"apiVersion": 5, "kind": {}, "metadata": {"name": 1, "namespace": [], "uid": 2, "labels": "x"}},
    ],
)
def test_fields_of_a_wrong_type_count_as_absent(obj: Any) -> None:
    review = review_of(obj)
    assert review.ref == ObjectRef(Kind("", "", ""), "", "")
    assert {"name", "namespace"} & set(document(review, Point.AUDIT)) == set()


@pytest.mark.parametrize(("version", "known"), [("77", "77"), (77, ""), (None, "")])
def test_the_state_in_which_an_object_was_seen_is_known_and_makes_it_no_other_one(version: Any, known: str) -> None:
    metadata = {"name": "web", "namespace": "shop", "uid": "u", "resourceVersion": version}
    ref = review_of({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}).ref
    assert (ref.resource_version, ref.uid) == (known, "u")
    assert ref == ObjectRef(Kind("", "v1", "Pod"), "shop", "web", "u")


def test_labels_that_are_no_texts_are_left_out_of_the_reference() -> None:
    obj = {"metadata": {"labels": {"a": "b", "c": 1, "d": None}}}
    assert review_of(obj).ref.labels == {"a": "b"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(1e6, 1000000, id="a whole float"),
        pytest.param(-(2.0**63), -(2.0**63), id="the smallest integer, whose fewest digits are beyond it"),
        pytest.param(9223372036854774784.0, 9223372036854775000, id="the fewest digits"),
        pytest.param(-9223372036854774784.0, -9223372036854775000, id="the fewest digits of a negative one"),
        pytest.param(2.0**63, 2.0**63, id="one too large"),
        pytest.param(2.5, 2.5, id="a fraction"),
        pytest.param({"a": [True, 2.0, "3.0", None]}, {"a": [True, 2, "3.0", None]}, id="inside"),
    ],
)
def test_whole_numbers_as_integers(value: Any, expected: Any) -> None:
    assert repr(integers(value)) == repr(expected)


@pytest.mark.parametrize("request_", [{"operation": "CREATE"}, {"operation": "CREATE", "name": "", "namespace": None}])
def test_a_request_that_says_no_names_has_none(request_: dict[str, Any]) -> None:
    found = document(review_of_request({**request_, "object": pod()}), Point.AUDIT)
    assert found["object"] == pod()
    assert not {"name", "namespace"} & found.keys()
