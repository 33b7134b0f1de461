"""No reply takes more memory, and no request more time, than it was given."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import count

import pytest

from audit.errors import BodyTooLarge, Forbidden, ServerError, TimedOut, TooManyRequests, Unreachable
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.kube.request import Reply, Request, read

GET = read("/api/v1/pods")


@pytest.fixture
def reach(canned, tmp_path):
    """Connects to the canned server."""
    path = tmp_path / "config"
    cluster = {"name": "c", "cluster": {"server": canned.url}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "abc"}}
    config = {"current-context": "x", "clusters": [cluster], "contexts": [context], "users": [user]}
    path.write_text(json.dumps(config))
    return lambda **more: connect(Access(str(path), environ={}, **more))


def endless(handler, pieces=None):
    """A body in chunks, 64 KiB each, for as long as somebody reads."""
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    try:
        for _ in count():
            handler.wfile.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
            if pieces is not None:
                pieces.append(1)
    except OSError:
        return


def test_a_reply_that_tells_its_size_is_not_read_when_that_is_too_large(canned, write, reach):
    canned.answer = lambda handler: write(handler, 200, b"x" * 1001)
    with pytest.raises(BodyTooLarge, match=r"^GET /api/v1/pods: the reply is larger than 1,000 bytes$"):
        reach().exchange(replace(GET, largest=1000))
    assert len(reach().exchange(replace(GET, largest=1001)).body) == 1001


def test_a_reply_without_end_is_left_once_it_is_too_large(canned, reach):
    sent: list[int] = []
    canned.answer = lambda handler: endless(handler, sent)
    with pytest.raises(BodyTooLarge):
        reach().exchange(replace(GET, largest=1_000_000))
    assert len(sent) < 1000  # what lies in the buffers of two sockets


def test_the_bound_of_the_connection_holds_for_every_request(canned, reach):
    canned.answer = endless
    with pytest.raises(BodyTooLarge, match="larger than 200,000 bytes"):
        reach(largest_reply=200_000).exchange(GET)


def test_a_reply_that_drips_ends_with_the_time_of_its_request(canned, reach):
    canned.answer = endless
    seconds = count(step=5.0)
    with pytest.raises(TimedOut, match=r"took more than 60 s$"):
        reach(elapsed=lambda: float(next(seconds))).exchange(replace(GET, within=60.0))


def test_a_connection_is_used_again_after_a_whole_reply_and_not_after_a_part(canned, write, reach):
    canned.answer = lambda handler: write(handler, 200, str(handler.client_address[1]).encode() * 300)
    connection = reach()
    ports = {connection.exchange(GET).body for _ in range(3)}
    with pytest.raises(BodyTooLarge):
        connection.exchange(replace(GET, largest=10))
    assert (len(ports), len({connection.exchange(GET).body} - ports)) == (1, 1)


def test_what_is_too_large_is_not_asked_for_again(script):
    transport = script(BodyTooLarge("too large", status=200))
    with pytest.raises(BodyTooLarge):
        Client(transport).send(GET)
    assert len(transport.seen) == 1


@dataclass
class Slow:
    """A transport that takes `seconds` for each answer, and no longer than a request lets it."""

    answers: list[Reply | Exception]
    seconds: float
    now: float = 0.0
    given: list[float] = field(default_factory=list)

    def exchange(self, request: Request) -> Reply:
        self.given.append(request.within)
        self.now += min(self.seconds, request.within)
        answer = self.answers.pop(0) if self.answers else Reply(503)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def clock(self) -> Clock:
        def sleep(seconds: float) -> None:
            self.now += seconds

        return Clock(elapsed=lambda: self.now, sleep=sleep, chance=lambda: 0.0)


def sent(slow: Slow, within: float) -> bytes:
    return Client(slow, clock=slow.clock()).send(replace(GET, within=within))


def test_all_tries_together_end_with_the_time_of_the_request():
    slow = Slow([], seconds=4.0)
    with pytest.raises(ServerError, match=r"^GET /api/v1/pods: 503 .*; given up after 10 s$") as caught:
        sent(slow, 10.0)
    assert slow.given == [10.0, 5.5, 0.5]
    assert isinstance(caught.value.__cause__, ServerError)
    assert slow.now <= 10.0


def test_a_hanging_server_is_waited_for_once():
    slow = Slow([Unreachable("no reply in time", reason="Timeout")], seconds=1e9)
    with pytest.raises(TimedOut, match="no reply in time; given up after 10 s"):
        sent(slow, 10.0)
    assert (slow.given, slow.now) == ([10.0], 10.0)


def test_a_wait_that_the_server_asks_for_and_there_is_no_time_for_is_not_begun():
    slow = Slow([Reply(429, {"retry-after": "30"})], seconds=1.0)
    with pytest.raises(TooManyRequests, match="429"):
        sent(slow, 10.0)
    assert slow.now == 1.0


def test_time_enough_changes_nothing():
    assert sent(Slow([Reply(503), Reply(200, {}, b"{}")], seconds=1.0), 10.0) == b"{}"
    with pytest.raises(Forbidden):
        sent(Slow([Reply(403)], seconds=1.0), 10.0)
