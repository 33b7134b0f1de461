"""What a run holds objects against is read from the cluster; what cannot be read is kept from the run before, and
said.
"""

from __future__ import annotations

from typing import Any

import pytest
from loading import FOUND, entry, keys, load, policies, with_template
from policybuilders import BAD_REGO, INVENTORY_REGO, alien_template, constraint, template
from storedcluster import (
    CONFIGS,
    CONSTRAINTS,
    CRDS,
    SYNC_SETS,
    TEMPLATES,
    StoredCluster,
    resource,
)

from constraints import Cause, Gap, Kind

TEMPLATES_WORD = "constrainttemplates.templates.gatekeeper.sh"
TESTS_WORD = "k8stest.constraints.gatekeeper.sh"


@pytest.fixture
def stored() -> StoredCluster:
    return with_template()


def pod(name: str, namespace: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": namespace}}


def config(namespace: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "config", "namespace": namespace}, "spec": spec}


# Templates and constraints


def test_templates_and_their_constraints_are_loaded(stored: StoredCluster) -> None:
    stored.put(f"{CONSTRAINTS}/k8stest", constraint("one"), constraint("two"), constraint("three"))
    loaded = load(stored)
    assert keys(loaded) == ["K8sTest/one", "K8sTest/three", "K8sTest/two"]
    assert sorted(loaded.engine.constraints) == keys(loaded)
    assert loaded.gaps == ()
    assert [each.name for each in loaded.templates.ingestions] == ["k8stest"]


def test_a_second_run_compiles_and_writes_nothing(stored: StoredCluster) -> None:
    stored.put(f"{CONSTRAINTS}/k8stest", constraint())
    known = policies(stored)
    first = known.load(FOUND)
    writes = stored.written()
    second = known.load(FOUND)
    assert (second.templates.ingestions, second.gaps) == ((), ())
    assert second.engine is first.engine
    assert second.records[0].constraint is first.records[0].constraint
    assert stored.written() == writes


def test_a_template_in_error_is_a_gap_a_status_and_an_error_of_its_constraints(stored: StoredCluster) -> None:
    stored.put(TEMPLATES, template("K8sBad", BAD_REGO), alien_template())
    stored.put(f"{CONSTRAINTS}/k8sbad", constraint("one", "K8sBad"))
    loaded = load(stored)
    assert [(gap.cause, gap.reason, gap.policy) for gap in loaded.gaps] == [
        (Cause.TEMPLATE, "CompileError", "K8sBad"),
        (Cause.TEMPLATE, "NoEngine", "K8sOther"),
        (Cause.CONSTRAINT, "TemplateInError", "K8sBad/one"),
    ]
    bad = stored.get(TEMPLATES, "k8sbad")
    [error] = entry(bad)["errors"]
    assert "created" not in bad["status"]
    assert (error["code"], error["location"]) == ("ingest_error", "K8sBad/template:3:10")
    assert entry(stored.get(TEMPLATES, "k8sother"))["errors"][0]["code"] == "ingest_error"
    [in_error] = entry(stored.get(f"{CONSTRAINTS}/k8sbad", "one"))["errors"]
    assert in_error["message"].startswith("its ConstraintTemplate k8sbad is in error: ")
    assert list(loaded.engine.templates) == ["K8sTest"]


def test_constraints_of_a_missing_template_are_gaps(stored: StoredCluster) -> None:
    stored.put(f"{CONSTRAINTS}/k8sgone", constraint("one", "K8sGone"))
    gone = resource("constraints.gatekeeper.sh/v1beta1", "K8sGone", "k8sgone")
    loaded = policies(stored).load([*FOUND, gone])
    [gap] = loaded.gaps
    assert (gap.cause, gap.policy) == (Cause.CONSTRAINT, "K8sGone/one")
    assert "no template defines kind" in entry(stored.get(f"{CONSTRAINTS}/k8sgone", "one"))["errors"][0]["message"]


