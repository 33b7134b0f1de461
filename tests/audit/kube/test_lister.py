"""Pages as they come, continue tokens that expire, and bodies of every shape."""

from __future__ import annotations

import json

import pytest

from audit.errors import BadBody, Forbidden, Gone
from audit.kube.client import Client, Retries
from audit.kube.lister import Lister, RawPage
from audit.kube.request import Reply
from audit.model import Resource
from constraints import Kind

PODS = Resource(Kind("", "v1", "Pod"), "pods", True, ("list",))


def page(token="", *items, left=None, version="1"):
    """As a real API server writes a list of a built-in type; `left` objects are to come."""
    metadata = {"resourceVersion": version, **({"continue": token} if token else {})}
    metadata |= {"remainingItemCount": left} if left else {}
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
    replies = [page("a"), page("b"), page("", {"n": 1})]
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


def test_a_list_may_be_of_the_objects_with_certain_labels_alone(script):
    transport = script(page("a"), page("", {"n": 1}))
    lister = Lister(Client(transport, retries=Retries(attempts=1)))
    assert len(list(lister.pages(PODS, 2, labels="a=b"))) == 2
    assert queries(transport) == [
        {"limit": "2", "labelSelector": "a=b"},
        {"limit": "2", "continue": "a", "labelSelector": "a=b"},
    ]


def test_pages_come_one_by_one(listing):
    pages, transport = listing(1, page("a"), page())
    next(pages)
    assert len(transport.seen) == 1


def test_an_expired_token_is_replaced_by_the_fresh_one_offered(listing, refusal):
    gone = refusal(410, "Expired", "too old", metadata={"continue": "fresh"})
    pages, transport = listing(1, page("a"), gone, page("b"), page("", {"n": 1}))
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


def test_a_page_that_is_no_list_names_kind_page_and_request(listing):
    pages, _ = listing(1, page("a"), Reply(200, {}, b"<html>"))
    next(pages)
    with pytest.raises(BadBody) as caught:
        next(pages)
    said = "page 2 of v1/Pod: GET /api/v1/pods?limit=1&continue=...: the reply of 6 bytes is not JSON: "
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("tokens", "given"),
    [
        pytest.param("aaa", 1, id="the same token at once"),
        pytest.param("abaa", 2, id="back to the first"),
        pytest.param("bcbb", 2, id="back and forth"),
        pytest.param("abcaa", 3, id="a longer round"),
    ],
)
def test_tokens_that_go_round_end_the_list(tokens, given, listing):
    pages, transport = listing(1, *map(page, tokens))
    seen = []
    with pytest.raises(BadBody, match=f"^page {given + 1} of v1/Pod: its continue token was followed") as caught:
        seen.extend(pages)
    assert (len(seen), caught.value.reason) == (given, "TokenLoop")
    assert len(transport.seen) == len(tokens)


def test_a_reply_that_was_sent_twice_is_given_once(listing):
    replies = [page("a", {"n": 1}), page("a", {"n": 1}), page("b", {"n": 2}), page("b", {"n": 2}), page("", {"n": 3})]
    pages, _ = listing(1, *replies)
    assert [each.body for each in pages] == [replies[0].body, replies[2].body, replies[4].body]


def test_tokens_may_come_again_when_the_list_begins_again(listing, refusal):
    pages, _ = listing(1, page("a"), page("b"), refusal(410), page("a"), page("b"), page())
    assert [each.restarted for each in pages] == [False, False, True, True, True]


def test_a_fresh_token_that_was_offered_counts_as_followed(listing, refusal):
    gone = refusal(410, metadata={"continue": "fresh"})
    pages, _ = listing(1, page("a"), gone, page("fresh"), page("fresh"))
    with pytest.raises(BadBody, match="the list goes round"):
        list(pages)


NULL = Reply(200, {}, b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}\n')
BEHIND = Reply(200, {}, b'{"apiVersion":"v1","items":[],"kind":"PodList","metadata":{"resourceVersion":"1"}}\n')


@pytest.mark.parametrize("empty", [page(), NULL, BEHIND])
def test_a_last_page_without_anything_is_asked_for_again_and_then_a_problem(empty, listing):
    whole = page("", {"n": 2})
    pages, _ = listing(1, page("a", {"n": 1}), empty, whole)
    assert [each.body for each in pages][1:] == [whole.body]
    pages, _ = listing(1, page("a", {"n": 1}), empty, empty)
    with pytest.raises(BadBody, match=r"^page 2 of v1/Pod: it is the last one and empty, although more was to come$"):
        list(pages)


def test_what_was_to_come_may_be_gone_when_the_token_had_expired(listing, refusal):
    gone = refusal(410, metadata={"continue": "fresh"})
    pages, _ = listing(1, page("a", {"n": 1}), gone, page())
    assert len(list(pages)) == 2


@pytest.fixture
def snapshot():
    """Three objects on two pages that go together."""
    return page("a", {"n": 1}, {"n": 2}, left=1), page("", {"n": 3})


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param(page("", {"n": 3}, {"n": 4}), id="more than were to come"),
        pytest.param(page("", {"n": 3}, version="2"), id="of another moment"),
        pytest.param(page("b", {"n": 3}, {"n": 4}, left=7), id="of a longer list"),
        pytest.param(page("b", {"n": 3}, left=1), id="with more to come than there were"),
    ],
)
def test_a_page_that_does_not_go_with_the_one_before_is_asked_for_again(strange, snapshot, listing):
    first, second = snapshot
    pages, _ = listing(2, first, strange, second)
    assert [(each.body, each.restarted) for each in pages] == [(first.body, False), (second.body, False)]


def test_pages_that_do_not_go_together_are_asked_for_from_the_beginning(snapshot, listing):
    first, second = snapshot
    of_another = page("", {"n": 9}, {"n": 10}, {"n": 11})
    pages, transport = listing(2, page("elsewhere", {"n": 1}, {"n": 2}, left=1), of_another, of_another, first, second)
    assert [each.restarted for each in pages] == [False, True, True]
    assert [query.get("continue") for query in queries(transport)] == [None, "elsewhere", "elsewhere", None, "a"]


def test_pages_that_never_go_together_are_a_problem_that_says_the_numbers(snapshot, listing):
    first, _ = snapshot
    short = page("", *[{"n": n} for n in range(4)])
    pages, _ = listing(2, first, short, short, first, short, short)
    with pytest.raises(BadBody) as caught:
        list(pages)
    assert caught.value.reason == "InconsistentPages"
    said = "page 2 of v1/Pod: 1 objects were to come after the page before, and it holds 4 with 0 to come"
    assert str(caught.value) == said


def test_pages_that_are_smaller_than_asked_for_go_together_when_they_add_up(listing):
    replies = [page("a", {"n": 1}, left=3), page("b", {"n": 2}, left=2), page("", {"n": 3}, {"n": 4})]
    pages, transport = listing(2, *replies)
    assert len(list(pages)) == len(transport.seen) == 3


def test_pages_after_a_fresh_token_need_not_add_up(listing, refusal):
    gone = refusal(410, metadata={"continue": "fresh"})
    pages, _ = listing(1, page("a", {"n": 1}, left=5), gone, page("", {"n": 2}, version="9"))
    assert len(list(pages)) == 2


def test_a_page_that_cannot_be_decoded_is_left_to_whoever_wants_its_objects(listing):
    broken = Reply(200, {}, b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[nonsense]}')
    pages, _ = listing(1, page("a", {"n": 1}, left=2), broken)
    assert len(list(pages)) == 2
