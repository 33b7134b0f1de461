"""Templates and the CRDs made of them, as the real server stores, prunes and checks them."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from cluster.api import Api, Object, Refused
from cluster.deployed import Cluster
from cluster.policies import config_map, constraint, template

pytestmark = pytest.mark.cluster
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TEMPLATES = "/apis/templates.gatekeeper.sh/v1/constrainttemplates"
OWNED = constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"])
BROKEN = 'package broken\n\nviolation[{"msg": msg}] {\n  msg := sprintf("%v", [input.review.object)\n}\n'


@pytest.fixture(scope="module", autouse=True)
def policies(cluster: Cluster) -> None:
    cluster.load_policies([template("K8sTestLabels")], [OWNED])
    cluster.api.apply(config_map("unowned"))


@pytest.fixture(scope="module")
def crd(cluster: Cluster) -> Object:
    found: Object = cluster.api.get(f"{CRDS}/k8stestlabels.constraints.gatekeeper.sh")
    return found


def test_the_server_accepts_the_names_and_the_schema_of_a_constraint_crd(crd: Object) -> None:
    conditions = {condition["type"]: condition["status"] for condition in crd["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}  # a bad schema adds NonStructuralSchema


def test_a_constraint_crd_belongs_to_its_template(cluster: Cluster, crd: Object) -> None:
    (owner,) = crd["metadata"]["ownerReferences"]
    found = cluster.api.get(f"{TEMPLATES}/k8stestlabels")
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("ConstraintTemplate", found["metadata"]["uid"], True)
    assert crd["metadata"]["labels"]["gatekeeper.sh/constraint"] == "yes"
    assert crd["spec"]["names"]["categories"] == ["constraint", "constraints"]


def test_kubectl_shows_action_and_total_as_columns(cluster: Cluster) -> None:
    cluster.patrol().once()
    table = as_table(cluster.api, OWNED)
    columns = [column["name"] for column in table["columnDefinitions"]]
    row = dict(zip(columns, table["rows"][0]["cells"], strict=True))
    assert (row["Name"], row["enforcement-action"], row["total-violations"]) == ("owned", "deny", 1)


def test_the_enforcement_action_is_deny_by_default(cluster: Cluster) -> None:
    assert "enforcementAction" not in OWNED["spec"]
    assert cluster.api.get(cluster.api.path(OWNED))["spec"]["enforcementAction"] == "deny"


def test_unknown_fields_of_a_constraint_are_pruned_and_it_is_audited_without_them(cluster: Cluster) -> None:
    wrong = constraint("K8sTestLabels", "pruned", "ConfigMap", ["owner"], bogus={"a": 1})
    wrong["spec"]["match"]["bogus"] = True
    wrong["spec"]["parameters"]["bogus"] = "x"
    with pytest.raises(Refused, match=r"unknown field \\\"spec\.bogus\\\""):
        cluster.api.create(wrong, "?fieldValidation=Strict")
    stored = cluster.api.create(wrong)
    assert "bogus" not in str(stored["spec"])
    assert cluster.patrol().once().code == 0
    status = cluster.status(wrong)
    assert (status["totalViolations"], status["byPod"][0]["enforced"]) == (1, True)
    cluster.api.send("DELETE", cluster.api.path(wrong))


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        pytest.param("spec.match.source", "Sometimes", "Unsupported value", id="source is one of three"),
        pytest.param("spec.match.kinds", "Pod", "must be of type array", id="kinds is a list"),
        pytest.param("spec.match.namespaces", ["a*b"], "should match", id="a star stands at an end"),
        pytest.param("spec.match.name", "Pod.One", "should match", id="a name has no capitals"),
        pytest.param(
            "spec.parameters.labels", [1], "must be of type string", id="parameters have the template's schema"
        ),
        pytest.param("spec.enforcementAction", 1, "must be of type string", id="an action is a string"),
        pytest.param("metadata.name", "n" * 64, "may not be more than 63", id="a name has 63 characters at most"),
    ],
)
def test_the_server_refuses_constraints_that_break_the_schema(
    cluster: Cluster, path: str, value: Any, complaint: str
) -> None:
    wrong = constraint("K8sTestLabels", "wrong", "ConfigMap", ["owner"])
    *parents, last = path.split(".")
    place: Any = wrong
    for parent in parents:
        place = place[parent]
    place[last] = value
    with pytest.raises(Refused, match=complaint) as refused:
        cluster.api.create(wrong)
    assert refused.value.status == 422


def test_legacy_schemas_accept_parameters_that_they_do_not_describe(cluster: Cluster) -> None:
    schema = {"properties": {"labels": {"type": "array", "items": {}}, "more": {}}}
    old = template("K8sTestLegacy", parameters=schema)
    cluster.load_policies([{**old, "apiVersion": "templates.gatekeeper.sh/v1beta1"}], [])
    wide = constraint("K8sTestLegacy", "wide", "ConfigMap", ["owner"])
    wide["spec"]["parameters"]["more"] = {"anything": ["goes"]}
    assert cluster.api.apply(wide)["spec"]["parameters"]["more"] == {"anything": ["goes"]}
    assert cluster.patrol().once().code == 0
    assert cluster.status(wide)["totalViolations"] == 1


def test_a_template_with_an_error_says_where_and_the_others_go_on(cluster: Cluster) -> None:
    cluster.api.apply(template("K8sTestBroken", BROKEN))
    assert cluster.patrol().once().code == 3
    status = cluster.api.get(f"{TEMPLATES}/k8stestbroken")["status"]
    (error,) = status["byPod"][0]["errors"]
    assert error["code"] == "ingest_error"
    assert re.search(r":4:\d+$", error["location"])
    assert status.get("created", False) is False
    with pytest.raises(Refused, match="NotFound"):
        cluster.api.get(f"{CRDS}/k8stestbroken.constraints.gatekeeper.sh")
    assert cluster.status(OWNED)["totalViolations"] == 1


def test_a_repaired_template_is_used_in_the_next_run(cluster: Cluster) -> None:
    cluster.load_policies([template("K8sTestBroken")], [constraint("K8sTestBroken", "fixed", "ConfigMap", ["a", "b"])])
    assert cluster.patrol().once().code == 0
    status = cluster.api.get(f"{TEMPLATES}/k8stestbroken")["status"]
    assert status["created"] is True
    assert "errors" not in status["byPod"][0]
    assert cluster.status(constraint("K8sTestBroken", "fixed", "ConfigMap"))["totalViolations"] == 2


def test_a_crd_that_somebody_else_made_is_left_as_it_is(cluster: Cluster, crd: Object) -> None:
    foreign = renamed(crd, "K8sTestForeign")
    before = cluster.api.create(foreign)
    cluster.api.apply(template("K8sTestForeign"))
    theirs = constraint("K8sTestForeign", "theirs", "ConfigMap", ["owner"])
    cluster.api.apply(theirs)
    assert cluster.patrol().once().code == 0
    assert cluster.status(theirs)["totalViolations"] == 1
    after = cluster.api.get(cluster.api.path(foreign))
    assert (after["spec"], after["metadata"]["labels"]) == (before["spec"], before["metadata"]["labels"])


def renamed(crd: Object, kind: str) -> Object:
    """The same CRD for another kind, without what says that this program made it."""
    made = copy.deepcopy({key: crd[key] for key in ("apiVersion", "kind", "spec")})
    name = kind.lower()
    made["spec"]["names"] |= {"kind": kind, "listKind": f"{kind}List", "plural": name, "singular": name}
    labels = {"gatekeeper.sh/constraint": "yes"}
    return {**made, "metadata": {"name": f"{name}.constraints.gatekeeper.sh", "labels": labels}}


def as_table(api: Api, obj: Object) -> Object:
    """An object as `kubectl get` asks for it."""
    found: Object = api.send("GET", api.path(obj), accept="application/json;as=Table;v=v1;g=meta.k8s.io")
    return found
