"""What is written of policies, and what is left to Gatekeeper's own controller."""

from __future__ import annotations

from threading import Event

import pytest
from loading import FOUND, entry, keys, load, policies, with_template
from policybuilders import constraint, template
from storedcluster import (
    CONSTRAINTS,
    CRDS,
    POD_STATUSES,
    TEMPLATE_POD_STATUSES,
    TEMPLATES,
    StoredCluster,
)

from constraints import Cause, Gap

TEMPLATES_WORD = "constrainttemplates.templates.gatekeeper.sh"
TESTS_WORD = "k8stest.constraints.gatekeeper.sh"


@pytest.fixture
def stored() -> StoredCluster:
    return with_template()


def test_a_new_template_gets_its_crd_and_says_that_it_was_created(stored: StoredCluster) -> None:
    loaded = load(stored)
    assert (loaded.gaps, loaded.records) == ((), ())
    assert list(stored.collections[CRDS]) == ["/k8stest.constraints.gatekeeper.sh"]
    made = stored.get(TEMPLATES, "k8stest")
    assert made["status"]["created"] is True
    assert entry(made) == {
        "id": "patrol-0",
        "templateUID": "uid-K8sTest",
        "operations": ["audit", "status", "kube-patrol"],
    }


def test_a_constraint_says_that_it_is_enforced(stored: StoredCluster) -> None:
    stored.put(f"{CONSTRAINTS}/k8stest", constraint())
    load(stored)
    assert entry(stored.get(f"{CONSTRAINTS}/k8stest", "one")) == {
        "id": "patrol-0",
        "constraintUID": "uid-one",
        "enforced": True,
        "operations": ["audit", "status", "kube-patrol"],
    }


def test_a_status_that_may_not_be_written_is_said_once(stored: StoredCluster) -> None:
    stored.put(TEMPLATES, template("K8sMore"))
    stored.faults["PATCH", f"{TEMPLATES_WORD}/status"] = 403
    [gap] = load(stored).gaps
    assert (gap.cause, gap.reason, gap.policy) == (Cause.SINK, "Forbidden", "")
    assert gap.message.startswith("ConstraintTemplate k8smore: status.byPod could not be written: ")


def test_nothing_is_written_once_the_program_stops(stored: StoredCluster) -> None:
    stop = Event()
    stop.set()
    policies(stored, stop=stop).load(FOUND)
    assert [write for write in stored.written() if write.startswith("PATCH")] == []


def test_a_crd_that_is_refused_is_an_error_of_the_template_and_a_gap(stored: StoredCluster) -> None:
    stored.faults["POST", "customresourcedefinitions.apiextensions.k8s.io"] = 403
    loaded = load(stored)
    [gap] = loaded.gaps
    assert (gap.cause, gap.reason, gap.policy) == (Cause.TEMPLATE, "Forbidden", "K8sTest")
    assert gap.message.startswith(
        'ConstraintTemplate "k8stest": CRD k8stest.constraints.gatekeeper.sh could not be written'
    )
    assert entry(stored.get(TEMPLATES, "k8stest"))["errors"][0]["code"] == "create_error"
    assert loaded.templates.records[0].template is not None


def test_crds_that_cannot_be_listed_are_one_gap(stored: StoredCluster) -> None:
    stored.faults["GET", "customresourcedefinitions.apiextensions.k8s.io"] = 403
    stored.put(f"{CONSTRAINTS}/k8stest")
    [gap] = load(stored).gaps
    assert gap.message.startswith("the CRDs of constraints could not be listed, and were left as they are: ")


def test_without_crds_to_manage_an_unserved_kind_is_a_gap(stored: StoredCluster) -> None:
    loaded = load(stored, manage_crds="false")
    message = "constraints of kind K8sTest are not served: nobody made their CRD"
    assert loaded.gaps == (Gap(Cause.TEMPLATE, "NotServed", message, policy="K8sTest"),)
    assert all(CRDS not in request.path for request in stored.asked)


@pytest.mark.parametrize("path", [POD_STATUSES, TEMPLATE_POD_STATUSES])
def test_where_gatekeeper_keeps_pod_statuses_nothing_is_written(stored: StoredCluster, path: str) -> None:
    stored.put(path, {"metadata": {"name": "x", "namespace": "gatekeeper-system"}})
    stored.put(f"{CONSTRAINTS}/k8stest", constraint())
    loaded = load(stored)
    assert (loaded.gaps, keys(loaded)) == ((), ["K8sTest/one"])
    assert stored.written() == []


def test_entries_of_a_controller_count_only_where_pod_statuses_cannot_be_seen(stored: StoredCluster) -> None:
    left = {"byPod": [{"id": "gatekeeper-controller-manager-0", "operations": ["webhook"]}]}
    stored.put(TEMPLATES, template(status=left))
    load(stored)
    assert stored.written() == []
    stored.put(POD_STATUSES)
    stored.put(TEMPLATE_POD_STATUSES)
    load(stored)
    assert stored.written() != []


def test_true_makes_crds_beside_gatekeeper(stored: StoredCluster) -> None:
    stored.put(POD_STATUSES, {"metadata": {"name": "x", "namespace": "gatekeeper-system"}})
    load(stored, manage_crds="true")
    assert stored.written() == [f"POST /{CRDS}"]
