"""What a real server says of the kinds that it serves, and when it need not say it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from cluster.deployed import Cluster
from cluster.policies import config_map, constraint, template

from audit.kube.auth import Access, connect
from audit.kube.client import Client
from audit.model import Catalogue
from audit.sources.served import ServedKinds
from constraints import Kind

pytestmark = pytest.mark.cluster
GADGETS = Kind("example.com", "v1", "Gadget")
NAMES = {"plural": "gadgets", "kind": "Gadget", "singular": "gadget", "listKind": "GadgetList"}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "gadgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": NAMES,
        "versions": [
            {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
        ],
    },
}
TEAMS = {"namespaceSelector": {"matchLabels": {"team": "blue"}}, "kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}]}
Asking = Callable[[], tuple[Catalogue, list[int]]]


@pytest.fixture
def asking(cluster: Cluster) -> Iterator[Asking]:
    """Discovers as one run after the other does: what is served, and the statuses of the replies."""
    connection = connect(Access(kubeconfig=str(cluster.kubeconfig(cluster.account_token(), cluster.folder))))
    statuses: list[int] = []
    client = Client(connection, on_request=lambda verb, resource, status, seconds: statuses.append(status))
    served = ServedKinds()

    def ask() -> tuple[Catalogue, list[int]]:
        statuses.clear()
        return served.read(client), [*statuses]

    yield ask
    connection.close()


def settled(asking: Asking) -> Catalogue:
    """Once nothing that the cluster was just given makes it say more."""
    deadline = time.monotonic() + 30
    while True:
        found, statuses = asking()
        if statuses == [304, 304] or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def test_what_is_still_the_same_is_not_sent_again(asking: Asking) -> None:
    first, statuses = asking()
    assert (statuses, first.gaps) == ([200, 200], ())
    again = settled(asking)
    assert asking() == (again, [304, 304])
    assert {resource.kind for resource in again.listed} >= {resource.kind for resource in first.listed}


def test_a_definition_that_is_new_is_seen_as_soon_as_it_is_served(cluster: Cluster, asking: Asking) -> None:
    assert GADGETS not in {resource.kind for resource in settled(asking).listed}
    cluster.api.apply(DEFINITION)
    deadline = time.monotonic() + 30
    while True:
        found, statuses = asking()
        there = GADGETS in {resource.kind for resource in found.listed}
        assert statuses == ([304, 200] if there else [304, 304])
        if there:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_a_label_that_a_namespace_has_just_got_decides_in_the_next_run(cluster: Cluster) -> None:
    rule = constraint("K8sTestTeams", "blue", "ConfigMap", ["owner"], match=TEAMS)
    cluster.load_policies([template("K8sTestTeams")], [rule])
    cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}})
    cluster.api.apply(config_map("unowned", "blue"))
    patrol = cluster.patrol()
    totals = []
    for label in ("blue", None, "blue"):
        cluster.api.merge("/api/v1/namespaces/blue", {"metadata": {"labels": {"team": label}}})
        patrol.once()
        found = cluster.api.get(cluster.api.path(rule))["status"]["violations"] if label else []
        totals.append([each["name"] for each in found])
    assert totals == [["unowned"], [], ["unowned"]]
