"""Which resources are found, in which version, and what a broken group leads to."""

from __future__ import annotations

import json

import pytest

from audit.errors import BadBody, Forbidden, NotFound, ServerError
from audit.kube.client import Client, Retries
from audit.kube.discovery import discover, find, served
from audit.kube.request import Reply
from audit.model import Resource
from constraints import Cause, Kind


class Paths:
    """A transport that answers by path; 404 for the others."""

    def __init__(self, documents):
        self.documents = documents
        self.accepts = {}

    def exchange(self, request):
        self.accepts[request.path] = request.accept
        document = self.documents.get(request.path)
        if isinstance(document, Reply):
            return document
        return (
            Reply(404, {}, b"404 page not found") if document is None else Reply(200, {}, json.dumps(document).encode())
        )


def client(documents):
    return Client(Paths(documents), retries=Retries(attempts=1))


def aggregated(*groups):
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": list(groups)}


def group(name, *versions):
    return {"metadata": {"name": name} if name else {}, "versions": list(versions)}


def version(name, *resources, freshness="Current"):
    return {"version": name, "freshness": freshness, "resources": list(resources)}


def resource(plural, kind, scope="Namespaced", verbs=("get", "list")):
    response = {"group": "", "version": "", "kind": kind}
    subresources = [{"subresource": "status", "responseKind": response, "verbs": ["get"]}]
    return {"resource": plural, "responseKind": response, "scope": scope, "verbs": verbs, "subresources": subresources}


CORE = aggregated(group("", version("v1", resource("pods", "Pod"), resource("nodes", "Node", "Cluster"))))


def names(resources):
    return [f"{each.kind}={each.plural}" for each in resources]


def test_aggregated_discovery_takes_two_requests():
    apps = group("apps", version("v1", resource("deployments", "Deployment")))
    transport = Paths({"/api": CORE, "/apis": aggregated(apps)})
    resources, gaps = discover(Client(transport))
    assert resources == [
        Resource(Kind("", "v1", "Pod"), "pods", True, ("get", "list")),
        Resource(Kind("", "v1", "Node"), "nodes", False, ("get", "list")),
        Resource(Kind("apps", "v1", "Deployment"), "deployments", True, ("get", "list")),
    ]
    assert gaps == []
    assert list(transport.accepts) == ["/api", "/apis"]
    assert "v=v2;as=APIGroupDiscoveryList" in transport.accepts["/api"]


def test_each_resource_is_taken_in_the_preferred_version_of_its_group_or_the_first_that_has_it():
    autoscaling = group(
        "autoscaling",
        version("v2", resource("hpas", "HPA")),
        version("v1", resource("hpas", "HPA"), resource("olds", "Old")),
        version("v0", resource("olds", "Old")),
    )
    resources, _ = discover(client({"/api": CORE, "/apis": aggregated(autoscaling)}))
    assert names(resources)[2:] == ["autoscaling/v2/HPA=hpas", "autoscaling/v1/Old=olds"]


def test_what_cannot_be_listed_is_left_out():
    documents = {"/apis": aggregated(group("a", version("v1", resource("reviews", "Review", verbs=("create",)))))}
    resources, gaps = discover(client({"/api": CORE, **documents}))
    assert names(resources) == ["v1/Pod=pods", "v1/Node=nodes"]
    assert gaps == []


def test_a_preferred_version_that_cannot_be_listed_is_not_replaced_by_another():
    both = group("a", version("v2", resource("xs", "X", verbs=("get",))), version("v1", resource("xs", "X")))
    resources, _ = discover(client({"/api": CORE, "/apis": aggregated(both)}))
    assert len(resources) == 2


def test_a_stale_version_is_a_gap_and_the_next_one_is_preferred():
    metrics = group("m", version("v2", resource("xs", "X"), freshness="Stale"), version("v1", resource("xs", "X")))
    resources, gaps = discover(client({"/api": CORE, "/apis": aggregated(metrics)}))
    assert names(resources)[2:] == ["m/v1/X=xs"]
    (gap,) = gaps
    assert (gap.cause, gap.reason, gap.kind) == (Cause.DISCOVERY, "Stale", Kind("m", "v2", ""))
    assert gap.message == (
        "m/v2: its resources could not be discovered: "
        "the API server has only an old answer, or none, of the server behind it"
    )


