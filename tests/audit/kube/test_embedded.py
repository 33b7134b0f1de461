"""The rooms of audit.kube together, over real HTTP, against the embedded cluster."""

from __future__ import annotations

import subprocess
import sys
from threading import Event

import orjson
import pytest

from audit.embedded import Account, EmbeddedCluster, Fault, Rule
from audit.errors import BadBody, Conflict, Forbidden, Gone, Invalid, NotFound
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.kube.discovery import Documents, discover
from audit.kube.lease import Election, Seat
from audit.kube.lister import Lister
from audit.kube.patch import StatusWriter, Subject, Written
from audit.kube.replies import PARTIAL, items_of
from audit.kube.request import (
    Request,
    Select,
    create_object,
    encode,
    get_object,
    list_objects,
    update_object,
)
from audit.model import Resource
from constraints import Cause, Kind

MAPS = Resource(Kind("", "v1", "ConfigMap"), "configmaps", True)
NODES = Resource(Kind("", "v1", "Node"), "nodes", False)


def config_map(name, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


@pytest.fixture
def slept():
    return []


@pytest.fixture
def reach(cluster: EmbeddedCluster, tmp_path, slept):
    connections = []

    def start(token="", **changes):
        connection = connect(Access(str(cluster.kubeconfig(tmp_path / "config", token)), environ={}, **changes))
        connections.append(connection)
        return Client(connection, clock=Clock(sleep=slept.append))

    yield start
    for connection in connections:
        connection.close()


@pytest.fixture
def client(reach):
    return reach()


def test_an_object_lives_from_creation_to_deletion(client, cluster):
    made = orjson.loads(client.send(create_object(MAPS, config_map("a", x="1"))))
    with pytest.raises(Conflict) as caught:
        client.send(create_object(MAPS, config_map("a")))
    assert caught.value.reason == "AlreadyExists"
    changed = {**made, "data": {"x": "2"}}
    client.send(update_object(MAPS, changed))
    with pytest.raises(Conflict, match="the object has been modified"):
        client.send(update_object(MAPS, changed))
    path = get_object(MAPS, "a", "default").path
    query, apply_patch = (("fieldManager", "patrol"), ("force", "true")), "application/apply-patch+yaml"
    applied = client.send_json(Request("PATCH", path, query, encode(config_map("a", y="3")), apply_patch))
    assert applied["data"] == {"x": "2", "y": "3"}
    cluster.delete("ConfigMap", "a", "default")
    with pytest.raises(NotFound, match=r"^GET /api/v1/namespaces/default/configmaps/a: 404 NotFound: "):
        client.send(get_object(MAPS, "a", "default"))


def test_an_object_that_the_server_does_not_take_is_invalid(client):
    with pytest.raises(Invalid):
        client.send(create_object(MAPS, config_map("NOT A NAME")))


def test_the_user_agent_names_the_program(client, cluster):
    client.get_json("/version")
    assert cluster.asked[-1].user_agent.startswith("kube-patrol/")


def test_discovery_finds_what_is_served_and_a_broken_group_is_a_gap(client, cluster):
    cluster.broken.add("apps/v1")
    found = discover(client, Documents())
    resources, gaps = found.listed, found.gaps
    assert MAPS.kind in {resource.kind for resource in resources}
    assert not [resource for resource in resources if resource.kind.group == "apps" or "list" not in resource.verbs]
    assert [(gap.cause, gap.kind) for gap in gaps] == [(Cause.DISCOVERY, Kind("apps", "v1", ""))]


@pytest.fixture
def maps(cluster):
    cluster.load(config_map(f"m{number}") for number in range(5))


def names(pages):
    return [[item["metadata"]["name"] for item in orjson.loads(page.body)["items"]] for page in pages]


@pytest.mark.usefixtures("maps")
def test_a_kind_is_listed_page_by_page(client):
    assert names(Lister(client).pages(MAPS, 2)) == [["m0", "m1"], ["m2", "m3"], ["m4"]]
    assert names(Lister(client).pages(MAPS, 0)) == [["m0", "m1", "m2", "m3", "m4"]]


@pytest.mark.usefixtures("maps")
def test_an_expired_token_is_replaced_by_the_fresh_one(client, cluster):
    pages = Lister(client).pages(MAPS, 2)
    first = next(pages)
    cluster.load([config_map("m3a")])
    cluster.expire()
    rest = list(pages)
    assert names([first, *rest]) == [["m0", "m1"], ["m2", "m3"], ["m3a", "m4"]]
    assert not any(page.restarted for page in rest)


@pytest.mark.usefixtures("maps")
def test_an_expired_token_without_a_fresh_one_begins_the_list_again_once(client, cluster):
    cluster.faults.append(Fault(path="*/configmaps", query="continue=", status=410))
    pages = list(Lister(client).pages(MAPS, 2))
    assert names(pages) == [["m0", "m1"], ["m0", "m1"], ["m2", "m3"], ["m4"]]
    assert [page.restarted for page in pages] == [False, True, True, True]
    cluster.faults.append(Fault(path="*/configmaps", query="continue=", status=410, times=None))
    with pytest.raises(Gone, match=r"^page 2 of v1/ConfigMap: GET "):
        list(Lister(client).pages(MAPS, 2))


@pytest.mark.usefixtures("maps")
@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        pytest.param(Fault(status=429, retry_after=3), [3.0], id="turned away"),
        pytest.param(Fault(status=503, retry_after=2, times=2), [2.0, 2.0], id="unavailable"),
        pytest.param(Fault(cut=10), None, id="cut in the body"),
        pytest.param(Fault(cut=0), None, id="cut before the reply"),
    ],
)
def test_a_list_gets_over_passing_faults(fault, waited, client, cluster, slept):
    cluster.faults.append(fault)
    assert names(Lister(client).pages(MAPS, 3)) == [["m0", "m1", "m2"], ["m3", "m4"]]
    assert slept == waited if waited else len(slept) == 1


