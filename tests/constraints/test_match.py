"""`spec.match`, field by field; Gatekeeper's own answers are in tests/conformance/test_golden.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from constraints.errors import ConstraintError, MatchError
from constraints.match import compile_match, everything, takes_kind
from constraints.model import Review
from constraints.review import review_of, review_of_request

Obj = dict[str, Any]


def pod(**metadata: Any) -> Obj:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", **metadata}}


def namespace(name: str = "prod", **labels: str) -> Obj:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def node(**metadata: Any) -> Obj:
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", **metadata}}


IN_PROD = review_of(pod(namespace="prod", labels={"app": "web"}), namespace("prod", env="prod"))
UNKNOWN = review_of(pod(namespace="prod"))
A_NODE = review_of(node())
A_NAMESPACE = review_of(namespace("prod", env="prod"))
EMPTY_NAMESPACE = review_of(node(), {})
GENERATED = review_of(pod(name=None, generateName="web-", namespace="prod"))


@pytest.mark.parametrize(
    ("match", "review", "matches"),
    [
        pytest.param({}, A_NODE, True, id="no match takes everything"),
        pytest.param({"scope": "Cluster"}, A_NODE, True, id="a node is of the cluster"),
        pytest.param({"scope": "Cluster"}, A_NAMESPACE, True, id="a Namespace is of the cluster"),
        pytest.param({"scope": "Cluster"}, UNKNOWN, False, id="a Pod is not of the cluster"),
        pytest.param({"scope": "Cluster"}, EMPTY_NAMESPACE, False, id="an empty Namespace makes it namespaced"),
        pytest.param({"scope": "Namespaced"}, IN_PROD, True, id="a Pod is namespaced"),
        pytest.param({"scope": "Namespaced"}, A_NAMESPACE, False, id="a Namespace is not namespaced"),
        pytest.param({"scope": "cluster"}, IN_PROD, True, id="a scope with a typing error takes everything"),
        pytest.param({"namespaces": ["pr*"]}, IN_PROD, True, id="the name of its Namespace"),
        pytest.param({"namespaces": ["dev"]}, IN_PROD, False, id="another namespace"),
        pytest.param({"namespaces": ["prod"]}, UNKNOWN, True, id="an unknown Namespace still has a name"),
        pytest.param({"namespaces": ["prod"]}, A_NAMESPACE, True, id="a Namespace by its own name"),
        pytest.param({"namespaces": ["dev"]}, A_NODE, True, id="cluster-scoped objects are in every namespace"),
        pytest.param({"namespaces": ["dev"]}, EMPTY_NAMESPACE, False, id="an empty Namespace has the empty name"),
        pytest.param({"namespaces": []}, IN_PROD, True, id="an empty list is absent"),
        pytest.param({"excludedNamespaces": ["prod"]}, IN_PROD, False, id="an excluded namespace"),
        pytest.param({"excludedNamespaces": ["*"]}, A_NODE, True, id="cluster-scoped objects are never excluded"),
        pytest.param({"excludedNamespaces": ["*"]}, A_NAMESPACE, False, id="a Namespace is excluded by its own name"),
        pytest.param({"labelSelector": {"matchLabels": {"app": "web"}}}, IN_PROD, True, id="the object's labels"),
        pytest.param({"labelSelector": {"matchLabels": {"app": "web"}}}, UNKNOWN, False, id="no labels"),
        pytest.param({"namespaceSelector": {"matchLabels": {"env": "prod"}}}, IN_PROD, True, id="its Namespace's labels"),
        pytest.param({"namespaceSelector": {"matchLabels": {"env": "prod"}}}, A_NAMESPACE, True, id="a Namespace's own labels"),
        pytest.param({"namespaceSelector": {"matchLabels": {"env": "prod"}}}, A_NODE, True, id="cluster-scoped objects match"),
        pytest.param({"namespaceSelector": {"matchLabels": {"env": "prod"}}}, EMPTY_NAMESPACE, False, id="an empty Namespace has no labels"),
        pytest.param({"name": "w*"}, IN_PROD, True, id="a name"),
        pytest.param({"name": ""}, IN_PROD, True, id="the empty name is any"),
        pytest.param({"name": "api"}, IN_PROD, False, id="another name"),
        pytest.param({"name": "we*"}, GENERATED, True, id="generateName counts for a prefix"),
        pytest.param({"name": "web-"}, GENERATED, False, id="generateName does not count for a whole name"),
        pytest.param({"source": "All"}, IN_PROD, True, id="any source"),
        pytest.param({"source": "Original"}, IN_PROD, True, id="listed objects are original"),
        pytest.param({"source": "Generated"}, IN_PROD, False, id="listed objects are not generated"),
        pytest.param({"scope": "Namespaced", "name": "x"}, IN_PROD, False, id="all fields must match"),
        pytest.param({"scope": "Cluster", "namespaceSelector": {}}, UNKNOWN, False, id="the first field that does not match ends it"),
        pytest.param({"labelSelector": {"matchLabels": {"app": "web"}}}, review_of({"metadata": 5}), False, id="metadata of a wrong type counts as absent"),
        pytest.param({"labelSelector": {"matchLabels": {"a": ""}}}, review_of(node(labels={"a": None})), True, id="a null label is the empty text"),
        pytest.param({"labelSelector": {"matchLabels": {"a": "b"}}}, review_of(node(labels={"a": "b", "c": 5})), False, id="one label that is no text spoils them all"),
    ],
)  # fmt: skip
def test_match(match: Obj, review: Review, matches: bool) -> None:
    assert compile_match(match)(review) is matches


@pytest.mark.parametrize(
    ("kinds", "group", "kind", "takes"),
    [
        pytest.param(None, "apps", "Deployment", True, id="no kinds take all"),
        pytest.param([], "apps", "Deployment", True, id="an empty list takes all"),
        pytest.param([{"apiGroups": ["apps"], "kinds": ["Deployment"]}], "apps", "Deployment", True, id="both named"),
        pytest.param([{"apiGroups": [""], "kinds": ["Deployment"]}], "apps", "Deployment", False, id="another group"),
        pytest.param([{"apiGroups": ["*"], "kinds": ["Deployment"]}], "apps", "Deployment", True, id="any group"),
        pytest.param([{"kinds": ["*"]}], "apps", "Deployment", True, id="no groups are any group"),
        pytest.param([{"apiGroups": ["apps"]}], "apps", "Deployment", True, id="no kinds in an entry are any kind"),
        pytest.param([{"kinds": ["deployment"]}], "apps", "Deployment", False, id="case counts"),
        pytest.param([{"kinds": ["Pod"]}, {"kinds": ["Deployment"]}], "apps", "Deployment", True, id="any entry suffices"),
        pytest.param([{"apiGroups": ["apps"], "kinds": ["Pod"]}, {"apiGroups": [""], "kinds": ["Deployment"]}], "apps", "Deployment", False, id="entries do not mix"),
    ],
)  # fmt: skip
def test_takes_kind(kinds: Any, group: str, kind: str, takes: bool) -> None:
    assert takes_kind({"kinds": kinds})(group, kind) is takes


@pytest.mark.parametrize(
    ("match", "review", "message"),
    [
        pytest.param({"namespaceSelector": {}}, UNKNOWN, "namespace selector for namespace-scoped object but missing Namespace", id="its Namespace is not known"),
        pytest.param({"source": "Generated"}, replace(IN_PROD, source=""), "source field not specified for resource web", id="an object without a source"),
        pytest.param({"source": "Generated"}, replace(IN_PROD, source="x"), 'invalid source field "x"', id="an object of an unknown source"),
    ],
)  # fmt: skip
def test_an_object_that_cannot_be_decided_is_an_error(match: Obj, review: Review, message: str) -> None:
    with pytest.raises(MatchError) as caught:
        compile_match(match)(review)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("match", "message"),
    [
        pytest.param({"source": "original"}, 'spec.match.source: Unsupported value: "original": supported values: "All", "Generated", "Original"', id="an unknown source"),
        pytest.param({"namespaces": "prod"}, 'spec.match.namespaces: Invalid value: "prod": must be an array', id="one namespace instead of a list"),
        pytest.param({"excludedNamespaces": [5]}, "spec.match.excludedNamespaces: Invalid value: 5: must be a string", id="a number for a namespace"),
        pytest.param({"name": ["a"]}, 'spec.match.name: Invalid value: ["a"]: must be a string', id="a list of names"),
        pytest.param({"labelSelector": None}, "spec.match.labelSelector: Invalid value: null: must be an object", id="null for a selector"),
        pytest.param({"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}, "spec.match.namespaceSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'", id="a selector without values"),
    ],
)  # fmt: skip
def test_an_invalid_match_names_field_and_value(match: Obj, message: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        compile_match(match)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("kinds", "message"),
    [
        pytest.param("Pod", 'spec.match.kinds: Invalid value: "Pod": must be an array', id="a word for kinds"),
        pytest.param(["Pod"], 'spec.match.kinds[0]: Invalid value: "Pod": must be an object', id="a list of words"),
        pytest.param(
            [{"kinds": [1]}],
            "spec.match.kinds[0].kinds: Invalid value: [1]: must be an array of strings",
            id="a number for a kind",
        ),
    ],
)
def test_invalid_kinds_name_field_and_value(kinds: Any, message: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        takes_kind({"kinds": kinds})
    assert str(caught.value) == message


def test_an_update_matches_by_its_old_object_too() -> None:
    request = {"operation": "UPDATE", "object": pod(labels={"app": "new"}), "oldObject": pod(labels={"app": "old"})}
    matches = compile_match({"labelSelector": {"matchLabels": {"app": "old"}}})
    assert matches(review_of_request(request))
    assert not matches(review_of_request({**request, "oldObject": None}))


def test_a_match_without_conditions_need_not_be_asked() -> None:
    kinds = {"kinds": [{"apiGroups": ["*"], "kinds": ["*"]}]}
    assert compile_match(kinds) is compile_match({}) is everything
    assert compile_match({"namespaces": ["a"]}) is not everything
