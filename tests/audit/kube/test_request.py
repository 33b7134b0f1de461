"""Requests as they would be sent, without sending them."""

from __future__ import annotations

import pytest

from audit.errors import Invalid
from audit.kube.request import (
    Request,
    Select,
    create_object,
    delete_object,
    get_object,
    list_objects,
    merge_patch,
    read,
    update_object,
    watch_objects,
)
from audit.model import Resource
from constraints import Kind

PODS = Resource(Kind("", "v1", "Pod"), "pods", True)
DEPLOYMENTS = Resource(Kind("apps", "v1", "Deployment"), "deployments", True)
NODES = Resource(Kind("", "v1", "Node"), "nodes", False)
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "resourceVersion": "7"}}
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}}


def test_a_list_is_of_all_namespaces_and_has_no_resource_version():
    request = list_objects(PODS, Select(limit=500))
    assert (request.method, request.target) == ("GET", "/api/v1/pods?limit=500")
    assert (request.verb, request.resource) == ("list", "pods")


def test_a_list_without_a_limit_asks_for_everything():
    assert list_objects(DEPLOYMENTS).target == "/apis/apps/v1/deployments"


def test_a_list_can_be_narrowed():
    select = Select("a b", 2, "", "5", "Exact", "app in (x,y)", "metadata.name=z", 9)
    assert list_objects(PODS, select).target == (
        "/api/v1/namespaces/a%20b/pods?limit=2&resourceVersion=5&resourceVersionMatch=Exact"
        "&labelSelector=app+in+%28x%2Cy%29&fieldSelector=metadata.name%3Dz&timeoutSeconds=9"
    )


def test_a_continue_token_stands_for_the_resource_version():
    select = Select(limit=2, continue_token="a&b=c", resource_version="5", resource_version_match="Exact")
    assert list_objects(NODES, select).target == "/api/v1/nodes?limit=2&continue=a%26b%3Dc"


def test_the_namespace_of_a_list_of_cluster_scoped_objects_means_nothing():
    assert list_objects(NODES, Select(namespace="ns")).path == "/api/v1/nodes"


def test_a_watch_asks_for_bookmarks():
    request = watch_objects(PODS, Select(resource_version="7"))
    assert request.target == "/api/v1/pods?watch=true&allowWatchBookmarks=true&resourceVersion=7"
    assert request.verb == "watch"


def test_one_object_is_read_in_its_namespace():
    assert get_object(PODS, "p", "ns").path == "/api/v1/namespaces/ns/pods/p"
    assert get_object(NODES, "n", subresource="status").path == "/api/v1/nodes/n/status"


def test_a_creation_goes_to_the_namespace_of_the_object():
    request = create_object(PODS, POD)
    assert (request.method, request.path) == ("POST", "/api/v1/namespaces/ns/pods")
    assert request.body == b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p","namespace":"ns"}}'
    assert (request.content_type, request.repeatable) == ("application/json", False)


def test_an_update_replaces_the_named_object():
    request = update_object(NODES, NODE, "status")
    assert (request.method, request.path, request.verb) == ("PUT", "/api/v1/nodes/n/status", "update")
    assert request.resource == "nodes/status"


def test_a_merge_patch_has_its_content_type():
    request = merge_patch(DEPLOYMENTS, "d", {"status": {"a": None}}, "ns", "status")
    assert (request.method, request.path) == ("PATCH", "/apis/apps/v1/namespaces/ns/deployments/d/status")
    assert (request.content_type, request.body) == ("application/merge-patch+json", b'{"status":{"a":null}}')
    assert (request.verb, request.resource) == ("patch", "deployments.apps/status")


def test_a_deletion_is_of_the_state_that_was_seen():
    request = delete_object(DEPLOYMENTS, "d", "ns", "7")
    assert (request.method, request.path) == ("DELETE", "/apis/apps/v1/namespaces/ns/deployments/d")
    assert (request.verb, request.resource, request.repeatable) == ("delete", "deployments.apps", True)
    assert b'"preconditions":{"resourceVersion":"7"}' in (request.body or b"")
    assert b"preconditions" not in (delete_object(NODES, "n").body or b"")


@pytest.mark.parametrize("name", ["a?b", "a#b", "a b", "a&b", "a;b", "a\r\nb", "a:b", "é", "a\\b", "a\x00b"])
def test_a_strange_name_stays_one_segment_of_the_path(name):
    path = get_object(PODS, name, "ns").path
    assert path.startswith("/api/v1/namespaces/ns/pods/a") or name == "é"
    assert path.count("/") == 6
    assert path.isascii()
    assert not set(path) & set("?#& \r\n;\\\0")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../../secrets/x", "a%2Fb", "\ud800"])
def test_a_name_that_would_change_the_path_is_refused(name):
    with pytest.raises(Invalid, match=r"^Pod name .* cannot stand in a path: it is"):
        get_object(PODS, name, "ns")


@pytest.mark.parametrize("namespace", ["", "..", "a/b"])
def test_a_namespace_that_would_change_the_path_is_refused(namespace):
    with pytest.raises(Invalid, match=r"^Pod 'p': namespace .* cannot stand in a path"):
        get_object(PODS, "p", namespace)
    with pytest.raises(Invalid, match=r"^Pod 'p': namespace .* cannot stand in a path"):
        create_object(PODS, {"metadata": {"name": "p", "namespace": namespace}})


def test_an_object_without_metadata_has_no_path():
    with pytest.raises(Invalid, match=r"^Node name '' cannot stand in a path"):
        update_object(NODES, {"kind": "Node"})


def test_a_hostile_group_of_a_resource_is_refused():
    with pytest.raises(Invalid, match=r"^group 'a/\.\./b' cannot stand in a path"):
        list_objects(Resource(Kind("a/../b", "v1", "X"), "xs", False))


@pytest.mark.parametrize(
    "body",
    [pytest.param({"a": "\ud800"}, id="lone surrogate"), pytest.param({"a": object()}, id="not JSON at all")],
)
def test_a_body_that_is_not_json_is_refused(body):
    with pytest.raises(Invalid, match=r"^the body of a request cannot be written as JSON: "):
        merge_patch(NODES, "n", body)


def test_a_request_is_shown_without_its_continue_token():
    request = Request("GET", "/api/v1/pods", (("limit", "5"), ("continue", "long")))
    assert str(request) == "GET /api/v1/pods?limit=5&continue=..."
    assert str(read("/version")) == "GET /version"