def test_constraints_are_listed_in_the_version_that_is_served(stored: StoredCluster) -> None:
    old = resource("constraints.gatekeeper.sh/v1alpha1", "K8sTest", "k8stest")
    stored.put("apis/constraints.gatekeeper.sh/v1alpha1/k8stest", constraint())
    [record] = policies(stored, manage_crds="false").load([*FOUND, old]).records
    assert record.resource == old
    assert record.obj["apiVersion"] == "constraints.gatekeeper.sh/v1alpha1"


@pytest.mark.parametrize("version", ["v1beta1", "v1alpha1"])
def test_templates_are_read_in_any_version_that_is_served(version: str, stored: StoredCluster) -> None:
    path = TEMPLATES.replace("v1", version)
    stored.put(path, *stored.collections.pop(TEMPLATES).values())
    loaded = policies(stored).load([])
    assert list(loaded.engine.templates) == ["K8sTest"]
    assert stored.get(path, "k8stest")["status"]["created"] is True


def test_a_cluster_without_templates_has_nothing_to_audit_and_says_so(stored: StoredCluster) -> None:
    del stored.collections[TEMPLATES]
    loaded = policies(stored).load([])
    message = "the cluster does not serve templates.gatekeeper.sh: there are no policies, and nothing is audited"
    assert loaded.gaps == (Gap(Cause.TEMPLATE, "NotServed", message),)
    assert (loaded.records, dict(loaded.engine.templates)) == ((), {})


# What cannot be read


@pytest.mark.parametrize("status", [403, 503])
def test_templates_that_cannot_be_listed_are_those_of_the_last_run(stored: StoredCluster, status: int) -> None:
    stored.put(f"{CONSTRAINTS}/k8stest", constraint())
    known = policies(stored)
    known.load(FOUND)
    stored.faults["GET", TEMPLATES_WORD] = status
    loaded = known.load(FOUND)
    [gap] = loaded.gaps
    assert (gap.cause, gap.policy, gap.kind) == (Cause.TEMPLATE, "", None)
    assert gap.message.startswith("ConstraintTemplates could not be listed, those of the last run are used: ")
    assert [record.constraint is not None for record in loaded.records] == [True]


def test_without_a_last_run_constraints_wait_for_their_templates(stored: StoredCluster) -> None:
    stored.put(f"{CONSTRAINTS}/k8stest", constraint())
    stored.faults["GET", TEMPLATES_WORD] = 403
    found = resource("constraints.gatekeeper.sh/v1beta1", "K8sTest", "k8stest")
    loaded = policies(stored).load([*FOUND, found])
    [record] = loaded.records
    assert record.constraint is None
    assert [gap.reason for gap in loaded.gaps] == ["Forbidden", "TemplateInError"]
    assert loaded.gaps[0].message.startswith("ConstraintTemplates could not be listed, there are none to audit with: ")
    assert loaded.gaps[1].message == "constraint K8sTest/one: the ConstraintTemplates could not be listed"
    assert stored.written() == []


def test_constraints_that_cannot_be_listed_are_those_of_the_last_run(stored: StoredCluster) -> None:
    stored.put(f"{CONSTRAINTS}/k8stest", constraint())
    known = policies(stored)
    known.load(FOUND)
    stored.faults["GET", TESTS_WORD] = 503
    loaded = known.load(FOUND)
    [gap] = loaded.gaps
    assert (gap.cause, gap.policy, gap.reason) == (Cause.CONSTRAINT, "K8sTest", "ServerError")
    assert gap.message.startswith("constraints of kind K8sTest could not be listed, those of the last run are used: ")
    assert keys(loaded) == ["K8sTest/one"]


