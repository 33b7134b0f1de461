"""Statuses on the real server: what survives its schema, and what happens when others write at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from cluster.api import Object, Refused
from cluster.deployed import Cluster, pod_name
from cluster.policies import config_map, constraint, template

from audit.errors import TooLarge
from audit.kube.auth import Access, connect
from audit.kube.client import Client
from audit.kube.patch import StatusWriter, Subject, Written
from audit.model import Resource
from constraints import Kind

pytestmark = pytest.mark.cluster
ROLE = "/apis/rbac.authorization.k8s.io/v1/clusterroles/kube-patrol"
OWNED = constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"])
TEAMED = constraint("K8sTestLabels", "teamed", "Service", ["team"])
LABELS = Resource(Kind("constraints.gatekeeper.sh", "v1beta1", "K8sTestLabels"), "k8stestlabels", False)
STRANGER = "gatekeeper-stranger"


@pytest.fixture(scope="module", autouse=True)
def policies(cluster: Cluster) -> None:
    cluster.load_policies([template("K8sTestLabels")], [OWNED, TEAMED])
    for number in range(30):
        cluster.api.apply(config_map(f"unowned-{number:02d}"))


@pytest.fixture
def writer(cluster: Cluster) -> Iterator[StatusWriter]:
    config = cluster.kubeconfig(cluster.account_token(), cluster.folder)
    connection = connect(Access(kubeconfig=str(config)))
    yield StatusWriter(Client(connection), attempts=100)
    connection.close()


def test_every_field_that_is_written_is_stored(cluster: Cluster) -> None:
    assert cluster.patrol().once("--constraint-violations-limit=3").code == 0
    status = cluster.status(OWNED)
    assert status["totalViolations"] == 30
    assert [violation["name"] for violation in status["violations"]] == ["unowned-02", "unowned-01", "unowned-00"]
    assert status["violations"][0] == {
        "group": "",
        "version": "v1",
        "kind": "ConfigMap",
        "namespace": "default",
        "name": "unowned-02",
        "message": "unowned-02 has no label owner",
        "enforcementAction": "deny",
    }
    (pod,) = status["byPod"]
    assert (pod["id"], pod["observedGeneration"], pod["enforced"]) == (pod_name("b"), 1, True)
    assert {"audit", "status"} <= set(pod["operations"])


def test_a_kind_that_may_not_be_listed_keeps_its_violations_and_says_so_until_it_can_be_listed(
    cluster: Cluster,
) -> None:
    assert cluster.patrol().once().code == 0
    before = cluster.status(OWNED)
    with without_core_objects(cluster):
        outcome = cluster.patrol().once()
        assert outcome.code == 3, outcome.told()  # there are gaps
        hidden, other = cluster.status(OWNED), cluster.status(TEAMED)
    (gap,) = [gap for gap in hidden["auditGaps"] if gap["kind"] == "ConfigMap"]
    assert (gap["cause"], gap["reason"], gap["group"]) == ("list", "Forbidden", "")
    assert "configmaps is forbidden" in gap["message"]
    assert (hidden["totalViolations"], hidden["violations"]) == (before["totalViolations"], before["violations"])
    assert [gap["kind"] for gap in other["auditGaps"]] == ["Service"]
    assert cluster.patrol().once().code == 0
    after = cluster.status(OWNED)
    assert "auditGaps" not in after
    assert (after["totalViolations"], after["violations"]) == (before["totalViolations"], before["violations"])


def test_a_constraint_that_is_fixed_loses_its_list_and_keeps_a_total_of_0(cluster: Cluster) -> None:
    fixed = constraint("K8sTestLabels", "fixed", "ConfigMap", ["owner"])
    cluster.api.apply(fixed)
    assert cluster.patrol().once().code == 0
    assert cluster.status(fixed)["totalViolations"] == 30
    fixed["spec"]["match"]["kinds"][0]["kinds"] = ["Secret"]
    cluster.api.apply(fixed)
    assert cluster.patrol().once().code == 0
    status = cluster.status(fixed)
    assert (status["totalViolations"], "violations" in status) == (0, False)
    assert status["byPod"][0]["observedGeneration"] == 2
    cluster.api.send("DELETE", cluster.api.path(fixed))


def test_writers_that_conflict_try_again_and_lose_nothing(cluster: Cluster, writer: StatusWriter) -> None:
    assert cluster.patrol().once().code == 0
    before = cluster.status(OWNED)

    def append(number: int) -> Written:
        def change(obj: Object) -> Object:
            return {"status": {"byPod": [*obj["status"]["byPod"], {"id": f"writer-{number:02d}"}]}}

        return writer.change(LABELS, "owned", change)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(append, range(40))) == {Written.WRITTEN}
    status = cluster.status(OWNED)
    assert sorted(pod["id"] for pod in status["byPod"][1:]) == [f"writer-{number:02d}" for number in range(40)]
    assert status == {**before, "byPod": status["byPod"]}
    assert 409 in [request.code for request in cluster.asked() if request.resource == "k8stestlabels/status"]


def test_a_constraint_that_is_deleted_while_it_is_written_is_no_error(writer: StatusWriter) -> None:
    assert writer.patch(Subject(LABELS, "never-was"), {"status": {"totalViolations": 1}}) is Written.GONE


def test_a_constraint_that_was_made_anew_does_not_get_its_predecessors_status(
    cluster: Cluster, writer: StatusWriter
) -> None:
    short_lived = constraint("K8sTestLabels", "short-lived", "ConfigMap", ["owner"])
    before = cluster.api.apply(short_lived)
    cluster.api.send("DELETE", cluster.api.path(short_lived))
    cluster.api.apply(short_lived)
    assert writer.patch(Subject.of(LABELS, before), {"status": {"totalViolations": 7}}) is Written.GONE
    assert "totalViolations" not in cluster.api.get(cluster.api.path(short_lived)).get("status", {})
    cluster.api.send("DELETE", cluster.api.path(short_lived))


def test_a_status_that_is_too_large_is_refused_at_once_as_too_large(cluster: Cluster, writer: StatusWriter) -> None:
    for size in (1_600_000, 3_200_000):
        with pytest.raises(TooLarge):
            writer.patch(Subject(LABELS, "owned"), {"status": {"stranger": "x" * size}})
    assert "stranger" not in cluster.status(OWNED)


def test_an_audit_and_a_stranger_who_write_to_the_same_statuses_lose_nothing(cluster: Cluster) -> None:
    with insisting(cluster, OWNED) as written:
        for labels in (["owner", "team"], ["owner"], ["team"]):
            wanted = constraint("K8sTestLabels", "owned", "ConfigMap", labels)
            generation = cluster.api.apply(wanted)["metadata"]["generation"]
            outcome = cluster.patrol().once()
            assert outcome.code == 0, outcome.told()
            status = cluster.status(OWNED)
            assert status["totalViolations"] == 30 * len(labels)
            assert len(status["violations"]) == 20
            assert status["auditTimestamp"] == outcome.log.events("audit_finished")[0]["audit_id"]
            pods = {pod["id"]: pod for pod in status["byPod"]}
            assert pods[pod_name("b")]["observedGeneration"] == generation
            assert STRANGER in pods
    assert len(written) > 10
    status = cluster.status(OWNED)
    assert [pod["observedGeneration"] for pod in status["byPod"] if pod["id"] == STRANGER] == written[-1:]
    assert status["stranger"] == written[-1]


def test_a_process_of_another_name_goes_on_where_the_last_one_stopped(cluster: Cluster) -> None:
    assert cluster.patrol().once().code == 0
    assert cluster.patrol(pod="laptop").once().code == 0
    assert [pod["id"] for pod in cluster.status(OWNED)["byPod"] if "kube-patrol" in pod.get("operations", [])] == [
        "laptop"
    ]
    cluster.load_policies([template("K8sTestLater")], [constraint("K8sTestLater", "later", "ConfigMap", ["owner"])])


def test_where_gatekeepers_controller_runs_only_the_fields_of_the_audit_are_written(cluster: Cluster) -> None:
    path = f"{cluster.api.path(template('K8sTestLabels'))}/status"
    controller = {"id": "gatekeeper-controller-manager", "operations": ["webhook"], "observedGeneration": 1}
    before = cluster.api.get(path)["status"]["byPod"]
    cluster.api.merge(path, {"status": {"byPod": [controller]}})
    fresh = constraint("K8sTestLabels", "fresh", "ConfigMap", ["owner"])
    cluster.api.apply(fresh)
    try:
        assert cluster.patrol().once().code == 0
        assert cluster.api.get(path)["status"]["byPod"] == [controller]
        assert cluster.status(fresh).keys() == {"auditTimestamp", "totalViolations", "violations"}
    finally:
        cluster.api.merge(path, {"status": {"byPod": before}})
        cluster.api.send("DELETE", cluster.api.path(fresh))


@contextmanager
def insisting(cluster: Cluster, constraint: Object) -> Iterator[list[int]]:
    """Replaces the status of a constraint all the time, as a controller does: read, change its own part, update.

    Gives the numbers that were stored, in order; a conflict is tried again with the same number.
    """
    written: list[int] = []
    with repeating(lambda: count_up(cluster, constraint, written)):
        yield written


def count_up(cluster: Cluster, constraint: Object, written: list[int]) -> None:
    path = cluster.api.path(constraint)
    found = cluster.api.get(path)
    status = found.setdefault("status", {})
    number = len(written) + 1
    pods = [pod for pod in status.get("byPod", []) if pod["id"] != STRANGER]
    entry = {"id": STRANGER, "operations": ["generate"], "observedGeneration": number}
    status |= {"byPod": [*pods, entry], "stranger": number}
    try:
        cluster.api.send("PUT", f"{path}/status", found)
    except Refused as error:
        if error.status != 409:
            raise
        return
    written.append(number)


@contextmanager
def repeating(step: Callable[[], object]) -> Iterator[None]:
    """Does `step` again and again while the block lasts."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.01):
            step()

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(work)
        try:
            yield
        finally:
            stop.set()
            done.result()


@contextmanager
def without_core_objects(cluster: Cluster) -> Iterator[None]:
    """Takes away the right to list ConfigMaps and Services while the block lasts."""
    rules = cluster.api.get(ROLE)["rules"]
    groups = [group["name"] for group in cluster.api.get("/apis")["groups"]]
    kept = {"apiGroups": groups, "resources": ["*"], "verbs": ["list"]}
    core = {"apiGroups": [""], "resources": ["namespaces", "pods", "secrets"], "verbs": ["list"]}
    cluster.api.merge(ROLE, {"rules": [kept, core, *rules[1:]]})
    try:
        yield
    finally:
        cluster.api.merge(ROLE, {"rules": rules})
