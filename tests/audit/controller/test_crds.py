"""One CRD for each template, unless somebody else looks after it."""

from __future__ import annotations

from copy import deepcopy
from threading import Event
from typing import Any

import pytest
from policybuilders import template
from storedcluster import CRDS, StoredCluster

from audit.controller.crds import DIGEST, MANAGED_BY, OURS, ConstraintCrds, Wait, desired_crd, outdated, updated_crd
from audit.errors import Forbidden
from constraints import Template

NAME = "k8stest.constraints.gatekeeper.sh"


@pytest.fixture
def stored() -> StoredCluster:
    made = StoredCluster()
    made.put(CRDS)
    return made


def parsed(**more: Any) -> Template:
    return Template.parse(template(**more))


def changed() -> Template:
    obj = template()
    obj["spec"]["crd"]["spec"]["names"]["shortNames"] = ["kt"]
    return Template.parse(obj)


def crds(
    stored: StoredCluster, manage: str = "auto", seconds: float = 0.0, stop: Event | None = None
) -> ConstraintCrds:
    return ConstraintCrds(stored.client, manage, Wait(seconds, stop or Event()))


def foreign(**labels: str) -> dict[str, Any]:
    made = desired_crd(parsed())
    made["metadata"]["labels"] = {"gatekeeper.sh/constraint": "yes", **labels}
    made["metadata"]["annotations"] = {"theirs": "kept"}
    made["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
    return made


def test_a_missing_crd_is_created_with_our_mark(stored: StoredCluster) -> None:
    assert crds(stored).ensure([parsed()]) == {}
    made = stored.get(CRDS, NAME)
    assert made["metadata"]["labels"] == {"gatekeeper.sh/constraint": "yes", MANAGED_BY: OURS}
    assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-K8sTest"
    assert made["spec"]["names"]["kind"] == "K8sTest"


def test_nothing_is_written_when_nothing_changed(stored: StoredCluster) -> None:
    crds(stored).ensure([parsed()])
    writes = stored.written()
    assert crds(stored).ensure([parsed()]) == {}
    assert stored.written() == writes == [f"POST /{CRDS}"]


def test_our_crd_follows_its_template(stored: StoredCluster) -> None:
    crds(stored).ensure([parsed()])
    assert crds(stored).ensure([changed()]) == {}
    assert stored.get(CRDS, NAME)["spec"]["names"]["shortNames"] == ["kt"]
    assert stored.written()[-1] == f"PUT /{CRDS}/{NAME}"


def test_auto_leaves_the_crd_of_another_controller_alone(stored: StoredCluster) -> None:
    stored.put(CRDS, foreign())
    assert crds(stored).ensure([changed()]) == {}
    assert stored.written() == []


def test_true_takes_over_the_crd_of_another_controller(stored: StoredCluster) -> None:
    stored.put(CRDS, foreign(theirs="kept"))
    assert crds(stored, "true").ensure([changed()]) == {}
    taken = stored.get(CRDS, NAME)
    assert taken["spec"]["names"]["shortNames"] == ["kt"]
    assert taken["metadata"]["labels"] == {"gatekeeper.sh/constraint": "yes", "theirs": "kept", MANAGED_BY: OURS}
    assert taken["metadata"]["annotations"]["theirs"] == "kept"


def test_a_crd_without_the_label_is_found_when_it_cannot_be_created(stored: StoredCluster) -> None:
    unlabelled = foreign()
    unlabelled["metadata"]["labels"] = {}
    stored.put(CRDS, unlabelled)
    assert crds(stored).ensure([changed()]) == {}
    assert stored.get(CRDS, NAME)["spec"] == unlabelled["spec"]


@pytest.mark.parametrize(
    ("manage", "label", "digest", "replaced"),
    [
        pytest.param("auto", OURS, "old", True, id="auto updates ours"),
        pytest.param("auto", "helm", "old", False, id="auto leaves others'"),
        pytest.param("true", "helm", "old", True, id="true updates others'"),
        pytest.param("true", OURS, "", False, id="what is as it should be stays"),
    ],
)
def test_a_crd_is_outdated(manage: str, label: str, digest: str, replaced: bool) -> None:
    desired = desired_crd(parsed())
    existing = deepcopy(desired)
    existing["metadata"]["labels"][MANAGED_BY] = label
    existing["metadata"]["annotations"][DIGEST] = digest or desired["metadata"]["annotations"][DIGEST]
    assert outdated(desired, existing, manage) is replaced


def test_an_update_carries_the_resource_version() -> None:
    existing = foreign() | {"metadata": {"name": NAME, "resourceVersion": "7"}}
    assert updated_crd(desired_crd(parsed()), existing)["metadata"]["resourceVersion"] == "7"


def test_a_refused_crd_is_a_template_error_and_the_others_go_on(stored: StoredCluster) -> None:
    stored.faults["POST", "customresourcedefinitions.apiextensions.k8s.io"] = 422
    stored.put(CRDS, foreign())
    problems = crds(stored).ensure([parsed(), parsed(kind="K8sNew")])
    assert list(problems) == ["K8sNew"]
    assert problems["K8sNew"].code == "create_error"
    assert str(problems["K8sNew"]) == (
        f"CRD k8snew.constraints.gatekeeper.sh could not be written: POST /{CRDS}: 422 Invalid: on request"
    )


def test_names_that_are_not_accepted_are_a_template_error(stored: StoredCluster) -> None:
    conditions = [{"type": "NamesAccepted", "status": "False", "message": '"kt" is already in use'}]
    stored.put(CRDS, foreign() | {"status": {"conditions": conditions}})
    problems = crds(stored, seconds=60).ensure([parsed()])
    assert str(problems["K8sTest"]) == f'CRD {NAME} is not served: its names are not accepted: "kt" is already in use'


def test_a_crd_that_is_not_established_in_time_is_a_template_error(stored: StoredCluster) -> None:
    stored.establishes = False
    problems = crds(stored, seconds=0.15).ensure([parsed()])
    assert str(problems["K8sTest"]) == f"CRD {NAME} is not served: not established after 0.15 s"


def test_a_stop_ends_the_wait(stored: StoredCluster) -> None:
    stored.establishes = False
    stop = Event()
    stop.set()
    problems = crds(stored, seconds=60, stop=stop).ensure([parsed()])
    assert str(problems["K8sTest"]) == f"CRD {NAME} is not served: the program is stopping"


def test_crds_that_cannot_be_listed_are_not_guessed_at(stored: StoredCluster) -> None:
    stored.faults["GET", "customresourcedefinitions.apiextensions.k8s.io"] = 403
    with pytest.raises(Forbidden, match="on request"):
        crds(stored).ensure([parsed()])
    assert stored.written() == []


def test_without_templates_nothing_is_asked(stored: StoredCluster) -> None:
    assert crds(stored).ensure([]) == {}
    assert stored.asked == []


@pytest.mark.parametrize("odd", ["x", 7, [1], {"conditions": "x"}, {"conditions": [7, {"type": []}]}])
def test_a_status_and_marks_that_make_no_sense_count_as_none(odd: Any, stored: StoredCluster) -> None:
    made = desired_crd(parsed())
    made["status"] = odd
    stored.put(CRDS, made)
    assert [problem.message for problem in crds(stored).ensure([parsed()]).values()] == [
        f"CRD {NAME} is not served: not established after 0 s"
    ]
    made["metadata"]["labels"] = made["metadata"]["annotations"] = odd
    assert not outdated(desired_crd(parsed()), made, "auto")
    assert outdated(desired_crd(parsed()), made, "true")
