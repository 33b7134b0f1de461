"""Policies that change between runs, over real HTTP: what is noted, what is taken in, and what is left alone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from policybuilders import BAD_REGO, Loading, alien_template, constraint, template

from audit.controller.controller import Controller, ControllerSettings
from audit.controller.intake import Intake, Taking, Waiting
from audit.embedded import Account, EmbeddedCluster, Rule
from audit.embedded.access import DISCOVERY
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Retries
from audit.kube.discovery import discover
from audit.kube.watch import Intervals, Server
from audit.policies.book import PolicySettings, compiled
from audit.policies.policywatch import PolicyWatch
from audit.tracking import NEVER, PolicyChanges
from constraints.model import Object

MANIFESTS = Path(__file__).parents[3] / "manifests"
CRD = "CustomResourceDefinition"
SOON = Intervals(first=0.02, longest=0.1, poll=0.05)
LONG = 10.0  # seconds after which something will not come any more


def manifests(folder: str) -> list[dict[str, Any]]:
    texts = [path.read_text() for path in sorted((MANIFESTS / folder).glob("*.yaml"))]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


CONTROLLER = ControllerSettings("patrol-0")


class Counting(PolicyChanges):
    """Changes that know how many were noted."""

    notes = 0

    def note(self) -> None:
        self.notes += 1
        super().note()


class World:
    """A cluster with the CRDs of templates, and everything that follows its policies."""

    def __init__(self, cluster: EmbeddedCluster, folder: Path, token: str = "") -> None:
        self.cluster = cluster
        self.connection = connect(Access(str(cluster.kubeconfig(folder / "kubeconfig", token)), environ={}))
        self.client = Client(self.connection, retries=Retries(attempts=1))
        self.settings = PolicySettings()
        self.stop = threading.Event()
        self.leads = True
        self.changes = Counting(0.0)
        self.asked: list[bool] = []
        self.waiting = Waiting()
        self.taken: list[Object] = []
        self.watch = PolicyWatch(Server(self.client, self.connection), self.changes, self._take, SOON)
        controller = Controller(self.client, CONTROLLER, self.stop)
        taking = Taking(controller, partial(compiled, settings=self.settings), self.watch.served)
        self.intake = Intake(self.waiting, taking, self._may_act, self.stop)

    def _may_act(self) -> bool:
        self.asked.append(self.leads)
        return self.leads

    def _take(self, obj: Object) -> None:
        self.taken.append(obj)
        self.waiting.put(obj)

    def start(self) -> None:
        self.intake.start()
        self.watch.start()

    def close(self) -> None:
        self.intake.close()
        self.watch.close()
        self.connection.close()

    def noted(self) -> bool:
        return self.changes.due() != NEVER

    def created(self, name: str) -> bool:
        found = self.cluster.get("ConstraintTemplate", name) or {}
        return bool(found.get("status", {}).get("created"))

    def run(self) -> None:
        """What a run does with policies: it reads them and writes what became of them."""
        self.changes.take()
        Loading(self.client, self.settings, CONTROLLER).load(discover(self.client).listed)


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives as soon as that is true."""
    deadline = time.monotonic() + LONG
    while not (found := condition()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.01)
    return found


