"""Who may do what, and how a refusal reads."""

from __future__ import annotations

from typing import Any

import pytest

from audit.embedded import Account, EmbeddedCluster, Rule

READER = Rule(("get", "list"), ("", "apps"), ("pods", "deployments"))


@pytest.fixture
def reader(cluster: EmbeddedCluster) -> dict[str, str]:
    """The header of a user who may only read Pods and Deployments."""
    cluster.accounts["secret"] = Account("jane", (READER,))
    return {"Authorization": "Bearer secret"}


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        pytest.param("GET", "/api/v1/secrets", 'secrets is forbidden: User "jane" cannot list resource "secrets" in API group "" at the cluster scope', id="a list of all"),
        pytest.param("POST", "/apis/apps/v1/namespaces/x/deployments", 'deployments.apps is forbidden: User "jane" cannot create resource "deployments" in API group "apps" in the namespace "x"', id="a create"),
        pytest.param("GET", "/api/v1/nodes/n", 'nodes "n" is forbidden: User "jane" cannot get resource "nodes" in API group "" at the cluster scope', id="one object"),
        pytest.param("PATCH", "/api/v1/namespaces/x/pods/p/status", 'pods "p" is forbidden: User "jane" cannot patch resource "pods/status" in API group "" in the namespace "x"', id="a subresource"),
        pytest.param("GET", "/api/v1/pods?watch=1", 'pods is forbidden: User "jane" cannot watch resource "pods" in API group "" at the cluster scope', id="a watch"),
    ],
)  # fmt: skip
def test_a_refusal_reads_like_a_real_one(ask: Any, reader: Any, method: str, path: str, message: str) -> None:
    answer = ask(method, path, {}, **reader)
    assert (answer.status, answer.json["reason"], answer.json["message"]) == (403, "Forbidden", message)


def test_what_a_rule_allows_is_answered(ask: Any, reader: Any) -> None:
    assert ask("GET", "/apis/apps/v1/deployments", **reader).status == 200


def test_everybody_known_may_read_discovery(ask: Any, reader: Any) -> None:
    assert ask("GET", "/apis", **reader).status == 200
    assert ask("GET", "/version", **reader).status == 200


def test_other_paths_need_a_rule(ask: Any, reader: Any) -> None:
    answer = ask("GET", "/metrics", **reader)
    assert (answer.status, answer.json["message"]) == (403, 'forbidden: User "jane" cannot get path "/metrics"')


def test_an_unknown_token_is_unauthorized(ask: Any, reader: Any) -> None:
    assert ask("GET", "/api/v1/pods", Authorization="Bearer other").status == 401
    assert ask("GET", "/api/v1/pods").status == 401


def test_what_is_denied_is_denied_to_all(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.denied.append(Rule(("list",), resources=("secrets",)))
    assert ask("GET", "/api/v1/secrets").status == 403
    assert ask("GET", "/api/v1/namespaces/default/secrets/x").status == 404


def test_a_rule_of_a_namespace_holds_only_there(cluster: EmbeddedCluster, ask: Any) -> None:
    narrow = Rule(("create",), ("",), ("configmaps",), namespaces=("default",))
    cluster.accounts["t"] = Account("bot", (Rule(("get", "list")), narrow))
    header = {"Authorization": "Bearer t"}
    body = {"metadata": {"name": "x"}}
    assert ask("GET", "/api/v1/secrets", **header).status == 200
    assert ask("POST", "/api/v1/namespaces/default/configmaps", body, **header).status == 201
    assert ask("POST", "/api/v1/namespaces/kube-system/configmaps", body, **header).status == 403


def test_a_user_may_ask_what_it_may_do(cluster: EmbeddedCluster, ask: Any) -> None:
    review = Rule(("create",), ("authorization.k8s.io",), ("selfsubjectaccessreviews",))
    cluster.accounts["t"] = Account("jane", (READER, review))
    path, header = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {"Authorization": "Bearer t"}
    may = [
        ask("POST", path, {"spec": {"resourceAttributes": {"verb": verb, "resource": "pods"}}}, **header)
        for verb in ("list", "delete")
    ]
    assert [answer.status for answer in may] == [201, 201]
    assert [answer.json["status"]["allowed"] for answer in may] == [True, False]
    assert ask("POST", path, {"spec": {}}, **header).status == 400


def test_a_rule_for_names_covers_those_only(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.accounts["t"] = Account("bot", (Rule(("get",), ("",), ("configmaps",), names=("mine",)),))
    header = {"Authorization": "Bearer t"}
    assert ask("GET", "/api/v1/namespaces/default/configmaps/mine", **header).status == 404
    assert ask("GET", "/api/v1/namespaces/default/configmaps/other", **header).status == 403