def test_a_resource_of_which_only_subresources_are_served_is_left_out():
    only = {"resource": "xs", "scope": "Cluster", "verbs": [], "subresources": []}
    resources, gaps = discover(client({"/api": CORE, "/apis": aggregated(group("a", version("v1", only)))}))
    assert (len(resources), gaps) == (2, [])


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        pytest.param(group("a", version("v1", 7)), Kind("a", "v1", ""), id="a resource that is a number"),
        pytest.param(group("a", {"version": "v1", "resources": 7}), Kind("a", "v1", ""), id="resources not a list"),
        pytest.param({"metadata": {"name": "a"}, "versions": 7}, Kind("a", "", ""), id="versions not a list"),
    ],
)
def test_a_group_described_wrongly_is_a_gap_and_the_others_go_on(broken, kind):
    good = group("b", version("v1", resource("xs", "X")))
    resources, gaps = discover(client({"/api": CORE, "/apis": aggregated(broken, good)}))
    assert names(resources)[2:] == ["b/v1/X=xs"]
    assert [(gap.reason, gap.kind) for gap in gaps] == [("BadBody", kind)]


APPS = {"kind": "APIResourceList", "groupVersion": "apps/v1"}
LEGACY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {
        "kind": "APIResourceList",
        "groupVersion": "v1",
        "resources": [
            {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": ["list"]},
            {"name": "pods/status", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
        ],
    },
    "/apis": {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": "apps",
                "versions": [
                    {"groupVersion": "apps/v2", "version": "v2"},
                    {"groupVersion": "apps/v1", "version": "v1"},
                ],
                "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
            },
        ],
    },
    "/apis/apps/v1": {**APPS, "resources": [{"name": "ds", "kind": "D", "namespaced": False, "verbs": ["list"]}]},
    "/apis/apps/v2": {
        "kind": "APIResourceList",
        "groupVersion": "apps/v2",
        "resources": [
            {"name": "ds", "kind": "D", "namespaced": False, "verbs": ["list"]},
            {"name": "news", "kind": "New", "namespaced": False, "verbs": ["list"]},
        ],
    },
}


def test_an_older_server_is_asked_group_by_group():
    resources, gaps = discover(client(LEGACY))
    assert names(resources) == ["v1/Pod=pods", "apps/v1/D=ds", "apps/v2/New=news"]
    assert resources[0].namespaced
    assert gaps == []


def test_a_broken_group_of_an_older_server_is_a_gap_with_its_reason():
    resources, gaps = discover(client({**LEGACY, "/apis/apps/v1": Reply(503, {}, b"no backend")}))
    assert names(resources) == ["v1/Pod=pods", "apps/v2/D=ds", "apps/v2/New=news"]
    (gap,) = gaps
    assert (gap.reason, gap.kind) == ("ServerError", Kind("apps", "v1", ""))
    assert gap.message == (
        "apps/v1: its resources could not be discovered: GET /apis/apps/v1: 503 ServerError: no backend"
    )


def test_an_older_group_described_wrongly_is_a_gap():
    _, gaps = discover(client({**LEGACY, "/apis/apps/v1": {**APPS, "resources": [{"kind": "D"}]}}))
    assert [(gap.reason, gap.kind) for gap in gaps] == [("BadBody", Kind("apps", "v1", ""))]


def test_a_server_without_core_resources_is_fine():
    resources, _ = discover(client({"/apis": aggregated(group("a", version("v1", resource("xs", "X"))))}))
    assert names(resources) == ["a/v1/X=xs"]


@pytest.mark.parametrize(
    ("documents", "error"),
    [
        pytest.param({}, NotFound, id="nothing there"),
        pytest.param({"/api": CORE, "/apis": Reply(503)}, ServerError, id="no groups"),
        pytest.param({"/api": Reply(403), "/apis": aggregated()}, Forbidden, id="not allowed"),
        pytest.param({"/api": Reply(200, {}, b"<html>"), "/apis": aggregated()}, BadBody, id="not JSON"),
        pytest.param({"/api": CORE, "/apis": [1]}, BadBody, id="not an object"),
        pytest.param({"/api": CORE, "/apis": aggregated() | {"items": 1}}, BadBody, id="not a list"),
    ],
)
def test_a_failure_of_discovery_itself_is_raised(documents, error):
    with pytest.raises(error):
        discover(client(documents))


def test_a_version_that_is_not_preferred_can_be_found_too():
    both = group("a", version("v2", resource("xs", "X")), version("v1", resource("xs", "X")))
    versions, _ = served(client({"/api": CORE, "/apis": aggregated(both)}))
    found = find(versions, Kind("a", "v1", "X"))
    assert found is not None
    assert found.plural == "xs"
    assert find(versions, Kind("a", "v3", "X")) is None
