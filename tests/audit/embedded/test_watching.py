"""Watches over real HTTP."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from audit.embedded import EmbeddedCluster

MAPS = "/api/v1/namespaces/default/configmaps"
Watch = Callable[..., Iterator[dict[str, Any]]]


@pytest.fixture
def watch(cluster: EmbeddedCluster) -> Iterator[Watch]:
    """`watch(path, query)`: the events, one by one as they come."""
    connections: list[http.client.HTTPConnection] = []

    def start(path: str, query: str = "", **headers: str) -> Iterator[dict[str, Any]]:
        connection = http.client.HTTPConnection(urlsplit(cluster.url).netloc, timeout=10)
        connections.append(connection)
        connection.request("GET", f"{path}?watch=1&{query}", headers=headers)
        reply = connection.getresponse()
        return (orjson.loads(line) for line in iter(reply.readline, b""))

    yield start
    for connection in connections:
        connection.close()


def configmap(name: str, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def told(events: Iterator[dict[str, Any]], count: int) -> list[tuple[str, str]]:
    found = [next(events) for _ in range(count)]
    return [(event["type"], event["object"]["metadata"]["name"]) for event in found]


def test_a_watch_starts_with_what_is_there_and_goes_on_with_changes(cluster: EmbeddedCluster, watch: Watch) -> None:
    cluster.load([configmap("a")])
    events = watch(MAPS)
    assert told(events, 1) == [("ADDED", "a")]
    cluster.load([configmap("b"), configmap("a", x="y")])
    cluster.delete("ConfigMap", "b", "default")
    assert told(events, 3) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_a_watch_goes_on_after_a_resource_version(cluster: EmbeddedCluster, watch: Watch) -> None:
    cluster.load([configmap("a")])
    since = cluster.revision
    cluster.load([configmap("b")])
    event = next(watch(MAPS, f"resourceVersion={since}"))
    assert (event["object"]["kind"], event["object"]["metadata"]["name"]) == ("ConfigMap", "b")
    assert int(event["object"]["metadata"]["resourceVersion"]) > since


def test_an_object_that_leaves_the_selection_is_deleted_for_the_watcher(cluster: EmbeddedCluster, watch: Watch) -> None:
    cluster.load([configmap("a", team="x"), configmap("b", team="y")])
    events = watch(MAPS, "labelSelector=team%3Dx")
    assert told(events, 1) == [("ADDED", "a")]
    cluster.load([configmap("a", team="y"), configmap("b", team="x")])
    assert told(events, 2) == [("DELETED", "a"), ("ADDED", "b")]


def test_another_namespace_is_not_watched(cluster: EmbeddedCluster, watch: Watch) -> None:
    events = watch(MAPS, f"resourceVersion={cluster.revision}")
    elsewhere = configmap("a")
    elsewhere["metadata"]["namespace"] = "default-2"
    cluster.load([elsewhere, configmap("b")])
    assert told(events, 1) == [("ADDED", "b")]


def test_a_watch_ends_after_its_timeout_with_a_bookmark(cluster: EmbeddedCluster, watch: Watch) -> None:
    query = f"resourceVersion={cluster.revision}&timeoutSeconds=1&allowWatchBookmarks=true"
    (bookmark,) = watch(MAPS, query)
    assert bookmark["type"] == "BOOKMARK"
    assert bookmark["object"]["metadata"]["resourceVersion"] == str(cluster.revision)
    assert bookmark["object"]["kind"] == "ConfigMap"


def test_initial_events_end_with_a_marked_bookmark(cluster: EmbeddedCluster, watch: Watch) -> None:
    cluster.load([configmap("a")])
    events = watch(MAPS, "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan")
    assert next(events)["type"] == "ADDED"
    bookmark = next(events)
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_watch_from_too_long_ago_says_so_and_ends(cluster: EmbeddedCluster, watch: Watch) -> None:
    since = cluster.revision
    cluster.load([configmap("a")])
    cluster.expire()
    (error,) = watch(MAPS, f"resourceVersion={since}")
    assert error["type"] == "ERROR"
    assert (error["object"]["code"], error["object"]["reason"]) == (410, "Expired")


def test_a_watch_of_tables_sends_rows(cluster: EmbeddedCluster, watch: Watch) -> None:
    cluster.load([configmap("a")])
    event = next(watch(MAPS, Accept="application/json;as=Table;v=v1;g=meta.k8s.io"))
    assert event["object"]["kind"] == "Table"
    assert event["object"]["rows"][0]["cells"][0] == "a"


def test_watches_end_when_the_cluster_is_reset(cluster: EmbeddedCluster, watch: Watch) -> None:
    events = watch(MAPS)
    cluster.reset()
    assert list(events) == []
