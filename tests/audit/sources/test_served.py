"""Discovery that answers with less than there is, and kinds that are really gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from audit.embedded import EmbeddedCluster
from audit.embedded.faults import Fault
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.model import Catalogue
from audit.sources.served import ServedKinds
from constraints import Kind

DEPLOYMENTS = Kind("apps", "v1", "Deployment")
WIDGETS = Kind("example.com", "v1", "Widget")
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget", "singular": "widget", "listKind": "WidgetList"},
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}
Change = Callable[[list[Any]], list[Any]]


@pytest.fixture
def client(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Client]:
    connection = connect(Access(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig"))))
    yield Client(connection, clock=Clock(sleep=lambda seconds: None))
    connection.close()


@pytest.fixture
def served(cluster: EmbeddedCluster, client: Client) -> ServedKinds:
    """What has discovered all of a cluster with one kind of its own."""
    cluster.load([DEFINITION])
    served = ServedKinds()
    assert (kinds(served.read(client)) >= {DEPLOYMENTS, WIDGETS}, served.read(client).gaps) == (True, ())
    return served


def kinds(found: Catalogue) -> set[Kind]:
    return {resource.kind for resource in found.listed}


def less(client: Client, change: Change) -> bytes:
    """The document of /apis with fewer groups."""
    from audit.kube.discovery import AGGREGATED
    from audit.kube.request import read

    document = orjson.loads(client.send(read("/apis", AGGREGATED)))
    return orjson.dumps(document | {"items": change(document["items"])})


def without(group: str) -> Change:
    return lambda items: [item for item in items if item["metadata"]["name"] != group]


def emptied(group: str) -> Change:
    return lambda items: [item | ({"versions": []} if item["metadata"]["name"] == group else {}) for item in items]


@pytest.mark.parametrize("group", ["apps", "example.com"])
@pytest.mark.parametrize("change", [without, emptied])
def test_what_discovery_leaves_out_is_asked_for_and_counts(
    change: Callable[[str], Change], group: str, client: Client, cluster: EmbeddedCluster, served: ServedKinds
) -> None:
    cluster.faults.append(Fault(path="/apis", times=None, body=less(client, change(group))))
    for _ in range(2):
        found = served.read(client)
        assert kinds(found) >= {DEPLOYMENTS, WIDGETS}
        assert found.gaps == ()


@pytest.mark.parametrize(
    ("status", "reason"), [(404, "KindNotServed"), (403, "Forbidden"), (503, "ServiceUnavailable")]
)
def test_what_is_not_served_although_nobody_removed_it_stays_a_gap(
    status: int, reason: str, client: Client, cluster: EmbeddedCluster, served: ServedKinds
) -> None:
    body = less(client, lambda items: [i for i in items if i["metadata"]["name"] not in ("apps", "example.com")])
    cluster.faults.append(Fault(path="/apis", times=None, body=body))
    for path in ("/apis/apps/v1/deployments", "/apis/example.com/*"):
        cluster.faults.append(Fault(path=path, times=None, status=status))
    for _ in range(3):
        found = served.read(client)
        assert {gap.kind: gap.reason for gap in found.gaps} == {DEPLOYMENTS: reason, WIDGETS: reason}
        assert not kinds(found) & {DEPLOYMENTS, WIDGETS}
    cluster.faults.clear()
    assert (kinds(served.read(client)) >= {DEPLOYMENTS, WIDGETS}, served.read(client).gaps) == (True, ())


def test_what_was_removed_with_its_definition_is_forgotten(
    cluster: EmbeddedCluster, client: Client, served: ServedKinds
) -> None:
    cluster.delete("CustomResourceDefinition", "widgets.example.com")
    assert (WIDGETS in kinds(served.read(client)), served.read(client).gaps) == (False, ())
    asked = len(cluster.asked)
    served.read(client)
    assert [each.path for each in cluster.asked[asked:]] == ["/api", "/apis"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(path="/apis", times=None, status=404),
        Fault(path="/apis", times=None, body=b"{}"),
        Fault(path="/apis", times=None, body=b'{"kind":"Status","apiVersion":"v1","status":"Failure","code":503}'),
    ],
    ids=str,
)
def test_below_a_root_that_cannot_be_read_kinds_stay_as_they_were(
    fault: Fault, cluster: EmbeddedCluster, client: Client, served: ServedKinds
) -> None:
    cluster.faults.append(fault)
    for _ in range(2):
        found = served.read(client)
        assert kinds(found) >= {DEPLOYMENTS, WIDGETS, Kind("", "v1", "Pod")}
        assert [gap.kind for gap in found.gaps] == [None]


@pytest.mark.parametrize(("root", "hidden"), [("/api", Kind("", "v1", "")), ("/apis", None)])
def test_a_root_that_names_not_even_what_every_cluster_has_is_not_believed(
    root: str, hidden: Kind | None, client: Client, cluster: EmbeddedCluster
) -> None:
    empty = b'{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[]}'
    cluster.faults.append(Fault(path=root, times=None, body=empty))
    assert [(gap.reason, gap.kind) for gap in ServedKinds().read(client).gaps] == [("Empty", hidden)]


def test_a_fault_that_passes_changes_nothing(cluster: EmbeddedCluster, client: Client, served: ServedKinds) -> None:
    before = served.read(client)
    cluster.faults.append(Fault(path="/apis", body=b"<html>"))
    assert served.read(client) == before


def test_a_group_whose_server_is_gone_is_remembered_until_it_is_back(
    cluster: EmbeddedCluster, client: Client, served: ServedKinds
) -> None:
    cluster.broken.add("apps/v1")
    assert [gap.reason for gap in served.read(client).gaps] == ["Stale"]
    cluster.broken.clear()
    cluster.faults.append(Fault(path="/apis/apps/v1/deployments", status=404))
    assert DEPLOYMENTS in kinds(served.read(client))


def answers(cluster: EmbeddedCluster, client: Client, served: ServedKinds) -> tuple[Catalogue, list[int]]:
    """What is served, and the statuses of the replies that told."""
    before = len(cluster.asked)
    found = served.read(client)
    return found, [each.status for each in cluster.asked[before:]]


def test_what_is_still_the_same_is_not_sent_again(
    cluster: EmbeddedCluster, client: Client, served: ServedKinds
) -> None:
    first, statuses = answers(cluster, client, served)
    assert statuses == [304, 304]
    assert answers(cluster, client, served) == (first, [304, 304])
    assert kinds(first) >= {DEPLOYMENTS, WIDGETS}


def test_a_definition_that_is_new_is_seen_by_the_next_run(
    cluster: EmbeddedCluster, client: Client, served: ServedKinds
) -> None:
    answers(cluster, client, served)
    names = {"plural": "gadgets", "kind": "Gadget", "singular": "gadget", "listKind": "GadgetList"}
    spec: dict[str, Any] = DEFINITION["spec"] | {"names": names}  # type: ignore[operator]  # a mapping
    cluster.load([DEFINITION | {"metadata": {"name": "gadgets.example.com"}, "spec": spec}])
    found, statuses = answers(cluster, client, served)
    assert (Kind("example.com", "v1", "Gadget") in kinds(found), statuses) == (True, [304, 200])


def test_documents_that_leave_out_what_is_served_are_not_believed_the_next_time(
    cluster: EmbeddedCluster, client: Client, served: ServedKinds
) -> None:
    cluster.faults.append(Fault(path="/apis", body=less(client, without("apps"))))
    served.read(client)
    found, statuses = answers(cluster, client, served)
    assert (DEPLOYMENTS in kinds(found), statuses) == (True, [200, 200])
