"""Policies over HTTP: CRDs come up, constraints of new kinds are found in the same run, statuses survive the
schemas.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from loading import Loading
from policybuilders import BAD_REGO, constraint, template

from audit.controller.controller import ControllerSettings
from audit.embedded import EmbeddedCluster, Fault
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Retries
from audit.kube.discovery import Documents, discover
from audit.policies.book import Loaded
from constraints import Kind

MANIFESTS = Path(__file__).parents[3] / "manifests"
CRD = "CustomResourceDefinition"

Load = Callable[[], Loaded]


def manifests(folder: str) -> list[dict[str, Any]]:
    texts = [path.read_text() for path in sorted((MANIFESTS / folder).glob("*.yaml"))]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


@pytest.fixture
def client(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Client]:
    cluster.load(manifests("crds"))
    connection = connect(Access(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig"))))
    yield Client(connection, retries=Retries(attempts=1))
    connection.close()


@pytest.fixture
def load(client: Client) -> Load:
    """Discover and load, as a run does, with the same policies each time."""
    known = Loading(client, controller=ControllerSettings("patrol-0"))
    return lambda: known.load(discover(client, Documents()).listed, 3)


def test_the_samples_are_all_enforced(cluster: EmbeddedCluster, load: Load) -> None:
    cluster.load(manifests("samples/templates"))
    assert load().gaps == ()
    cluster.load(manifests("samples/constraints"))
    loaded = load()
    assert loaded.gaps == ()
    wanted = sorted(f"{each['kind']}/{each['metadata']['name']}" for each in manifests("samples/constraints"))
    assert sorted(loaded.engine.constraints) == wanted
    assert all(record.constraint for record in loaded.records)
    assert set(loaded.namespaces.listed) >= {"default", "kube-system"}


def test_statuses_are_written_and_then_left_alone(cluster: EmbeddedCluster, load: Load) -> None:
    cluster.load([template(), template("K8sBad", BAD_REGO)])
    load()
    cluster.load([constraint("good"), constraint("bad", enforcementAction="explode")])
    load()
    stored = cluster.get("ConstraintTemplate", "k8stest")
    bad = cluster.get("ConstraintTemplate", "k8sbad")
    good, refused = cluster.get("K8sTest", "good"), cluster.get("K8sTest", "bad")
    assert stored
    assert bad
    assert good
    assert refused
    assert (stored["status"]["created"], stored["status"]["byPod"][0]["id"]) == (True, "patrol-0")
    assert bad["status"]["byPod"][0]["errors"][0]["location"] == "K8sBad/template:3:10"
    assert good["status"]["byPod"][0]["enforced"] is True
    assert good["status"]["byPod"][0]["observedGeneration"] == good["metadata"]["generation"]
    assert "unrecognized enforcementAction" in refused["status"]["byPod"][0]["errors"][0]["message"]
    before = cluster.revision
    load()
    assert cluster.revision == before


def test_a_template_that_reads_a_request_is_marked_and_said_once_and_enforced_all_the_same(
    cluster: EmbeddedCluster, load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    rego = 'package x\nviolation[{"msg": "m"}] {\n  input.review.operation != "DELETE"\n}\n'
    cluster.load([template(rego=rego), template("K8sPlain")])
    with caplog.at_level(logging.INFO, "kube_patrol.policies"):
        loaded = load()
        load()
    stored = cluster.get("ConstraintTemplate", "k8stest")
    plain = cluster.get("ConstraintTemplate", "k8splain")
    assert stored
    assert plain
    assert stored["status"]["created"] is True
    marked = [{"field": "input.review.operation", "location": "K8sTest/template:3:3"}]
    assert stored["status"]["byPod"][0]["notAuditable"] == marked
    assert "errors" not in stored["status"]["byPod"][0]
    assert "notAuditable" not in plain["status"]["byPod"][0]
    assert loaded.gaps == ()
    said = [record.getMessage() for record in caplog.records if "admission request" in record.getMessage()]
    assert len(said) == 1
    assert "k8stest reads" in said[0]


def test_a_crd_follows_its_template(cluster: EmbeddedCluster, load: Load) -> None:
    cluster.load([template()])
    load()
    changed = template()
    parameters = {"type": "object", "properties": {"owner": {"type": "string"}}}
    changed["spec"]["crd"]["spec"]["validation"] = {"openAPIV3Schema": parameters}
    cluster.load([changed])
    assert load().gaps == ()
    crd = cluster.get(CRD, "k8stest.constraints.gatekeeper.sh")
    assert crd
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    assert spec["properties"]["parameters"] == parameters
    cluster.load([constraint(parameters={"owner": "me"})])
    assert load().engine.constraints["K8sTest/one"].parameters == {"owner": "me"}


def test_a_schema_that_the_server_refuses_is_an_error_of_the_template(cluster: EmbeddedCluster, load: Load) -> None:
    broken = template()
    schema = {"type": "object", "properties": {"a": {"properties": {"b": {"type": "string"}}}}}
    broken["spec"]["crd"]["spec"]["validation"] = {"openAPIV3Schema": schema}
    cluster.load([broken, template("K8sGood")])
    loaded = load()
    assert [gap.policy for gap in loaded.gaps] == ["K8sTest"]
    assert [record.name for record in loaded.templates.records if not record.errors] == ["k8sgood"]
    stored = cluster.get("ConstraintTemplate", "k8stest")
    assert stored
    assert stored["status"]["byPod"][0]["errors"][0]["code"] == "create_error"


@pytest.mark.parametrize("fresh_token", [True, False])
def test_constraints_are_all_found_when_a_token_expires(
    cluster: EmbeddedCluster, load: Load, fresh_token: bool
) -> None:
    cluster.load([template()])
    load()
    cluster.load([constraint(f"c{number}") for number in range(10)])
    cluster.faults.append(Fault("*/k8stest", query="continue=", after=1, status=410, fresh_token=fresh_token))
    loaded = load()
    assert [record.key for record in loaded.records] == [f"K8sTest/c{number}" for number in range(10)]
    assert loaded.gaps == ()


def test_a_deleted_template_takes_its_constraints_along(cluster: EmbeddedCluster, load: Load) -> None:
    cluster.load([template(), template("K8sMore")])
    load()
    cluster.load([constraint()])
    assert len(load().records) == 1
    cluster.delete(Kind("templates.gatekeeper.sh", "v1", "ConstraintTemplate"), "k8stest")
    loaded = load()
    assert (loaded.records, loaded.gaps, list(loaded.engine.templates)) == ((), (), ["K8sMore"])
