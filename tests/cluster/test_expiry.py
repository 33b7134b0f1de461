"""Continue tokens that a real compaction of etcd has expired in the middle of a listing."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import pytest
from cluster.deployed import Cluster
from cluster.policies import SLOW, config_map, constraint, template

from audit.kube.auth import Access, connect
from audit.kube.client import Client
from audit.kube.lister import Lister
from audit.model import Resource
from constraints import Kind

pytestmark = pytest.mark.cluster
CONFIG_MAPS = Resource(Kind("", "v1", "ConfigMap"), "configmaps", True)
COUNT = 120
ALL = constraint("K8sTestSlow", "all", "ConfigMap")


@pytest.fixture(scope="module")
def full(cluster: Cluster) -> Cluster:
    cluster.load_policies([template("K8sTestSlow", SLOW)], [ALL])
    for number in range(COUNT):
        cluster.api.apply(config_map(f"object-{number:03d}"))
    return cluster


@pytest.fixture
def lister(full: Cluster) -> Iterator[Lister]:
    config = full.kubeconfig(full.account_token(), full.folder)
    connection = connect(Access(kubeconfig=str(config)))
    yield Lister(Client(connection))
    connection.close()


def test_a_listing_goes_on_with_the_fresh_token_that_the_server_offers(full: Cluster, lister: Lister) -> None:
    pages = lister.pages(CONFIG_MAPS, 25)
    bodies = [next(pages).body]
    full.server.compact()
    rest = list(pages)
    assert [page.restarted for page in rest] == [False] * len(rest)
    assert names([*bodies, *(page.body for page in rest)]) == names_now(full)
    assert 410 in [request.code for request in full.asked() if request.resource == "configmaps"]


def test_a_listing_gets_over_a_compaction_after_every_page(full: Cluster, lister: Lister) -> None:
    bodies = []
    for page in lister.pages(CONFIG_MAPS, 25):
        bodies.append(page.body)
        full.server.compact()
    assert len(bodies) > 4
    assert names(bodies) == names_now(full)


def test_what_is_created_and_deleted_meanwhile_is_no_reason_to_list_anything_twice(
    full: Cluster, lister: Lister
) -> None:
    before = names_now(full)
    pages = lister.pages(CONFIG_MAPS, 25)
    bodies = [next(pages).body]
    full.api.apply(config_map("zzz-new"))
    full.api.send("DELETE", full.api.path(config_map("object-119")))
    full.server.compact()
    bodies += [page.body for page in pages]
    gone, new = Counter(["default/object-119"]), Counter(["default/zzz-new"])
    assert names(bodies) == before - gone + new


def test_a_whole_run_under_constant_compaction_counts_every_object_once(full: Cluster) -> None:
    expected = names_now(full, "/api/v1/namespaces/default/configmaps")
    requests = len(full.asked())
    with compacting(full.server.compact) as compactions:
        outcome = full.patrol().once("--audit-chunk-size=5")
    assert outcome.code == 0, outcome.told()
    assert compactions
    assert 410 in [request.code for request in full.asked()[requests:]]
    status = full.status(ALL)
    assert status["totalViolations"] == expected.total()
    assert "auditGaps" not in status
    logged = outcome.log.events("violation_audited")
    assert Counter(f"{event['resource_namespace']}/{event['resource_name']}" for event in logged) == expected


@contextmanager
def compacting(compact: Callable[[], int]) -> Iterator[list[int]]:
    """Compacts all the time while the block lasts; gives the revisions so far."""
    revisions: list[int] = []
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.02):
            revisions.append(compact())

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield revisions
    finally:
        stop.set()
        thread.join()


def names(bodies: list[bytes]) -> Counter[str]:
    """How often each object is in the pages."""
    items = [item["metadata"] for body in bodies for item in orjson.loads(body)["items"]]
    return Counter(f"{metadata['namespace']}/{metadata['name']}" for metadata in items)


def names_now(cluster: Cluster, path: str = "/api/v1/configmaps") -> Counter[str]:
    """The ConfigMaps that exist."""
    items = [item["metadata"] for item in cluster.api.items(path)]
    return Counter(f"{metadata['namespace']}/{metadata['name']}" for metadata in items)