def test_one_kind_that_cannot_be_listed_does_not_stop_the_others(stored: StoredCluster) -> None:
    stored.put(TEMPLATES, template("K8sMore"))
    stored.put(f"{CONSTRAINTS}/k8smore", constraint("one", "K8sMore"))
    stored.faults["GET", TESTS_WORD] = 403
    loaded = load(stored)
    assert keys(loaded) == ["K8sMore/one"]
    assert [(gap.reason, gap.policy) for gap in loaded.gaps] == [("Forbidden", "K8sTest")]
    assert "constraints of kind K8sTest could not be listed, none of them is audited: " in loaded.gaps[0].message


def test_a_page_that_is_no_list_is_a_gap(stored: StoredCluster) -> None:
    stored.documents[f"/{TEMPLATES}"] = {"items": "none"}
    [gap] = load(stored).gaps
    assert (gap.cause, gap.reason) == (Cause.TEMPLATE, "BadBody")
    assert gap.message == (
        "ConstraintTemplates could not be listed, there are none to audit with: "
        "page 1 of templates.gatekeeper.sh/v1/ConstraintTemplate: GET /apis/templates.gatekeeper.sh/v1/constrainttemplates"
        "?limit=2: the reply is an object without kind, not a list of templates.gatekeeper.sh/v1/ConstraintTemplate"
    )


# CRDs, and Gatekeeper's own controller


def test_a_definition_that_is_there_but_whose_kind_is_not_served_is_a_gap(stored: StoredCluster) -> None:
    load(stored)
    del stored.collections[f"{CONSTRAINTS}/k8stest"]
    [gap] = load(stored).gaps
    assert (gap.cause, gap.reason, gap.policy) == (Cause.TEMPLATE, "NotServed", "K8sTest")


def test_constraints_that_are_not_served_any_more_are_those_of_the_last_run(stored: StoredCluster) -> None:
    known = policies(stored)
    known.load(FOUND)
    stored.put(f"{CONSTRAINTS}/k8stest", constraint())
    assert known.load(FOUND).gaps == ()
    lost = stored.collections.pop(f"{CONSTRAINTS}/k8stest")
    loaded = known.load(FOUND)
    assert [(gap.cause, gap.reason, gap.policy) for gap in loaded.gaps] == [(Cause.CONSTRAINT, "NotFound", "K8sTest")]
    assert keys(loaded) == ["K8sTest/one"]
    stored.collections[f"{CONSTRAINTS}/k8stest"] = lost
    assert known.load(FOUND).gaps == ()


@pytest.mark.parametrize("is_defined", [True, False])
def test_templates_are_gone_only_when_their_definition_is(is_defined: bool, stored: StoredCluster) -> None:
    known = policies(stored)
    known.load(FOUND)
    del stored.collections[TEMPLATES]
    if is_defined:
        stored.put(CRDS, {"metadata": {"name": "constrainttemplates.templates.gatekeeper.sh"}})
    loaded = known.load(FOUND)
    assert [gap.reason for gap in loaded.gaps] == ["NotFound" if is_defined else "NotServed"]
    assert bool(loaded.engine.templates) is is_defined


# Config, Namespaces and the inventory


def test_namespaces_are_all_pages_by_name(stored: StoredCluster) -> None:
    found = load(stored).namespaces.listed
    assert sorted(found) == ["a", "b", "c"]
    assert (found["a"]["kind"], found["a"]["metadata"]["labels"]) == ("Namespace", {"name": "a"})


def excluding(pattern: str) -> list[dict[str, Any]]:
    return [{"processes": ["audit"], "excludedNamespaces": [pattern]}]


def test_the_config_beside_this_pod_comes_before_that_of_gatekeeper(stored: StoredCluster) -> None:
    stored.put(CONFIGS, config("gatekeeper-system", match=excluding("a")), config("elsewhere", match=excluding("c")))
    assert load(stored).exclusion.test()(pod("p", "a"))
    stored.put(CONFIGS, config("patrol", match=excluding("b")))
    loaded = load(stored)
    assert [loaded.exclusion.test()(pod("p", name)) for name in "abc"] == [False, True, False]


