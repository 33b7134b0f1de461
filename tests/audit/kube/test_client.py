"""What the client makes of refusals, and when it tries again."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

from audit.errors import (
    BadBody,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    NotFound,
    ServerError,
    TooLarge,
    TooManyRequests,
    Unreachable,
)
from audit.kube.client import NOT_SENT, UNTRUSTED, Client, Clock, Retries
from audit.kube.request import Reply, Request, read

GET = read("/api/v1/pods")
POST = Request("POST", "/api/v1/namespaces", body=b"{}", verb="create", resource="namespaces")
OK = Reply(200, {}, b"{}")


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def clock(slept: list[float]) -> Clock:
    return Clock(now=lambda: 1_000_000_000.0, sleep=slept.append, chance=lambda: 0.0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (410, Gone),
        (422, Invalid),
        (429, TooManyRequests),
        (500, ServerError),
        (504, ServerError),
        (302, BadBody),
        (405, KubeError),
    ],
)
def test_each_refusal_has_its_error(status, kind, script, refusal):
    client = Client(script(refusal(status, "Because", "of this")), retries=Retries(attempts=1))
    with pytest.raises(KubeError) as caught:
        client.send(GET)
    assert type(caught.value) is kind
    assert str(caught.value) == f"GET /api/v1/pods: {status} Because: of this"
    assert (caught.value.status, caught.value.reason) == (status, "Because")


@pytest.mark.parametrize(
    ("reply", "reason", "said"),
    [
        (
            Reply(302, {"location": "https://login.example.com/start?state=s3cret"}),
            "Redirected",
            "it leads to https://login.example.com/start; an API server redirects nobody, so another server answered",
        ),
        (Reply(307), "Redirected", "the reply says no more"),
        (Reply(405), "MethodNotAllowed", "the reply says no more"),
        (Reply(499), "UnexpectedStatus", "the reply says no more"),
    ],
)
def test_a_status_that_no_api_server_has_is_named_in_plain_words(reply, reason, said, script):
    client = Client(script(reply), retries=Retries(attempts=1))
    with pytest.raises(KubeError) as caught:
        client.send(GET)
    assert caught.value.reason == reason
    assert str(caught.value) == f"GET /api/v1/pods: {reply.status} {reason}: {said}"


def test_a_refusal_by_something_that_is_not_kubernetes_shows_its_first_words(script):
    client = Client(script(Reply(404, {}, b"404 page\n not found\n")))
    with pytest.raises(NotFound) as caught:
        client.send(GET)
    assert str(caught.value) == "GET /api/v1/pods: 404 NotFound: 404 page not found"


def test_a_refusal_without_words_says_so(script):
    with pytest.raises(NotFound, match="404 NotFound: the reply says no more"):
        Client(script(Reply(404, {}, b""))).send(GET)


def test_a_status_of_strange_types_is_still_an_error(script, refusal):
    strange = refusal(409, ["x"], {"y": 1}, details=[], metadata="no")
    with pytest.raises(Conflict) as caught:
        Client(script(strange)).send(GET)
    assert caught.value.reason == "Conflict"


def test_a_gone_brings_the_fresh_continue_token(script, refusal):
    client = Client(script(refusal(410, "Expired", "too old", metadata={"continue": "fresh"})))
    with pytest.raises(Gone) as caught:
        client.send(GET)
    assert caught.value.hints.continue_token == "fresh"


def test_the_continue_token_is_not_in_the_text_of_an_error(script, refusal):
    request = Request("GET", "/api/v1/pods", (("limit", "5"), ("continue", "secret/token")))
    with pytest.raises(NotFound, match=r"^GET /api/v1/pods\?limit=5&continue=\.\.\.: 404 "):
        Client(script(refusal(404))).send(request)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again_with_growing_waits(status, script, refusal, clock, slept):
    transport = script(refusal(status), refusal(status), refusal(status), OK)
    assert Client(transport, clock=clock).send(GET) == b"{}"
    assert slept == [0.5, 1.0, 2.0]
    assert [(request.method, request.path) for request in transport.seen] == [("GET", GET.path)] * 4


def test_attempts_are_limited_and_the_last_error_is_raised(script, refusal, clock, slept):
    transport = script(*[refusal(503, "Busy", f"no {n}") for n in range(6)])
    with pytest.raises(ServerError, match="no 5"):
        Client(transport, clock=clock).send(GET)
    assert slept == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_waits_have_chance_in_them_and_a_longest(script, refusal, slept):
    clock = Clock(sleep=slept.append, chance=lambda: 0.5)
    Client(script(refusal(500), refusal(500), OK), retries=Retries(longest=1.0), clock=clock).send(GET)
    assert slept == [0.75, 1.0]


@pytest.mark.parametrize(
    ("header", "waited"),
    [
        pytest.param("3", 3.0, id="seconds"),
        pytest.param("0", 0.0, id="at once"),
        pytest.param("Sun, 09 Sep 2001 01:46:47 GMT", 7.0, id="a date"),
        pytest.param("Sun, 09 Sep 2001 01:46:33 GMT", 0.0, id="a date that has passed"),
        pytest.param("soon", 0.5, id="nonsense is as if absent"),
    ],
)
def test_retry_after_is_honoured(header, waited, script, clock, slept):
    Client(script(Reply(429, {"retry-after": header}), OK), clock=clock).send(GET)
    assert slept == [waited]


def test_the_wait_asked_for_in_the_status_is_honoured_too(script, refusal, clock, slept):
    Client(script(refusal(504, details={"retryAfterSeconds": 4}), OK), clock=clock).send(GET)
    assert slept == [4.0]


def test_a_retry_after_beyond_all_patience_is_an_error_at_once(script, clock, slept):
    with pytest.raises(TooManyRequests) as caught:
        Client(script(Reply(429, {"retry-after": "3600"})), clock=clock).send(GET)
    assert (caught.value.hints.retry_after, slept) == (3600.0, [])


def test_a_cut_connection_is_tried_again(script, clock):
    assert Client(script(Unreachable("cut", reason="Cut"), OK), clock=clock).send(GET) == b"{}"


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (413, "Request entity too large: limit is 3145728"),
        (500, "etcdserver: request is too large"),
        (500, "rpc error: code = ResourceExhausted desc = trying to send message larger than max (9 vs. 8)"),
    ],
)
def test_what_is_too_large_to_be_stored_is_not_tried_again(status, message, script, refusal, clock):
    transport = script(refusal(status, "InternalError", message))
    with pytest.raises(TooLarge, match=r"larg"):
        Client(transport, clock=clock).send(read("/version"))
    assert len(transport.seen) == 1


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(Unreachable("cut", reason="Cut"), id="cut connection"),
        pytest.param(Reply(500), id="server error"),
    ],
)
def test_a_creation_that_may_have_happened_is_not_repeated(problem, script, clock, slept):
    with pytest.raises(KubeError):
        Client(script(problem), clock=clock).send(POST)
    assert slept == []


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(Unreachable("refused", reason=NOT_SENT), id="never sent"),
        pytest.param(Reply(429), id="turned away"),
    ],
)
def test_a_creation_that_cannot_have_happened_is_repeated(problem, script, clock):
    assert Client(script(problem, OK), clock=clock).send(POST) == b"{}"


def test_certificates_that_do_not_fit_are_not_tried_again(script, clock, slept):
    with pytest.raises(Unreachable):
        Client(script(Unreachable("who are you", reason=UNTRUSTED)), clock=clock).send(GET)
    assert slept == []


def test_a_stop_ends_a_wait_at_once(script, refusal):
    stop = threading.Event()
    transport = script(Reply(429, {"retry-after": "50"}), OK)
    timer = threading.Timer(0.05, stop.set)
    start = time.monotonic()
    timer.start()
    with pytest.raises(TooManyRequests):
        Client(transport, stop=stop).send(GET)
    timer.join()
    assert time.monotonic() - start < 5
    assert len(transport.seen) == 1


def test_after_a_stop_requests_are_tried_once(script, refusal, slept, clock):
    stop = threading.Event()
    stop.set()
    client = Client(script(OK, refusal(500)), stop=stop, clock=clock)
    assert client.send(GET) == b"{}"
    with pytest.raises(ServerError):
        client.send(GET)
    assert slept == []


def test_the_observer_hears_of_every_attempt(script, refusal, slept):
    heard = []
    ticks = iter([1.0, 1.5, 2.0, 2.25, 3.0, 3.125])
    clock = Clock(sleep=slept.append, elapsed=lambda: next(ticks))
    transport = script(refusal(503), Unreachable("cut"), OK)
    Client(transport, on_request=lambda *what: heard.append(what), clock=clock).send(replace(GET, within=0.0))
    assert heard == [("get", "", 503, 0.5), ("get", "", 0, 0.25), ("get", "", 200, 0.125)]


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"{", b"null", b"{}{}", b'{"kind":"Status","code":500}'])
def test_a_reply_that_is_not_a_good_one_is_asked_for_again(body, script, clock, slept):
    assert Client(script(Reply(200, {}, body), OK), clock=clock).send(GET) == b"{}"
    assert len(slept) == 1


def test_a_creation_whose_reply_makes_no_sense_is_not_repeated(script, clock, slept):
    with pytest.raises(BadBody, match=r"^POST /api/v1/namespaces: the reply of 4 bytes is not JSON"):
        Client(script(Reply(201, {}, b"what")), clock=clock).send(POST)
    assert slept == []


def test_json_is_decoded(script):
    assert Client(script(Reply(200, {}, b'{"a": [1]}'))).get_json("/version") == {"a": [1]}


def test_a_reply_that_is_not_json_names_the_request_and_keeps_its_content_to_itself(script):
    half = Reply(200, {}, b'{"password": "hunter2"')
    with pytest.raises(BadBody) as caught:
        Client(script(half), retries=Retries(attempts=1)).get_json("/version")
    assert str(caught.value).startswith("GET /version: the reply of 22 bytes is not JSON: ")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_all_requests_together_have_no_more_time_than_is_left(script, refusal, slept, clock):
    transport = script(OK, refusal(503), OK)
    client = Client(transport, clock=clock).bounded(iter([7.0, 0.4, -3.0]).__next__)
    client.send(GET)
    assert transport.seen[0].within == pytest.approx(7.0, abs=0.1)
    with pytest.raises(ServerError, match=r"503 .*; given up after 0\.4 s"):
        client.send(GET)
    client.send(GET)  # what nobody waits for is still asked, for there is a reply at once as a rule
    assert 0 < transport.seen[-1].within < 1
