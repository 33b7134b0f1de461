"""Resources that only Gatekeeper heeds: whom they touch is told, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from loading import Loading
from policybuilders import constraint, template
from storedcluster import CONSTRAINTS, CRDS, NAMESPACES, TEMPLATES, StoredCluster, resource

from audit.aggregate import concerns
from audit.fields import gap_fields
from audit.standing.carry import Hidden
from constraints import Cause, Gap, Kind

EXPANSIONS = "apis/expansion.gatekeeper.sh/v1beta1/expansiontemplate"
PROVIDERS = "apis/externaldata.gatekeeper.sh/v1beta1/providers"
FOUND = [
    resource("templates.gatekeeper.sh/v1", "ConstraintTemplate", "constrainttemplates"),
    resource("expansion.gatekeeper.sh/v1beta1", "ExpansionTemplate", "expansiontemplate"),
    resource("externaldata.gatekeeper.sh/v1beta1", "Provider", "providers"),
    resource("connection.gatekeeper.sh/v1alpha1", "Connection", "connections", namespaced=True),
    resource("mutations.gatekeeper.sh/v1", "Assign", "assign"),
]
ASKING = 'package x\nviolation[{"msg": msg}] { external_data({"provider": "p", "keys": []}); msg := "x" }'


@pytest.fixture
def stored() -> StoredCluster:
    """Three constraints on Pods: of generated ones, of original ones, of all; and one on Services."""
    made = StoredCluster()
    made.put(TEMPLATES, template())
    made.put(CRDS)
    made.put(NAMESPACES)
    for path in (EXPANSIONS, PROVIDERS):
        made.put(path)
    pods = [{"apiGroups": [""], "kinds": ["Pod"]}]
    made.put(
        f"{CONSTRAINTS}/k8stest",
        constraint("generated", match={"source": "Generated"}),
        constraint("original", match={"source": "Original", "kinds": pods}),
        constraint("any", match={"kinds": pods}),
        constraint("services", match={"kinds": [{"apiGroups": [""], "kinds": ["Service"]}]}),
    )
    return made


def expansion(name: str, kind: Any = "Pod") -> dict[str, Any]:
    made = {"group": "", "version": "v1", "kind": kind}
    return {"metadata": {"name": name}, "spec": {"applyTo": [], "generatedGVK": made}}


def gaps(stored: StoredCluster) -> list[Gap]:
    return [gap for gap in Loading(stored.client).load(FOUND).gaps if gap.cause is Cause.UNSUPPORTED]


def test_without_such_objects_nothing_is_said(stored: StoredCluster) -> None:
    assert gaps(stored) == []


def policies(gap: Gap) -> tuple[str, ...]:
    return gap.policies or (gap.policy,)


def test_who_could_match_what_is_generated_is_told_once_with_all_that_generate(stored: StoredCluster) -> None:
    stored.put(EXPANSIONS, *(expansion(f"e{number}") for number in range(7)))
    found = {policies(gap): gap for gap in gaps(stored)}
    assert sorted(found) == [("K8sTest/any",), ("K8sTest/generated",)]
    assert found["K8sTest/any",].message == (
        "constraint K8sTest/any: ExpansionTemplate e0, e1, e2, e3, e4 and 2 more: what they generate is not audited here"
    )
    assert {gap.reason for gap in found.values()} == {"Unsupported"}


def test_many_constraints_that_could_match_make_one_gap_that_concerns_each_of_them(stored: StoredCluster) -> None:
    stored.put(f"{CONSTRAINTS}/k8stest", *(constraint(f"c{number}") for number in range(7)))
    stored.put(EXPANSIONS, expansion("e"), expansion("f", "Job"))
    loaded = Loading(stored.client).load(FOUND)
    [gap] = [gap for gap in loaded.gaps if gap.cause is Cause.UNSUPPORTED and gap.kind]
    assert gap.message == (
        "constraints K8sTest/any, K8sTest/c0, K8sTest/c1, K8sTest/c2, K8sTest/c3 and 3 more: "
        "ExpansionTemplate e, f: what they generate is not audited here"
    )
    concerned = [each.key for each in loaded.records if each.constraint and concerns(gap, each.constraint)]
    assert (
        concerned == gap_fields(gap)["gap_policies"] == ["K8sTest/any", *(f"K8sTest/c{number}" for number in range(7))]
    )


def test_results_about_what_is_there_do_not_get_old_by_it_but_those_about_generated_objects_stand(
    stored: StoredCluster,
) -> None:
    stored.put(EXPANSIONS, expansion("e"))
    found = {gap.policy: gap for gap in gaps(stored)}
    assert not Hidden.of([found["K8sTest/any"]])
    assert Hidden.of([found["K8sTest/generated"]]).covers((Kind("apps", "v1", "Deployment"), "shop"))


@pytest.mark.parametrize("kind", [7, None])
def test_an_expansion_that_makes_no_sense_touches_who_is_about_generated_objects(
    kind: Any, stored: StoredCluster
) -> None:
    stored.put(EXPANSIONS, expansion("e", kind) | ({} if kind else {"spec": kind}))
    assert "K8sTest/generated" in [gap.policy for gap in gaps(stored)]


def test_expansions_that_cannot_be_listed_may_concern_all_but_those_about_originals_only(stored: StoredCluster) -> None:
    stored.faults["GET", "expansiontemplate.expansion.gatekeeper.sh"] = 403
    found = gaps(stored)
    assert sorted(map(policies, found)) == [("K8sTest/any", "K8sTest/services"), ("K8sTest/generated",)]
    assert all("expansiontemplate could not be listed (" in gap.message for gap in found)


def test_providers_are_missed_by_templates_that_would_ask_them(stored: StoredCluster) -> None:
    stored.put(PROVIDERS, {"metadata": {"name": "p"}})
    assert gaps(stored) == []
    stored.put(TEMPLATES, template("K8sAsking", ASKING))
    [gap] = gaps(stored)
    assert gap.policy == "K8sAsking"
    assert gap.message == (
        "constraints of kind K8sAsking: Provider p: their policy asks providers, and they are not asked here"
    )


def test_a_policy_that_asks_providers_is_refused_with_or_without_them(stored: StoredCluster) -> None:
    stored.put(TEMPLATES, template("K8sAsking", ASKING))
    stored.put(f"{CONSTRAINTS}/k8sasking", constraint("one", "K8sAsking"))
    loaded = Loading(stored.client).load(FOUND)
    assert [(gap.cause, gap.policy) for gap in loaded.gaps] == [
        (Cause.TEMPLATE, "K8sAsking"),
        (Cause.CONSTRAINT, "K8sAsking/one"),
    ]
    assert "rego_type_error: undefined function external_data" in loaded.gaps[0].message


def test_several_templates_that_would_ask_providers_make_one_gap(stored: StoredCluster) -> None:
    stored.put(PROVIDERS, {"metadata": {"name": "p"}})
    stored.put(TEMPLATES, template("K8sAsking", ASKING), template("K8sBegging", ASKING))
    [gap] = gaps(stored)
    assert (gap.policies, gap.message.partition(":")[0]) == (
        ("K8sAsking", "K8sBegging"),
        "constraints of kinds K8sAsking, K8sBegging",
    )
