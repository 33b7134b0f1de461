"""Which resources are found, in which version, and what a broken group leads to."""

from __future__ import annotations

import json

import pytest

from audit.errors import BadBody, Forbidden, NotFound
from audit.kube.client import Client, Retries
from audit.kube.discovery import Documents, discover
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


def found(client):
    """What can be listed, and the gaps."""
    catalogue = discover(client, Documents())
    return list(catalogue.listed), list(catalogue.gaps)


def names(resources):
    return [f"{each.kind}={each.plural}" for each in resources]


def test_aggregated_discovery_takes_two_requests():
    apps = group("apps", version("v1", resource("deployments", "Deployment")))
    transport = Paths({"/api": CORE, "/apis": aggregated(apps)})
    resources, gaps = found(Client(transport))
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
    resources, _ = found(client({"/api": CORE, "/apis": aggregated(autoscaling)}))
    assert names(resources)[2:] == ["autoscaling/v2/HPA=hpas", "autoscaling/v1/Old=olds"]


def test_what_cannot_be_listed_is_left_out():
    documents = {"/apis": aggregated(group("a", version("v1", resource("reviews", "Review", verbs=("create",)))))}
    resources, gaps = found(client({"/api": CORE, **documents}))
    assert names(resources) == ["v1/Pod=pods", "v1/Node=nodes"]
    assert gaps == []


def test_a_preferred_version_that_cannot_be_listed_is_not_replaced_by_another():
    both = group("a", version("v2", resource("xs", "X", verbs=("get",))), version("v1", resource("xs", "X")))
    resources, _ = found(client({"/api": CORE, "/apis": aggregated(both)}))
    assert len(resources) == 2


def test_a_stale_version_is_a_gap_and_the_next_one_is_preferred():
    metrics = group("m", version("v2", resource("xs", "X"), freshness="Stale"), version("v1", resource("xs", "X")))
    resources, gaps = found(client({"/api": CORE, "/apis": aggregated(metrics)}))
    assert names(resources)[2:] == ["m/v1/X=xs"]
    (gap,) = gaps
    assert (gap.cause, gap.reason, gap.kind) == (Cause.DISCOVERY, "Stale", Kind("m", "v2", ""))
    assert gap.message == (
        "m/v2: its resources could not be discovered: "
        "the API server has only an old answer, or none, of the server behind it"
    )


def test_a_resource_of_which_only_subresources_are_served_is_left_out():
    only = {"resource": "xs", "scope": "Cluster", "verbs": [], "subresources": []}
    resources, gaps = found(client({"/api": CORE, "/apis": aggregated(group("a", version("v1", only)))}))
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
    resources, gaps = found(client({"/api": CORE, "/apis": aggregated(broken, good)}))
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
    resources, gaps = found(client(LEGACY))
    assert names(resources) == ["v1/Pod=pods", "apps/v1/D=ds", "apps/v2/New=news"]
    assert resources[0].namespaced
    assert gaps == []


def test_a_broken_group_of_an_older_server_is_a_gap_with_its_reason():
    resources, gaps = found(client({**LEGACY, "/apis/apps/v1": Reply(503, {}, b"no backend")}))
    assert names(resources) == ["v1/Pod=pods", "apps/v2/D=ds", "apps/v2/New=news"]
    (gap,) = gaps
    assert (gap.reason, gap.kind) == ("ServerError", Kind("apps", "v1", ""))
    assert gap.message == (
        "apps/v1: its resources could not be discovered: GET /apis/apps/v1: 503 ServerError: no backend"
    )


def test_an_older_group_described_wrongly_is_a_gap():
    _, gaps = found(client({**LEGACY, "/apis/apps/v1": {**APPS, "resources": [{"kind": "D"}]}}))
    assert [(gap.reason, gap.kind) for gap in gaps] == [("BadBody", Kind("apps", "v1", ""))]


