"""Lists: order, pages, tokens that expire, selectors, forms."""

from __future__ import annotations

from typing import Any

import pytest

from audit.embedded import EmbeddedCluster
from audit.embedded.store import LIFETIME


def configmap(name: str, namespace: str = "default", **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "data": {"k": "v"},
    }


@pytest.fixture
def five(cluster: EmbeddedCluster) -> str:
    """Five ConfigMaps in two namespaces; the value is the path of all ConfigMaps."""
    cluster.load(configmap(f"c{n}", "b" if n % 2 else "a", parity=str(n % 2)) for n in range(5))
    return "/api/v1/configmaps"


def names(page: Any) -> list[str]:
    return [item["metadata"]["name"] for item in page["items"]]


def walk(ask: Any, path: str) -> list[list[str]]:
    found, token = [], ""
    while True:
        page = ask("GET", f"{path}{'&continue=' + token if token else ''}").json
        found.append(names(page))
        token = page["metadata"].get("continue", "")
        if not token:
            return found


def test_objects_are_listed_by_namespace_then_name(ask: Any, five: str) -> None:
    page = ask("GET", five).json
    assert (page["kind"], page["apiVersion"]) == ("ConfigMapList", "v1")
    assert names(page) == ["c0", "c2", "c4", "c1", "c3"]


def test_items_of_built_in_lists_do_not_repeat_their_kind(ask: Any, five: str) -> None:
    assert all("kind" not in item and "apiVersion" not in item for item in ask("GET", five).json["items"])


def test_items_of_custom_lists_repeat_their_kind(cluster: EmbeddedCluster, ask: Any, widgets_served: str) -> None:
    cluster.load([{"apiVersion": "demo.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 1}}])
    (item,) = ask("GET", widgets_served.replace("v1", "v1beta1")).json["items"]
    assert (item["kind"], item["apiVersion"]) == ("Widget", "demo.io/v1beta1")


def test_pages_hold_every_object_once(ask: Any, five: str) -> None:
    assert walk(ask, f"{five}?limit=2") == [["c0", "c2"], ["c4", "c1"], ["c3"]]


def test_a_page_says_how_many_are_left(ask: Any, five: str) -> None:
    assert ask("GET", f"{five}?limit=2").json["metadata"]["remainingItemCount"] == 3


def test_pages_of_a_selection_do_not_count_what_is_left(ask: Any, five: str) -> None:
    page = ask("GET", f"{five}?limit=2&labelSelector=parity%3D0").json
    assert "remainingItemCount" not in page["metadata"]
    assert walk(ask, f"{five}?limit=2&labelSelector=parity%3D0") == [["c0", "c2"], ["c4"]]


def test_pages_stay_inside_the_namespace(ask: Any, five: str) -> None:
    assert walk(ask, "/api/v1/namespaces/a/configmaps?limit=2") == [["c0", "c2"], ["c4"]]


def test_later_pages_show_the_state_of_the_first(cluster: EmbeddedCluster, ask: Any, five: str) -> None:
    first = ask("GET", f"{five}?limit=2").json
    cluster.load([configmap("c5", "a"), configmap("c6", "b")])
    cluster.delete("ConfigMap", "c1", "b")
    rest = ask("GET", f"{five}?limit=9&continue={first['metadata']['continue']}").json
    assert names(rest) == ["c4", "c1", "c3"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_an_expired_token_is_gone_and_offers_a_fresh_one(cluster: EmbeddedCluster, ask: Any, five: str) -> None:
    token = ask("GET", f"{five}?limit=2").json["metadata"]["continue"]
    cluster.load([configmap("c5", "a")])
    cluster.expire()
    gone = ask("GET", f"{five}?limit=2&continue={token}")
    assert (gone.status, gone.json["reason"]) == (410, "Expired")
    fresh = gone.json["metadata"]["continue"]
    assert names(ask("GET", f"{five}?limit=9&continue={fresh}").json) == ["c4", "c5", "c1", "c3"]


def test_tokens_expire_by_themselves() -> None:
    now = [0.0]
    cluster = EmbeddedCluster(clock=lambda: now[0])
    cluster.load(configmap(f"c{n}") for n in range(3))
    store = cluster._api.store
    store.keep("/configmaps", store.snapshot("/configmaps"))
    now[0] = LIFETIME
    assert store.at("/configmaps", store.revision) is not None
    now[0] = LIFETIME + 1
    assert store.at("/configmaps", store.revision) is None


def test_a_token_that_is_none_is_a_bad_request(ask: Any, five: str) -> None:
    answer = ask("GET", f"{five}?continue=nonsense")
    assert answer.status == 400
    assert answer.json["message"].startswith("continue key is not valid")


@pytest.mark.parametrize("query", ["resourceVersion=0", "resourceVersion=1&resourceVersionMatch=NotOlderThan"])
def test_any_recent_state_may_be_asked_for(ask: Any, five: str, query: str) -> None:
    assert len(ask("GET", f"{five}?{query}").json["items"]) == 5


def test_an_unknown_resource_version_match_is_a_bad_request(ask: Any, five: str) -> None:
    assert ask("GET", f"{five}?resourceVersion=1&resourceVersionMatch=Sometimes").status == 400


def test_a_resource_version_that_is_no_number_is_a_bad_request(ask: Any, five: str) -> None:
    answer = ask("GET", f"{five}?resourceVersion=yesterday")
    assert (answer.status, "'yesterday'" in answer.json["message"]) == (400, True)


def test_a_limit_that_is_no_number_is_a_bad_request(ask: Any, five: str) -> None:
    answer = ask("GET", f"{five}?limit=many")
    assert (answer.status, "many" in answer.json["message"]) == (400, True)


def test_partial_metadata_can_be_asked_for(ask: Any, five: str) -> None:
    accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    page = ask("GET", five, Accept=accept).json
    assert page["kind"] == "PartialObjectMetadataList"
    assert set(page["items"][0]) == {"kind", "apiVersion", "metadata"}


def test_protobuf_only_is_not_acceptable(ask: Any, five: str) -> None:
    assert ask("GET", five, Accept="application/vnd.kubernetes.protobuf").status == 406