def test_a_config_that_cannot_be_read_is_that_of_the_last_run(stored: StoredCluster) -> None:
    stored.put(CONFIGS, config("patrol", match=excluding("a")))
    known = policies(stored)
    known.load(FOUND)
    stored.faults["GET", "configs.config.gatekeeper.sh"] = 403
    loaded = known.load(FOUND)
    assert loaded.exclusion.test()(pod("p", "a"))
    assert [(gap.cause, gap.reason, gap.kind) for gap in loaded.gaps] == [(Cause.CONFIG, "Forbidden", None)]
    assert loaded.gaps[0].message.startswith("Config config could not be read, the last one is used: ")


def test_a_config_with_a_mistake_is_a_gap(stored: StoredCluster) -> None:
    stored.put(CONFIGS, config("patrol", match=[7]))
    message = "Config config: spec.match[0] must be an object, not 7"
    assert load(stored).gaps == (Gap(Cause.CONFIG, "InvalidConfig", message),)


@pytest.fixture
def referential(stored: StoredCluster) -> StoredCluster:
    stored.put(TEMPLATES, template("K8sUnique", INVENTORY_REGO))
    stored.put(f"{CONSTRAINTS}/k8sunique", constraint("one", "K8sUnique"))
    stored.put("api/v1/pods", pod("p", "a"), pod("q", "b"), pod("r", "b"))
    stored.put(SYNC_SETS, {"metadata": {"name": "s"}, "spec": {"gvks": [{"version": "v1", "kind": "Pod"}]}})
    return stored


def test_the_inventory_holds_what_is_synced_and_not_excluded(referential: StoredCluster) -> None:
    match = [{"processes": ["sync"], "excludedNamespaces": ["a"]}]
    sync = {"syncOnly": [{"group": "", "version": "v1", "kind": "Namespace"}]}
    referential.put(CONFIGS, config("patrol", match=match, sync=sync))
    tree = load(referential).inventory.tree
    assert {name: sorted(found["v1"]["Pod"]) for name, found in tree["namespace"].items()} == {"b": ["q", "r"]}
    assert sorted(tree["cluster"]["v1"]["Namespace"]) == ["b", "c"]
    assert tree["namespace"]["b"]["v1"]["Pod"]["q"]["kind"] == "Pod"


def test_what_was_synced_is_counted_by_kind_also_where_there_is_nothing_of_one(referential: StoredCluster) -> None:
    gvks = [{"version": "v1", "kind": "Pod"}, {"version": "v1", "kind": "Secret"}]
    referential.put(SYNC_SETS, {"metadata": {"name": "s"}, "spec": {"gvks": gvks}})
    synced = load(referential).synced
    assert synced is not None
    assert synced.objects == {"Pod": 3, "Secret": 0}
    assert synced.seconds > 0


def test_the_inventory_is_only_listed_for_those_that_read_it(referential: StoredCluster) -> None:
    del referential.collections[TEMPLATES]["/k8sunique"]
    loaded = load(referential)
    assert loaded.inventory.tree == {}
    assert loaded.synced is None
    assert not [
        request for request in referential.asked if request.resource in ("pods", "syncsets.syncset.gatekeeper.sh")
    ]


def test_a_synced_kind_that_cannot_be_listed_is_a_gap_of_those_that_need_it(referential: StoredCluster) -> None:
    referential.put(SYNC_SETS, {"metadata": {"name": "t"}, "spec": {"gvks": [{"version": "v1", "kind": "Secret"}]}})
    referential.documents["/api/v1"] = {"resources": [{"name": "pods", "kind": "Pod", "verbs": ["list"]}]}
    referential.faults["GET", "pods"] = 403
    loaded = load(referential)
    assert [(gap.cause, gap.reason, gap.kind, gap.policy) for gap in loaded.gaps] == [
        (Cause.INVENTORY, "Forbidden", Kind("", "v1", "Pod"), "K8sUnique"),
        (Cause.INVENTORY, "NotServed", Kind("", "v1", "Secret"), "K8sUnique"),
    ]
    assert loaded.gaps[1].message == (
        "data.inventory: v1/Secret is not served by the cluster, or cannot be listed; needed by K8sUnique"
    )


