"""What is taken for a good reply, and what is not, whatever its status."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.errors import BadBody
from audit.kube.replies import Ends, Expected, Form, check, document, ends, event_version, items_of
from audit.kube.request import create_object, get_object, list_objects, merge_patch, read, update_object
from audit.model import Resource
from constraints import Kind

POD = Kind("", "v1", "Pod")
FOO = Kind("example.com", "v1", "Foo")
RULE = Kind("constraints.gatekeeper.sh", "v1beta1", "K8sRule")
PODS = Resource(POD, "pods", True)
OBJECT = {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "cart"}}
STATUS = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "reason": "Forbidden",
    "message": "no",
    "code": 403,
}
OTHER_LIST = {"kind": "SecretList", "apiVersion": "v1", "metadata": {}, "items": []}
EVIL = '"metadata":{"continue":"evil"}'


def text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def pods(**fields: Any) -> bytes:
    return text({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": []} | fields)


NEVER = [
    pytest.param(b"", "the reply of 0 bytes is not JSON", id="nothing"),
    pytest.param(b"<html>all is well</html>", "is not JSON", id="HTML"),
    pytest.param(b"null", "the reply is null, not an object", id="null"),
    pytest.param(b"[]", "the reply is a list, not an object", id="a list"),
    pytest.param(b"7", "the reply is a number, not an object", id="a number"),
    pytest.param(text(OBJECT)[:-9], "is not JSON", id="half of it"),
    pytest.param(text(OBJECT) * 2, "is not JSON", id="twice"),
    pytest.param(
        text(STATUS), r"the reply is a Status \(Forbidden\) although it was sent as a success: no", id="Status"
    ),
    pytest.param(b"\xff\xfe{}", "is not JSON", id="bytes that are no text"),
]
REQUESTS = [
    read("/api", kinds=("APIVersions",)),
    list_objects(PODS),
    get_object(PODS, "cart", "shop"),
    create_object(PODS, OBJECT),
    update_object(PODS, OBJECT),
    merge_patch(PODS, "cart", {}, "shop", "status"),
]


@pytest.mark.parametrize(("body", "problem"), NEVER)
@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.verb)
def test_what_is_never_a_good_reply(request_: Any, body: bytes, problem: str) -> None:
    with pytest.raises(BadBody, match=problem):
        check(request_.expected, body)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kind": "Secret"}, "the reply is v1/Secret, not v1/Pod"),
        ({"apiVersion": "apps/v1"}, "the reply is apps/v1/Pod, not v1/Pod"),
        ({"kind": None}, "the reply is an object without kind, not v1/Pod"),
        ({"metadata": None}, "the field metadata is null, not an object"),
        ({"metadata": {"name": "web", "namespace": "shop"}}, "the field metadata.name is web, not cart"),
        ({"metadata": {"name": "cart", "namespace": "pay"}}, "the field metadata.namespace is pay, not shop"),
    ],
)
@pytest.mark.parametrize("request_", REQUESTS[2:], ids=lambda request: request.verb)
def test_an_object_is_the_one_that_was_asked_for(request_: Any, change: Any, problem: str) -> None:
    check(request_.expected, text(OBJECT))
    with pytest.raises(BadBody, match=f"^{problem}$"):
        check(request_.expected, text(OBJECT | change))


@pytest.mark.parametrize(
    "request_",
    [
        merge_patch(PODS, "cart", {"status": {"phase": "Running", "conditions": []}}, "shop", "status"),
        update_object(PODS, OBJECT | {"status": {"phase": "Running", "message": ""}}, "status"),
        update_object(PODS, OBJECT | {"spec": {"nodeName": "a", "containers": [], "hostNetwork": False}}),
    ],
    ids=["patch", "update of a status", "update"],
)
def test_a_write_is_answered_with_what_was_written_and_not_with_what_was_there_before(request_: Any) -> None:
    check(request_.expected, text(OBJECT | {"spec": {"nodeName": "a"}, "status": {"phase": "Running"}}))
    for before in ({}, {"status": {"phase": "Pending"}, "spec": {"nodeName": "b"}}, {"status": None}):
        with pytest.raises(BadBody, match="is not what was written: the reply may be one of before"):
            check(request_.expected, text(OBJECT | before))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (text(OTHER_LIST), "the reply is v1/SecretList, not a list of v1/Pod"),
        (text({**OTHER_LIST, "kind": "List"}), "the reply is v1/List, not a list of v1/Pod"),
        (text(OBJECT), "the reply is v1/Pod, not a list of v1/Pod"),
        (b"{}", "the reply is an object without kind, not a list of v1/Pod"),
        (pods(apiVersion="apps/v1"), "the reply is apps/v1/PodList, not a list of v1/Pod"),
        (text({"kind": "PodList", "apiVersion": "v1"}), "the list has no field items"),
        (pods(items={}), "the field items is an object, not a list"),
        (pods(metadata=[]), "the field metadata is a list, not an object"),
        (pods(metadata={"continue": 7}), "the field metadata.continue is a number, not a text"),
        (
            pods(metadata={"remainingItemCount": 3}),
            "the list says that 3 objects are to come, but gives no continue token",
        ),
    ],
)
def test_a_list_is_of_the_kind_that_was_asked_for(body: bytes, problem: str) -> None:
    with pytest.raises(BadBody, match=f"^{problem}$"):
        ends(body, POD)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_list_that_breaks_off_is_no_list(cut: int) -> None:
    whole = pods(items=[{"metadata": {"name": "a", "labels": {"b": "c"}}, "spec": {"x": [{"y": 1}]}}])
    items_of(whole, POD)
    with pytest.raises(BadBody):
        items_of(whole[:-cut], POD)


def test_an_empty_list_may_be_null() -> None:
    assert items_of(pods(items=None), POD) == []
    assert ends(pods(items=None), POD).token == ""


@pytest.mark.parametrize("item", [{"kind": "Secret", "apiVersion": "v1"}, {"kind": "Pod", "apiVersion": "v2"}])
def test_an_item_of_another_kind_spoils_the_list(item: Any) -> None:
    with pytest.raises(BadBody, match=r"^an item of the list is .*, not v1/Pod$"):
        items_of(pods(items=[{"metadata": {}}, item]), POD)


def test_a_definition_may_name_its_lists_as_it_likes_but_then_each_item_says_what_it_is() -> None:
    item = {"apiVersion": "example.com/v1", "kind": "Foo", "metadata": {}}
    named = {"apiVersion": "example.com/v1", "kind": "Foos", "metadata": {}, "items": [item]}
    assert items_of(text(named), FOO) == [item]
    assert ends(text(named), FOO).token == ""
    with pytest.raises(BadBody, match=r"an item of the list is an object without kind, not example.com/v1/Foo"):
        items_of(text({**named, "items": [{"metadata": {}}]}), FOO)
    with pytest.raises(BadBody, match=r"the reply is constraints.gatekeeper.sh/v1beta1/Foos, not a list of"):
        items_of(text({**named, "apiVersion": RULE.api_version}), RULE)


def test_a_document_is_of_one_of_its_kinds() -> None:
    expected = Expected(kinds=("APIGroupList", "APIGroupDiscoveryList"))
    assert document(expected, b'{"kind":"APIGroupList"}') == {"kind": "APIGroupList"}
    with pytest.raises(
        BadBody, match=r"^the reply is an object without kind, not APIGroupList or APIGroupDiscoveryList$"
    ):
        document(expected, b"{}")


def test_the_lines_of_a_stream_are_looked_at_when_they_come() -> None:
    check(Expected(Form.STREAM, POD), b"")


@pytest.mark.parametrize(
    ("obj", "problem"),
    [
        (OBJECT | {"kind": "Secret"}, "an event is about v1/Secret, not v1/Pod"),
        (OBJECT | {"apiVersion": "v2"}, "an event is about v2/Pod, not v1/Pod"),
        (STATUS, "an event is about v1/Status, not v1/Pod"),
        (OBJECT, "an event has no resourceVersion"),
        (OBJECT | {"metadata": None}, "an event has no resourceVersion"),
        ([], "an event is about a list, not an object"),
    ],
)
def test_an_event_of_a_watch_is_about_the_kind_that_is_watched(obj: Any, problem: str) -> None:
    with pytest.raises(BadBody, match=f"^{problem}$"):
        event_version(Expected(Form.STREAM, POD), obj)


def test_an_event_gives_the_version_after_it() -> None:
    assert event_version(Expected(Form.STREAM, POD), OBJECT | {"metadata": {"resourceVersion": "7"}}) == "7"


@pytest.mark.parametrize(
    ("body", "token"),
    [
        pytest.param(
            '{"kind":"XList","apiVersion":"a/v1","metadata":{"continue":"t"},"items":[]}\n', "t", id="in front"
        ),
        pytest.param(
            '{"kind":"XList","apiVersion":"a/v1","metadata":{"continue":"t"},"items":null}', "t", id="no items"
        ),
        pytest.param('{"apiVersion":"a/v1","items":[],"kind":"XList","metadata":{"continue":"t"}}\n', "t", id="behind"),
        pytest.param(
            '{"apiVersion":"a/v1","items":[{' + EVIL + '}],"kind":"XList","metadata":{"continue":""}}', "", id="empty"
        ),
        pytest.param(
            '{ "apiVersion": "a/v1", "kind": "XList", "metadata": { "continue": "t" }, "items": [] }', "t", id="spaces"
        ),
        pytest.param('{"apiVersion":"a/v1","kind":"XList","items":[{' + EVIL + "}]}", "", id="only an item has it"),
        pytest.param('{"items":[{' + EVIL + '}],"kind":"XList","apiVersion":"a/v1"}', "", id="only an item, not last"),
        pytest.param(
            '{"apiVersion":"a/v1","items":[{"x":[],"kind":"X",' + EVIL + '}],"kind":"XList"}',
            "",
            id="an item like it",
        ),
        pytest.param(
            '{"apiVersion":"a/v1","items":[],"kind":"XList","metadata":{"x":"}","continue":"t"}}', "t", id="a brace"
        ),
        pytest.param(
            '{"kind":"XList","apiVersion":"a/v1","metadata":{"continue":"t","x":{"continue":"evil"}},"items":[]}',
            "t",
            id="nested",
        ),
        pytest.param(
            '{"apiVersion":"a/v1","items":["],\\"kind\\":\\"XList\\",'
            + EVIL.replace('"', '\\"')
            + '}}"],"kind":"XList"}',
            "",
            id="text of an item",
        ),
    ],
)
def test_only_the_metadata_of_the_list_has_the_token(body: str, token: str) -> None:
    assert ends(body.encode(), Kind("a", "v1", "X")).token == token


def test_a_large_page_is_not_decoded_for_its_token() -> None:
    broken = b'{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"t"},"items":[nonsense]}'
    assert ends(broken, POD).token == "t"
    behind = b'{"apiVersion":"example.com/v1","items":[nonsense],"kind":"FooList","metadata":{"continue":"t"}}'
    assert ends(behind, FOO).token == "t"


def test_what_a_reply_holds_is_not_in_the_error() -> None:
    with pytest.raises(BadBody) as caught:
        ends(text({"kind": "SecretList", "apiVersion": "v1", "items": [{"data": "hunter2"}]}), POD)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        pytest.param({}, Ends("", 0, ""), id="nothing: it is the last one"),
        pytest.param({"continue": "t"}, Ends("t", None, ""), id="nobody counted"),
        pytest.param(
            {"continue": "t", "remainingItemCount": 7, "resourceVersion": "5"}, Ends("t", 7, "5"), id="everything"
        ),
        pytest.param(
            {"continue": "t", "remainingItemCount": "7", "resourceVersion": 5}, Ends("t", None, ""), id="of other types"
        ),
    ],
)
def test_a_page_says_what_comes_after_it_and_of_which_moment_it_is(metadata: dict[str, object], said: Ends) -> None:
    assert ends(pods(metadata=metadata), POD) == said


def test_a_deletion_may_be_answered_by_a_status_that_tells_of_success_and_by_no_other() -> None:
    expected = Expected(Form.DELETION)
    check(expected, b'{"kind":"Status","apiVersion":"v1","status":"Success"}')
    check(expected, b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p"}}')
    with pytest.raises(BadBody, match="although it was sent as a success"):
        check(expected, b'{"kind":"Status","apiVersion":"v1","status":"Failure"}')
