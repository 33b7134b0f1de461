"""Policies that change between runs, over real HTTP: what is noted, what is taken in, and what is left alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from following import World, manifests, until
from policybuilders import BAD_REGO, constraint, template

from audit.embedded import Account, EmbeddedCluster, Rule
from audit.embedded.access import DISCOVERY


@pytest.fixture
def world(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[World]:
    cluster.load(manifests("crds"))
    made = World(cluster, tmp_path)
    yield made
    made.close()


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