GROUP_A = group("a", version("v1", resource("xs", "X")))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404, {}, b"404 page not found"),
        Reply(403),
        Reply(503),
        Reply(200, {}, b"<html>"),
        Reply(200, {}, b""),
        {},
        [1],
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404},
        aggregated() | {"items": 1},
        aggregated() | {"kind": "APIResourceList"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("root", ["/api", "/apis"])
def test_a_root_that_cannot_be_read_is_a_gap_and_the_other_one_goes_on(root, reply):
    resources, gaps = found(client({"/api": CORE, "/apis": aggregated(GROUP_A), root: reply}))
    assert names(resources) == (["a/v1/X=xs"] if root == "/api" else ["v1/Pod=pods", "v1/Node=nodes"])
    assert [(gap.cause, gap.kind) for gap in gaps] == [
        (Cause.DISCOVERY, Kind("", "v1", "") if root == "/api" else None)
    ]
    assert gaps[0].message.startswith(f"what is below {root} could not be discovered: ")


@pytest.mark.parametrize(("replies", "error"), [({}, NotFound), ({"/api": Reply(403), "/apis": Reply(503)}, Forbidden)])
def test_when_nothing_can_be_discovered_that_is_an_error(replies, error):
    with pytest.raises(error):
        discover(client(replies), Documents())


def test_a_root_that_answers_for_the_other_one_is_not_believed():
    resources, gaps = found(client({"/api": CORE, "/apis": CORE}))
    assert names(resources) == ["v1/Pod=pods", "v1/Node=nodes"]
    assert [(gap.reason, gap.kind) for gap in gaps] == [("BadBody", Kind("", "", ""))]


def test_a_version_that_answers_for_another_one_is_not_believed():
    _, gaps = found(client({**LEGACY, "/apis/apps/v1": LEGACY["/apis/apps/v2"]}))
    assert [(gap.reason, gap.kind) for gap in gaps] == [("BadBody", Kind("apps", "v1", ""))]


def test_a_built_in_group_without_resources_is_a_gap_others_may_have_none():
    empty = [group(name, version("v1")) for name in ("apps", "external.metrics.k8s.io")]
    _, gaps = found(client({"/api": CORE, "/apis": aggregated(*empty)}))
    assert [(gap.reason, gap.kind) for gap in gaps] == [("Empty", Kind("apps", "v1", ""))]


def test_what_cannot_be_listed_is_known_by_name():
    exec_ = {"subresource": "exec", "responseKind": {"group": "", "version": "v1", "kind": "PodExecOptions"}}
    pods = resource("pods", "Pod") | {"subresources": [exec_]}
    others = [resource("reviews", "Review", verbs=("create",)), resource("odds", "Odd", verbs=("get",))]
    shared = ("Odd", "Review")  # of their own subresources `status`
    replies = {"/api": aggregated(group("", version("v1", pods, *others))), "/apis": aggregated()}
    found = discover(client(replies), Documents())
    assert found.unlisted == {Kind("", "v1", "Odd")}
    assert found.momentary == {Kind("", "v1", name) for name in ("Review", "PodExecOptions", *shared)}


class Tagging:
    """A server whose documents have ETags; what it says of a document it does not send depends on `unchanged`."""

    def __init__(self, documents, unchanged=304):
        self.documents = documents
        self.unchanged = unchanged
        self.statuses = []

    def exchange(self, request):
        body = json.dumps(self.documents[request.path]).encode()
        tag = f'"{hash(body)}"'
        known = request.known == tag
        reply = Reply(self.unchanged, {"etag": tag}) if known else Reply(200, {"etag": tag}, body)
        self.statuses.append(reply.status)
        return reply


def asked_by(transport, documents):
    """What is discovered with what is known, and the statuses of the replies."""
    transport.statuses.clear()
    catalogue = discover(Client(transport, retries=Retries(attempts=1)), documents)
    return names(catalogue.listed), catalogue.gaps, transport.statuses


CORE_NAMES = ["v1/Pod=pods", "v1/Node=nodes"]


def test_a_document_that_is_the_same_as_before_is_not_sent_again():
    transport, documents = Tagging({"/api": CORE, "/apis": aggregated(GROUP_A)}), Documents()
    expected = [*CORE_NAMES, "a/v1/X=xs"]
    assert asked_by(transport, documents) == (expected, (), [200, 200])
    assert asked_by(transport, documents) == (expected, (), [304, 304])
    assert asked_by(transport, documents) == (expected, (), [304, 304])


def test_a_document_that_has_changed_is_read_and_the_other_one_is_not():
    transport, documents = Tagging({"/api": CORE, "/apis": aggregated(GROUP_A)}), Documents()
    asked_by(transport, documents)
    transport.documents["/apis"] = aggregated(group("b", version("v1", resource("ys", "Y"))))
    assert asked_by(transport, documents) == ([*CORE_NAMES, "b/v1/Y=ys"], (), [304, 200])


def test_a_document_with_gaps_is_asked_for_again_until_it_has_none():
    transport, documents = Tagging({"/api": CORE, "/apis": aggregated(group("apps", version("v1")))}), Documents()
    for _ in range(2):
        _, gaps, statuses = asked_by(transport, documents)
        assert ([gap.reason for gap in gaps], statuses[1]) == (["Empty"], 200)


def test_what_is_in_doubt_is_sent_again():
    transport, documents = Tagging({"/api": CORE, "/apis": aggregated(GROUP_A)}), Documents()
    asked_by(transport, documents)
    documents.doubt()
    assert asked_by(transport, documents)[2] == [200, 200]


def test_an_unchanged_that_nobody_asked_for_is_a_gap():
    unasked = {"/api": CORE, "/apis": Reply(304, {"etag": '"a"'})}
    _, gaps = found(client(unasked))
    assert [(gap.cause, gap.reason) for gap in gaps] == [(Cause.DISCOVERY, "Redirected")]


@pytest.mark.parametrize("headers", [{}, {"etag": '"another"'}], ids=str)
def test_where_an_unchanged_is_not_about_what_is_known_the_whole_is_asked_for(headers):
    transport, documents = Tagging({"/api": CORE, "/apis": aggregated(GROUP_A)}), Documents()
    asked_by(transport, documents)
    exchange = transport.exchange
    transport.exchange = lambda request: Reply(304, headers) if request.known else exchange(request)
    assert asked_by(transport, documents) == ([*CORE_NAMES, "a/v1/X=xs"], (), [200, 200])
    transport.exchange = lambda request: Reply(304, headers)
    with pytest.raises(BadBody):
        asked_by(transport, documents)


def test_a_document_of_the_older_kind_is_read_each_time():
    documents = Documents()
    for _ in range(2):
        replies = {
            path: Reply(200, {"etag": '"a"'}, json.dumps(document).encode()) for path, document in LEGACY.items()
        }
        transport = Paths(replies)
        assert discover(Client(transport), documents).gaps == ()
        assert "/apis/apps/v1" in transport.accepts
