"""Whole collections: paged, named, and kept when they cannot be read again."""

from __future__ import annotations

from typing import Any

import pytest
from storedcluster import NAMESPACES, StoredCluster, resource

from audit.errors import BadBody, ServerError
from audit.policies.reading import Kept, Reader
from constraints import Kind

NAMESPACE = resource("v1", "Namespace", "namespaces")


def reader(stored: StoredCluster, chunk: int = 2) -> Reader:
    return Reader(stored.client, [NAMESPACE], chunk)


@pytest.mark.parametrize(("chunk", "requests"), [(2, 3), (5, 1), (0, 1)])
def test_all_pages_are_read(chunk: int, requests: int) -> None:
    stored = StoredCluster()
    stored.put(NAMESPACES, *({"metadata": {"name": name}} for name in "abcde"))
    found = reader(stored, chunk).objects(NAMESPACE)
    assert [each["metadata"]["name"] for each in found] == list("abcde")
    assert {(each["apiVersion"], each["kind"]) for each in found} == {("v1", "Namespace")}
    assert len(stored.asked) == requests


@pytest.mark.parametrize("item", [7, {}, {"metadata": 7}, {"metadata": {}}, {"metadata": {"name": 7}}])
def test_an_item_without_a_name_makes_the_collection_one_that_could_not_be_read(item: Any) -> None:
    listed = {"kind": "NamespaceList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}, item]}
    stored = StoredCluster(documents={"/api/v1/namespaces": listed})
    with pytest.raises(BadBody, match=r"^an item in the list of v1/Namespace: "):
        reader(stored).objects(NAMESPACE)


def test_a_kind_that_nobody_serves_has_no_resource() -> None:
    assert reader(StoredCluster()).exactly(Kind("apps", "v1", "Deployment")) is None


def test_discovery_that_makes_no_sense_finds_nothing() -> None:
    rows = [
        7,
        {"kind": "Pod"},
        {"kind": "Pod", "name": 7, "verbs": ["list"]},
        {"kind": "Pod", "name": "pods", "verbs": 7},
    ]
    stored = StoredCluster(documents={"/api/v1": {"resources": rows}})
    assert reader(stored).exactly(Kind("", "v1", "Pod")) is None


def test_what_cannot_be_read_again_is_kept() -> None:
    kept = Kept(0)

    def fail() -> int:
        raise ServerError("down")

    assert str(kept.renew(fail)) == "down"
    assert (kept.value, kept.known, kept.fresh) == (0, False, False)
    assert kept.renew(lambda: 7) is None
    assert (kept.value, kept.known, kept.fresh) == (7, True, True)
    kept.renew(fail)
    assert (kept.value, kept.known, kept.fresh) == (7, True, False)