def test_a_version_that_is_not_preferred_is_synced_as_it_is(referential: StoredCluster) -> None:
    old = {"group": "networking.k8s.io", "version": "v1beta1", "kind": "Ingress"}
    referential.put(SYNC_SETS, {"metadata": {"name": "s"}, "spec": {"gvks": [old]}})
    row = {"name": "ingresses", "kind": "Ingress", "namespaced": True, "verbs": ["list"]}
    referential.documents["/apis/networking.k8s.io/v1beta1"] = {"resources": [{"name": "ingresses/status"}, row]}
    referential.put("apis/networking.k8s.io/v1beta1/ingresses", pod("i", "a"))
    tree = load(referential).inventory.tree
    assert list(tree["namespace"]["a"]["networking.k8s.io/v1beta1"]["Ingress"]) == ["i"]


def test_sync_sets_that_cannot_be_listed_are_a_gap(referential: StoredCluster) -> None:
    referential.faults["GET", "syncsets.syncset.gatekeeper.sh"] = 403
    [gap] = load(referential).gaps
    assert (gap.cause, gap.policy) == (Cause.INVENTORY, "K8sUnique")
    assert gap.message.startswith("data.inventory: SyncSets could not be listed, and never were: ")


@pytest.mark.parametrize("word", ["pods", "syncsets.syncset.gatekeeper.sh"])
def test_what_cannot_be_synced_is_that_of_the_last_run_or_whoever_needs_it_is_not_asked(
    word: str, referential: StoredCluster
) -> None:
    cold = policies(referential)
    referential.faults["GET", word] = 403
    loaded = cold.load(FOUND)
    assert (loaded.inventory.partial, [gap.policy for gap in loaded.gaps]) == (True, ["K8sUnique"])
    del referential.faults["GET", word]
    loaded = cold.load(FOUND)
    assert (loaded.inventory.partial, loaded.gaps) == (False, ())
    tree = loaded.inventory.tree
    referential.faults["GET", word] = 403
    loaded = cold.load(FOUND)
    assert (loaded.inventory.partial, loaded.inventory.tree) == (False, tree)
    [gap] = loaded.gaps
    assert ", those of the last run are used: " in gap.message


def test_a_kind_that_is_not_served_any_more_has_no_objects_in_the_inventory(referential: StoredCluster) -> None:
    known = policies(referential)
    assert known.load(FOUND).inventory.tree
    loaded = known.load([each for each in FOUND if each.kind.kind != "Pod"])
    assert (loaded.inventory.tree, loaded.inventory.partial) == ({}, False)
    assert [gap.reason for gap in loaded.gaps] == ["NotServed"]


def test_without_a_config_that_was_read_nothing_in_a_namespace_is_audited(referential: StoredCluster) -> None:
    referential.faults["GET", "configs.config.gatekeeper.sh"] = 403
    loaded = load(referential)
    assert [(gap.cause, gap.reason, gap.policy) for gap in loaded.gaps] == [
        (Cause.NAMESPACE, "ConfigUnknown", ""),
        (Cause.INVENTORY, "ConfigUnknown", "K8sUnique"),
    ]
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}
    assert [loaded.exclusion.test()(item) for item in (pod("p", "a"), home, node)] == [True, True, False]
    assert loaded.inventory.partial


def test_without_referential_rules_the_template_is_in_error(referential: StoredCluster) -> None:
    loaded = load(referential, referential=False)
    assert [(gap.cause, gap.policy) for gap in loaded.gaps] == [
        (Cause.TEMPLATE, "K8sUnique"),
        (Cause.CONSTRAINT, "K8sUnique/one"),
    ]
    assert loaded.inventory.tree == {}
