"""Kinds that constraints name, and that the cluster does not serve."""

from __future__ import annotations

from typing import Any

import pytest
from policybuilders import constraint, template

from audit.model import Catalogue, Resource
from audit.policies.unserved import unserved
from constraints import Cause, Constraint, Engine, Gap, Kind

LISTED = tuple(
    Resource(Kind.of(api_version, kind), plural, True, ("get", "list"))
    for api_version, kind, plural in [
        ("v1", "Pod", "pods"),
        ("v1", "Service", "services"),
        ("apps/v1", "Deployment", "deployments"),
        ("apps/v1", "DaemonSet", "daemonsets"),
        ("networking.k8s.io/v1", "Ingress", "ingresses"),
        ("example.com/v1", "Widget", "widgets"),
    ]
)
CATALOGUE = Catalogue(LISTED, frozenset((Kind("a", "v1", "Odd"),)), frozenset((Kind("", "v1", "PodExecOptions"),)))


def matching(*entries: dict[str, Any]) -> Constraint:
    engine = Engine()
    engine.add_template(template())
    return engine.add_constraint(constraint() | {"spec": {"match": {"kinds": list(entries)}}})


def entry(groups: list[str] | None, *kinds: str) -> dict[str, Any]:
    return {"kinds": list(kinds), **({} if groups is None else {"apiGroups": groups})}


def said(*entries: dict[str, Any], catalogue: Catalogue = CATALOGUE) -> list[str]:
    before = "constraint K8sTest/one: spec.match.kinds names "
    gaps = unserved([matching(*entries)], catalogue)
    assert {(gap.cause, gap.reason, gap.policy) for gap in gaps} <= {(Cause.DISCOVERY, "KindNotServed", "K8sTest/one")}
    return [gap.message.removeprefix(before) for gap in gaps]


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="every kind"),
        pytest.param([entry([""], "Pod"), entry(["apps"], "Deployment")], id="what is served"),
        pytest.param([entry(["extensions", "networking.k8s.io"], "Ingress")], id="one of two groups is enough"),
        pytest.param([entry(["extensions"], "Ingress"), entry(["networking.k8s.io"], "Ingress")], id="in two entries"),
        pytest.param([entry(["", "apps"], "Pod", "Deployment", "DaemonSet")], id="not every pair is meant"),
        pytest.param([entry(["*"], "*"), entry(["nowhere.io"], "*")], id="wildcards name nothing"),
        pytest.param([entry([""], "PodExecOptions")], id="a request, of which nothing is ever stored"),
        pytest.param([entry(["*"], "Widget"), entry(None, "Widget")], id="in any group"),
    ],
)
def test_nothing_is_said_of(entries: list[dict[str, Any]]) -> None:
    assert said(*entries) == []


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (entry(["apps"], "Deployments"), "Deployments of the API group apps, but the cluster does not serve it; is Deployment meant?"),
        (entry([""], "pod"), "pod of the API group core, but the cluster does not serve it; is Pod meant?"),
        (entry(["apps"], "Daemonset"), "Daemonset of the API group apps, but the cluster does not serve it; is DaemonSet meant?"),
        (entry(["extensions"], "Ingress"), "Ingress of the API group extensions, but Ingress is served in networking.k8s.io"),
        (entry(["apps"], "Pod"), "Pod of the API group apps, but Pod is served in core"),
        (entry(["*"], "Gateway"), "Gateway, but the cluster does not serve it"),
        (entry(["a"], "Odd"), "Odd of the API group a, but the API server does not list it"),
    ],
)  # fmt: skip
def test_what_is_served_nowhere_is_a_gap(named: dict[str, Any], message: str) -> None:
    assert said(named) == [message]


def test_each_group_that_was_meant_is_named_so_that_its_results_stand() -> None:
    gaps = unserved([matching(entry(["old.example.com", "new.example.com"], "Gadget"))], CATALOGUE)
    assert [gap.kind for gap in gaps] == [Kind("old.example.com", "", "Gadget"), Kind("new.example.com", "", "Gadget")]
    [gap] = unserved([matching(entry(["*"], "Gadget"))], CATALOGUE)
    assert gap.kind == Kind("*", "", "Gadget")


@pytest.mark.parametrize(
    ("hidden", "group", "count"),
    [
        (Kind("b", "v1", ""), "b", 0),
        (Kind("b", "v1", ""), "*", 0),
        (Kind("b", "v1", ""), "c", 1),
        (Kind("b", "v1", "Gadget"), "b", 0),
        (Kind("b", "v1", "Other"), "b", 1),
        (None, "b", 0),
    ],
)
def test_what_discovery_could_not_tell_is_not_said_twice(hidden: Kind | None, group: str, count: int) -> None:
    blind = Catalogue(LISTED, gaps=(Gap(Cause.DISCOVERY, "Stale", "", hidden),))
    assert len(said(entry([group], "Gadget"), catalogue=blind)) == count
