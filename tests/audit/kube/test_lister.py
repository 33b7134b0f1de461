"""Pages as they come, continue tokens that expire, and bodies of every shape."""

from __future__ import annotations

import json

import pytest

from audit.errors import BadBody, Forbidden, Gone
from audit.kube.client import Client, Retries
from audit.kube.lister import Lister, RawPage, continue_token
from audit.kube.request import Reply
from audit.model import Resource
from constraints import Kind

PODS = Resource(Kind("", "v1", "Pod"), "pods", True, ("list",))


def page(token="", *items):
    """As a real API server writes a list of a built-in type."""
    metadata = {"resourceVersion": "1", **({"continue": token, "remainingItemCount": 3} if token else {})}
    document = {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": list(items)}
    return Reply(200, {}, json.dumps(document, separators=(",", ":")).encode())


def queries(transport):
    return [dict(request.query) for request in transport.seen]


@pytest.fixture
def listing(script):
    def start(limit, *replies):
        transport = script(*replies)
        return Lister(Client(transport, retries=Retries(attempts=1))).pages(PODS, limit), transport

    return start


def test_pages_are_followed_and_their_bytes_untouched(listing):
    replies = [page("a"), page("b"), page()]
    pages, transport = listing(2, *replies)
    assert list(pages) == [RawPage(reply.body, number) for number, reply in enumerate(replies, 1)]
    assert queries(transport) == [
        {"limit": "2"},
        {"limit": "2", "continue": "a"},
        {"limit": "2", "continue": "b"},
    ]


def test_without_a_limit_one_request_is_enough(listing):
    pages, transport = listing(0, page())
    assert len(list(pages)) == 1
    assert queries(transport) == [{}]


def test_pages_come_one_by_one(listing):
    pages, transport = listing(1, page("a"), page())
    next(pages)
    assert len(transport.seen) == 1


def test_an_expired_token_is_replaced_by_the_fresh_one_offered(listing, refusal):
    gone = refusal(410, "Expired", "too old", metadata={"continue": "fresh"})
    pages, transport = listing(1, page("a"), gone, page("b"), page())
    assert [(each.number, each.restarted) for each in pages] == [(1, False), (2, False), (3, False)]
    assert [query.get("continue") for query in queries(transport)] == [None, "a", "fresh", "b"]


def test_every_page_may_expire_once(listing, refusal):
    gone = [refusal(410, metadata={"continue": f"fresh{n}"}) for n in range(2)]
    pages, transport = listing(1, page("a"), gone[0], page("b"), gone[1], page())
    assert len(list(pages)) == 3
    assert [query.get("continue") for query in queries(transport)] == [None, "a", "fresh0", "b", "fresh1"]


def test_without_a_fresh_token_the_list_begins_again_and_says_so(listing, refusal):
    pages, transport = listing(1, page("a"), page("b"), refusal(410), page("c"), page())
    assert [(each.number, each.restarted) for each in pages] == [(1, False), (2, False), (1, True), (2, True)]
    assert [query.get("continue") for query in queries(transport)] == [None, "a", "b", None, "c"]


def test_a_fresh_token_that_expires_as_well_begins_the_list_again(listing, refusal):
    gone = refusal(410, metadata={"continue": "fresh"})
    pages, _ = listing(1, page("a"), gone, gone, page())
    assert [each.restarted for each in pages] == [False, True]


def test_a_second_beginning_is_not_tried(listing, refusal):
    pages, transport = listing(1, page("a"), refusal(410), page("b"), refusal(410, "Expired", "too old"))
    with pytest.raises(Gone) as caught:
        list(pages)
    assert str(caught.value) == ("page 2 of v1/Pod: GET /api/v1/pods?limit=1&continue=...: 410 Expired: too old")
    assert caught.value.reason == "Expired"
    assert len(transport.seen) == 4


def test_an_error_names_kind_and_page_and_keeps_its_class_and_cause(listing, refusal):
    pages, _ = listing(1, page("a"), refusal(403, "Forbidden", "no"))
    next(pages)
    with pytest.raises(Forbidden, match=r"^page 2 of v1/Pod: GET .* 403 Forbidden: no$") as caught:
        next(pages)
    assert (caught.value.status, caught.value.reason) == (403, "Forbidden")
    assert isinstance(caught.value.__cause__, Forbidden)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b"<html>", "the reply of 6 bytes is not JSON: ", id="not JSON"),
        pytest.param(b"", "the reply of 0 bytes is not JSON: ", id="empty"),
        pytest.param(b"[1]", "the reply is a list, not a list of objects", id="not an object"),
        pytest.param(b'{"metadata":[]}', "the field metadata is a list, not an object", id="strange metadata"),
        pytest.param(b'{"metadata":{"continue":7}}', "the field metadata.continue is a int, not a string", id="token"),
    ],
)
def test_a_page_that_is_no_list_names_kind_and_page(body, problem, listing):
    pages, _ = listing(1, page("a"), Reply(200, {}, body))
    next(pages)
    with pytest.raises(BadBody) as caught:
        next(pages)
    assert str(caught.value).startswith(f"page 2 of v1/Pod: {problem}")


