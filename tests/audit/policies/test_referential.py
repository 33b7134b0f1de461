"""Which kinds data.inventory is made of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.policies.referential import Shortfall, gaps, wanted
from constraints import Cause, Gap, Kind

POD = Kind("", "v1", "Pod")
INGRESS = Kind("networking.k8s.io", "v1", "Ingress")


def config(*rows: Any) -> dict[str, Any]:
    return {"spec": {"sync": {"syncOnly": list(rows)}}}


def sync_set(name: str, *rows: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"gvks": list(rows)}}


def row(kind: Kind) -> dict[str, str]:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def test_the_union_of_config_and_sync_sets_names_each_kind_once() -> None:
    sync = wanted(config(row(INGRESS), row(POD)), [sync_set("a", row(POD)), sync_set("b", row(INGRESS))])
    assert sync.kinds == (POD, INGRESS)
    assert sync.problems == ()


def test_a_missing_group_is_the_core_group() -> None:
    assert wanted(None, [sync_set("a", {"version": "v1", "kind": "Pod"})]).kinds == (POD,)


def test_versions_are_kinds_of_their_own() -> None:
    old = Kind("networking.k8s.io", "v1beta1", "Ingress")
    assert wanted(config(row(old), row(INGRESS)), []).kinds == (INGRESS, old)


@pytest.mark.parametrize(
    "absent", [None, {}, {"spec": None}, {"spec": {"sync": {}}}, {"spec": {"sync": {"syncOnly": None}}}]
)
def test_nothing_is_wanted_without_rows(absent: dict[str, Any] | None) -> None:
    assert wanted(absent, [{"metadata": {"name": "a"}}]).kinds == ()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"version": "v1"}, 'SyncSet a: spec.gvks[1] must name a version and a kind, not {"version":"v1"}'),
        ("Pod", 'SyncSet a: spec.gvks[1] must name a version and a kind, not "Pod"'),
        (
            {"version": 1, "kind": "Pod"},
            'SyncSet a: spec.gvks[1] must name a version and a kind, not {"version":1,"kind":"Pod"}',
        ),
    ],
)
def test_a_bad_row_is_named_and_the_others_count(bad: Any, message: str) -> None:
    sync = wanted(None, [sync_set("a", row(POD), bad)])
    assert sync.kinds == (POD,)
    assert sync.problems == (Shortfall("InvalidSync", message),)


def test_rows_that_are_no_list_are_named() -> None:
    [problem] = wanted({"spec": {"sync": {"syncOnly": "Pod"}}}, []).problems
    assert problem.message == 'Config config: spec.sync.syncOnly must name a version and a kind, not "Pod"'


def test_a_trouble_is_a_gap_of_every_policy_that_reads_the_inventory() -> None:
    found = gaps([Shortfall("Forbidden", f"{INGRESS} could not be listed: no", INGRESS)], ["K8sA", "K8sB"])
    message = "data.inventory: networking.k8s.io/v1/Ingress could not be listed: no; needed by K8sA, K8sB"
    assert found == tuple(
        Gap(Cause.INVENTORY, "Forbidden", message, INGRESS, policy=policy) for policy in ("K8sA", "K8sB")
    )


@pytest.mark.parametrize(
    ("config", "sync_set", "where"),
    [
        ({"spec": "x"}, {}, 'Config config: spec must name a version and a kind, not "x"'),
        (
            {"spec": [row(POD)]},
            {},
            f"Config config: spec must name a version and a kind, not {json.dumps([row(POD)], separators=(',', ':'))}",
        ),
        ({"spec": {"sync": 7}}, {}, "Config config: spec.sync must name a version and a kind, not 7"),
        (None, {"spec": "x"}, 'SyncSet a: spec must name a version and a kind, not "x"'),
    ],
)
def test_what_stands_in_the_way_of_rows_is_named(
    config: dict[str, Any] | None, sync_set: dict[str, Any], where: str
) -> None:
    sync = wanted(config, [{"metadata": {"name": "a"}, **sync_set}])
    assert (sync.kinds, sync.problems) == ((), (Shortfall("InvalidSync", where),))