@pytest.fixture
def world(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[World]:
    cluster.load(manifests("crds"))
    made = World(cluster, tmp_path)
    yield made
    made.close()


def test_a_new_template_gets_its_crd_and_its_status_without_a_run(world: World) -> None:
    world.start()
    world.cluster.load([template(), template("K8sBad", BAD_REGO), alien_template()])
    until(lambda: world.created("k8stest"))
    assert world.cluster.get(CRD, "k8stest.constraints.gatekeeper.sh")
    world.cluster.load([constraint("one")])  # as kubectl does once the template says that it is created

    def refused(name: str) -> list[str]:
        stored = world.cluster.get("ConstraintTemplate", name) or {}
        return [error["message"] for pod in stored.get("status", {}).get("byPod", []) for error in pod["errors"]]

    assert "unexpected" in until(lambda: refused("k8sbad"))[0]
    assert "no engine" in until(lambda: refused("k8sother"))[0]
    assert not world.created("k8sbad")
    assert world.cluster.get(CRD, "k8sbad.constraints.gatekeeper.sh") is None


def test_what_is_there_at_the_start_is_no_change(world: World) -> None:
    world.cluster.load([template()])
    world.run()
    world.cluster.load([constraint("one")])
    world.start()
    assert (world.noted(), world.taken) == (False, [])
    assert world.watch.counts()[1] == 4


CHANGES = {
    "a new template": lambda world: world.cluster.load([template("K8sMore")]),
    "a changed template": lambda world: world.cluster.load([template(rego=BAD_REGO)]),
    "a template that goes": lambda world: world.cluster.delete("ConstraintTemplate", "k8stest"),
    "a new constraint": lambda world: world.cluster.load([constraint("two")]),
    "a changed constraint": lambda world: world.cluster.load([constraint("one", enforcementAction="warn")]),
    "a constraint that goes": lambda world: world.cluster.delete("K8sTest", "one"),
    "a SyncSet": lambda world: world.cluster.load(
        [{"apiVersion": "syncset.gatekeeper.sh/v1alpha1", "kind": "SyncSet", "metadata": {"name": "s"}, "spec": {}}]
    ),
    "a Config, wherever it is": lambda world: world.cluster.load(
        [
            {
                "apiVersion": "config.gatekeeper.sh/v1alpha1",
                "kind": "Config",
                "metadata": {"name": "config", "namespace": "default"},
                "spec": {"match": []},
            }
        ]
    ),
}


@pytest.mark.parametrize("change", [pytest.param(change, id=name) for name, change in CHANGES.items()])
def test_whatever_changes_the_answers_is_noted(world: World, change: Callable[[World], object]) -> None:
    world.cluster.load([template()])
    world.run()
    world.cluster.load([constraint("one")])
    world.start()
    change(world)
    until(world.noted)


def test_constraints_of_a_template_that_came_later_are_followed_too(world: World) -> None:
    world.start()
    world.cluster.load([template()])
    until(lambda: world.created("k8stest"))
    until(lambda: world.watch.counts() == (4, 4))
    world.changes.take()
    world.cluster.load([constraint("one")])
    until(world.noted)


def test_what_the_program_writes_itself_is_no_change(world: World) -> None:
    world.start()
    world.cluster.load([template()])
    until(lambda: world.created("k8stest"))
    world.cluster.load([constraint("one")])
    until(lambda: world.watch.counts() == (4, 4))
    before = world.changes.notes
    world.run()
    stored = world.cluster.get("K8sTest", "one")
    assert stored
    assert stored["status"]["byPod"]
    world.cluster.load([constraint("two")])  # events of one kind come in order: those of the run are heard before it
    until(lambda: world.changes.notes > before)
    assert world.changes.notes == before + 1
    assert len(world.taken) == 1


def test_only_the_leader_takes_templates_in(world: World) -> None:
    world.leads = False
    world.start()
    world.cluster.load([template()])
    until(lambda: world.asked)
    world.leads = True
    world.cluster.load([template("K8sMore")])
    until(lambda: world.created("k8smore"))
    assert not world.created("k8stest")


def test_where_watching_is_forbidden_lists_find_the_changes_and_it_is_said_once_a_kind(
    cluster: EmbeddedCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.load(manifests("crds"))
    rights = Rule(("list", "get", "create", "update", "patch"), ("*",), ("*", "*/status"))
    cluster.accounts["token"] = Account("patrol", (rights, DISCOVERY))
    world = World(cluster, tmp_path, "token")
    with caplog.at_level(logging.WARNING, "kube_patrol.policies"):
        world.start()
        cluster.load([template()])
        until(lambda: world.created("k8stest"))
        asked = sum("watch" in each.query for each in cluster.asked)
        until(lambda: sum("watch" in each.query for each in cluster.asked) > asked + 8)
        world.close()
    said = [record.getMessage().split()[0] for record in caplog.records if "may not be watched" in record.getMessage()]
    assert sorted(said) == ["configs", "constrainttemplates", "k8stest", "syncsets"]


def test_where_listing_is_forbidden_that_is_said_and_the_program_goes_on(
    cluster: EmbeddedCluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.load(manifests("crds"))
    cluster.accounts["token"] = Account("patrol", (DISCOVERY,))
    world = World(cluster, tmp_path, "token")
    with caplog.at_level(logging.WARNING, "kube_patrol.policies"):
        world.start()
        world.close()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert all("may not be listed" in each for each in said)
    assert not world.noted()


def test_a_cluster_without_the_kinds_is_asked_seldom_and_followed_once_they_come(
    cluster: EmbeddedCluster, tmp_path: Path
) -> None:
    world = World(cluster, tmp_path)
    world.start()
    cluster.load(manifests("crds"))
    cluster.load([template()])
    until(lambda: world.created("k8stest"))
    world.close()


def test_closing_leaves_no_thread_behind(world: World) -> None:
    before = threading.active_count()
    world.cluster.load([template(f"K8sTest{number}") for number in range(5)])
    world.start()
    assert threading.active_count() >= before + 9
    world.intake.close()
    world.watch.close()
    until(lambda: threading.active_count() <= before)


def test_a_template_that_goes_takes_the_thread_of_its_kind_with_it(world: World) -> None:
    world.cluster.load([template()])
    world.start()
    assert world.watch.counts()[1] == 4
    world.cluster.delete("ConstraintTemplate", "k8stest")
    until(lambda: world.watch.counts()[1] == 3)