def test_a_server_that_gives_the_same_token_again_is_not_asked_for_ever(listing):
    pages, _ = listing(1, page("a"), page("a"), page("a"))
    with pytest.raises(BadBody, match=r"^page 2 of v1/Pod: the continue token is the one that this page was asked for"):
        list(pages)


EVIL = '"metadata":{"continue":"evil"}'


@pytest.mark.parametrize(
    ("body", "token"),
    [
        pytest.param('{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"t"},"items":[]}', "t", id="in front"),
        pytest.param('{"metadata":{"continue":"t"},"items":null}\n', "t", id="in front without items"),
        pytest.param('{"apiVersion":"a/v1","items":[],"kind":"XList","metadata":{"continue":"t"}}\n', "t", id="behind"),
        pytest.param(
            '{"apiVersion":"a/v1","items":[{' + EVIL + '}],"kind":"X","metadata":{"continue":""}}',
            "",
            id="behind, empty",
        ),
        pytest.param('{ "kind": "XList", "metadata": { "continue": "t" }, "items": [] }', "t", id="with spaces"),
        pytest.param('{"items":[{' + EVIL + "}]}", "", id="only an item has metadata"),
        pytest.param('{"kind":"X","items":[{' + EVIL + '}],"apiVersion":"v1"}', "", id="only an item, not last"),
        pytest.param('{"items":[],"other":{"a":1,' + EVIL + "}}", "", id="metadata of something else"),
        pytest.param('{"items":[{"a":1,' + EVIL + '}],"metadata":null}', "", id="metadata null"),
        pytest.param('{"metadata":{"continue":"t","x":{"continue":"evil"}},"items":[]}', "t", id="nested in front"),
        pytest.param('{"metadata":{"continue":"t","x":"}"},"items":[]}', "t", id="a brace in front"),
        pytest.param('{"items":[],"metadata":{"x":"}","continue":"t"}}', "t", id="a brace behind"),
        pytest.param('{"items":[],"metadata":{"x":{"a":1,' + EVIL + '},"continue":"t"}}', "t", id="nested behind"),
        pytest.param('{"items":["x,\\"metadata\\":{\\"continue\\":\\"evil\\"}}"]}', "", id="text of an item"),
        pytest.param('{"items":[],"a":"x,\\"metadata":{"continue":"evil"}}', None, id="not JSON"),
        pytest.param('{"items":[],"z,\\"metadata":{"continue":"evil"}}', "", id="a key that ends so"),
    ],
)
def test_only_the_metadata_of_the_list_has_the_token(body, token):
    if token is None:
        with pytest.raises(BadBody):
            continue_token(body.encode())
    else:
        assert continue_token(body.encode()) == token


def test_a_large_page_is_not_decoded_for_its_token():
    broken = b'{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"t"},"items":[nonsense'
    assert continue_token(broken) == "t"
