"""New templates are taken in between two runs, over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from following import CRD, World, manifests, until
from policybuilders import BAD_REGO, alien_template, constraint, template

from audit.embedded import EmbeddedCluster


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


def test_only_the_leader_takes_templates_in(world: World) -> None:
    world.leads = False
    world.start()
    world.cluster.load([template()])
    until(lambda: world.asked)
    world.leads = True
    world.cluster.load([template("K8sMore")])
    until(lambda: world.created("k8smore"))
    assert not world.created("k8stest")
