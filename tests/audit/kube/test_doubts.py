"""What had no good answer gets fewer tries and less time, until it has one; and what others wait for is given up
sooner.
"""

from __future__ import annotations

import logging
import queue
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from audit.errors import KubeError, ServerError, Unreachable
from audit.kube.client import Client, Clock
from audit.kube.doubts import NOT_SENT, Doubts
from audit.kube.request import Reply, Request, read

OK = Reply(200, {}, b"{}")
GET = Request("GET", "/apis/x.io/v1/things/a", resource="things.x.io")
OTHER = Request("GET", "/apis/x.io/v1/others", verb="list", resource="others.x.io")
PATCH = Request("PATCH", "/apis/x.io/v1/things/a/status", body=b"{}", verb="patch", resource="things.x.io/status")
BUSY = Reply(503)


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def client(time, script):
    """Makes a client of these replies that remembers."""

    def made(*replies):
        clock = Clock(sleep=time.sleep, elapsed=lambda: time.now, chance=lambda: 0.0)
        transport = script(*replies)
        client = Client(transport, clock=clock).doubting(Doubts(lambda: time.now))
        return client, transport

    return made


def tries(client, transport, *requests: Request) -> list[int]:
    found = []
    for request in requests:
        before = len(transport.seen)
        with suppress(KubeError):
            client.send(request)
        found.append(len(transport.seen) - before)
    return found


def test_what_failed_is_tried_less_often_until_it_is_answered(client):
    made, transport = client(*6 * [BUSY], *2 * [BUSY], OK, *5 * [BUSY], OK)
    assert tries(made, transport, GET, GET, GET) == [6, 3, 6]


def test_what_failed_gets_little_time_for_its_tries(client):
    made, transport = client(*6 * [BUSY], OK)
    assert tries(made, transport, GET, GET) == [6, 1]
    assert transport.seen[-1].within == 10.0


def test_others_of_the_group_get_fewer_tries_but_all_their_time(client):
    made, transport = client(*6 * [BUSY], *3 * [BUSY])
    assert tries(made, transport, GET, OTHER) == [6, 3]
    assert transport.seen[6].within == 60.0


def test_reads_and_writes_are_told_apart(client):
    made, transport = client(*6 * [BUSY], *6 * [BUSY])
    assert tries(made, transport, GET, PATCH) == [6, 6]


def test_without_a_connection_everything_is_tried_less_until_there_is_one(client):
    cut = Unreachable("no", reason=NOT_SENT)
    made, transport = client(*6 * [cut], *3 * [cut], OK, *5 * [BUSY], OK)
    assert tries(made, transport, read("/api"), read("/apis"), PATCH, GET) == [6, 3, 1, 6]


@pytest.mark.parametrize("answer", [Reply(403), Reply(404), Reply(409)])
def test_a_refusal_is_an_answer(answer, client):
    made, transport = client(*6 * [BUSY], answer, *5 * [BUSY], OK)
    assert tries(made, transport, GET, GET, GET) == [6, 1, 6]


@pytest.mark.parametrize("status", [429, 503])
def test_who_says_when_to_ask_is_asked_as_often_and_as_late_as_it_says(status, client, time):
    later = Reply(status, {"retry-after": "7"})
    made, transport = client(*6 * [later], *5 * [later], OK)
    assert tries(made.prompt(), transport, GET, GET) == [6, 6]
    assert time.slept == 10 * [7.0]


def test_what_fails_for_long_gets_all_its_tries_now_and_then(client, time):
    made, transport = client(*6 * [BUSY], *3 * [BUSY], *6 * [BUSY], *3 * [BUSY])
    assert tries(made, transport, GET, GET) == [6, 3]
    time.now += 600.0
    assert tries(made, transport, GET, GET) == [6, 3]


def test_what_there_was_no_time_for_has_not_failed(client):
    made, transport = client(*12 * [BUSY])
    with pytest.raises(ServerError, match=r"given up after 0\.1 s"):
        made.bounded(lambda: -1.0).send(GET)
    assert tries(made, transport, GET) == [6]


def test_what_others_wait_for_is_given_up_sooner(client, time):
    made, transport = client(*6 * [BUSY])
    with pytest.raises(ServerError):
        made.prompt(total=5.0).send(GET)
    assert (len(transport.seen), time.slept) == (4, [0.5, 1.0, 2.0])


def test_a_try_for_an_object_takes_no_longer_and_one_for_a_list_what_it_needs(client):
    made, transport = client(OK, OK)
    made = made.prompt(total=5.0)
    made.send(GET)
    made.send(replace(GET, verb="list"))
    assert [request.within for request in transport.seen] == [5.0, 60.0]


def test_what_is_waited_for_is_logged_while_it_is_waited_for():
    told: queue.SimpleQueue[str] = queue.SimpleQueue()

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.put(record.getMessage())

    class Silent:
        def exchange(self, request: Request) -> Reply:
            heard.append(told.get(timeout=20))
            return OK

    heard: list[str] = []
    handler, logger = Told(), logging.getLogger("kube_patrol.kube")
    logger.addHandler(handler)
    try:
        Client(Silent()).prompt(silence=0.01).send(GET)
    finally:
        logger.removeHandler(handler)
    assert heard == ["waiting for the API server, for 0.01 s by now: GET /apis/x.io/v1/things/a: no answer yet"]