@pytest.mark.usefixtures("maps")
def test_a_slow_server_is_asked_again(reach, cluster, slept):
    client = reach(read_timeout=0.05)
    cluster.faults.append(Fault(path="*/configmaps", delay=0.3))
    assert len(list(Lister(client).pages(MAPS, 0))) == 1
    assert len(slept) == 1


@pytest.mark.usefixtures("maps")
def test_a_page_that_is_not_json_is_named(client, cluster):
    cluster.faults.append(Fault(path="*/configmaps", after=1, times=None, body=b"<html>"))
    with pytest.raises(BadBody, match=r"^page 2 of v1/ConfigMap: GET .*: the reply of 6 bytes is not JSON"):
        list(Lister(client).pages(MAPS, 2))


def test_metadata_alone_is_listed_page_by_page_too(client, cluster):
    fill = [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"s{n}"}, "data": {"a": "eA=="}} for n in range(5)
    ]
    cluster.load(fill)
    pages = list(Lister(client).pages(Resource(Kind("", "v1", "Secret"), "secrets", True), 2, metadata_only=True))
    assert len(pages) == 3
    items = [item for page in pages for item in items_of(page.body, PARTIAL)]
    assert [item["metadata"]["name"] for item in items] == ["s0", "s1", "s2", "s3", "s4"]
    assert b"eA==" not in b"".join(page.body for page in pages)


def test_what_the_token_may_not_list_is_forbidden(reach, cluster):
    cluster.accounts["abc"] = Account("robot", rules=[Rule(verbs=("get",))])
    with pytest.raises(Forbidden, match=r"^page 1 of v1/ConfigMap: GET .*: 403 Forbidden: .*robot.* cannot list"):
        list(Lister(reach("abc")).pages(MAPS, 2))
    with pytest.raises(Forbidden, match="401 Unauthorized"):
        list(Lister(reach("wrong")).pages(MAPS, 2))


def test_a_status_is_patched_and_the_rest_is_left_alone(client, cluster):
    cluster.load([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {"phase": "Running"}}])
    writer = StatusWriter(client)
    patch = {"status": {"daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}}
    assert writer.patch(Subject(NODES, "n"), patch) is Written.WRITTEN
    status = cluster.get("Node", "n")["status"]
    assert status == {"phase": "Running", "daemonEndpoints": {"kubeletEndpoint": {"Port": 1}}}
    assert writer.patch(Subject(NODES, "other"), {"status": {}}) is Written.GONE


def test_two_that_change_one_list_lose_nothing(client, cluster):
    cluster.load([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "status": {"images": []}}])
    writer = StatusWriter(client, sleep=lambda _: None)
    rival = [{"sizeBytes": 1}]

    def add(current):
        if rival:  # somebody is faster, the first time
            writer.patch(Subject(NODES, "n"), {"status": {"images": [rival.pop()]}})
        return {"status": {"images": [*current["status"]["images"], {"sizeBytes": 2}]}}

    assert writer.change(NODES, "n", add) is Written.WRITTEN
    assert cluster.get("Node", "n")["status"]["images"] == [{"sizeBytes": 1}, {"sizeBytes": 2}]


def test_of_two_replicas_one_leads_and_hands_over(client, cluster):
    a, b = (Election(client, Seat("default", "audit", name)) for name in "ab")
    assert (a.step(), b.step()) == (True, False)
    assert (a.step(), b.step()) == (True, False)
    a.release()
    assert (b.step(), a.step()) == (True, False)
    assert cluster.get("Lease", "audit", "default")["spec"]["leaseTransitions"] == 1


def test_threads_may_share_a_client(client, maps):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: names(Lister(client).pages(MAPS, 2)), range(24)))
    assert found == [[["m0", "m1"], ["m2", "m3"], ["m4"]]] * 24


def test_a_stop_ends_the_wait_for_a_busy_server(cluster, tmp_path):
    stop = Event()
    cluster.faults.append(Fault(status=429, retry_after=60, times=None))
    connection = connect(Access(str(cluster.kubeconfig(tmp_path / "config")), environ={}))
    client = Client(connection, stop=stop, on_request=lambda *_: stop.set())
    with pytest.raises(Exception, match="429 TooManyRequests"):
        client.send(list_objects(MAPS, Select(limit=1)))
    ours = [asked for asked in cluster.asked if asked.query]  # an earlier test may have left one that comes late
    assert [asked.query for asked in ours] == [{"limit": "1"}]
    connection.close()


def test_the_kubernetes_package_is_imported_only_to_connect():
    rooms = ["auth", "client", "connection", "discovery", "lease", "lister", "patch", "request"]
    code = f"import sys, {', '.join(f'audit.kube.{room}' for room in rooms)}; print('kubernetes' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
