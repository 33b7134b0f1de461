"""One thread and one loop for all sites: when it answers, how it ends."""

from __future__ import annotations

import asyncio
import socket
import threading
import urllib.request
from email.utils import parsedate_to_datetime
from threading import Event, Thread

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from audit.errors import AuditError
from audit.web.runner import Address, Runner, Site, listen

ANYWHERE = Address("127.0.0.1", 0)


async def named(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the name of the thread."""
    await PlainTextResponse(threading.current_thread().name)(scope, receive, send)


def site(app: ASGIApp = named) -> tuple[Site, str]:
    listener = listen(ANYWHERE)
    return Site(app, listener), f"http://127.0.0.1:{listener.getsockname()[1]}/"


def text(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:
        content: bytes = reply.read()
    return content.decode()


def threads(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def test_all_sites_are_answered_by_one_thread() -> None:
    (one, here), (two, there) = site(), site()
    runner = Runner(one, two, name="answers")
    runner.start()
    assert (text(here), text(there)) == ("answers", "answers")
    assert threads("answers") == 1
    runner.close()
    assert threads("answers") == 0


def test_sockets_are_closed_with_the_runner_which_may_be_closed_again() -> None:
    one, url = site()
    runner = Runner(one)
    runner.start()
    runner.close()
    runner.close()
    assert one.listener.fileno() == -1
    with pytest.raises(OSError, match="refused"):
        text(url)


def test_replies_tell_the_time() -> None:
    one, url = site()
    runner = Runner(one)
    runner.start()
    with urllib.request.urlopen(url, timeout=10) as reply:
        assert parsedate_to_datetime(reply.headers["date"]).tzinfo is not None
        assert reply.headers["server"] is None
    runner.close()


def test_a_request_that_is_being_answered_when_it_is_closed_gets_its_reply() -> None:
    begun, asked_to_end = Event(), Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        while not asked_to_end.is_set():
            await asyncio.sleep(0.01)
        await PlainTextResponse("done")(scope, receive, send)

    one, url = site(slow)
    runner, answers = Runner(one, patience=10), []
    runner.start()
    asking = Thread(target=lambda: answers.append(text(url)))
    asking.start()
    assert begun.wait(10)
    closing = Thread(target=runner.close)
    closing.start()
    asked_to_end.set()
    closing.join(10)
    asking.join(10)
    assert answers == ["done"]


def test_one_that_never_ends_is_cut_off_after_a_while() -> None:
    begun = Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.sleep(3600)

    one, url = site(endless)
    runner, failures = Runner(one, patience=0), []

    def ask() -> None:
        with pytest.raises(OSError) as caught:  # noqa: PT011 (whichever way the connection ends)
            text(url)
        failures.append(caught)

    runner.start()
    asking = Thread(target=ask)
    asking.start()
    assert begun.wait(10)
    runner.close()
    asking.join(10)
    assert len(failures) == 1


def test_a_site_that_cannot_be_served_is_an_error_and_nobody_waits_for_it() -> None:
    one, _ = site()
    one.listener.close()
    runner = Runner(one)
    with pytest.raises(AuditError, match="nothing can be answered over HTTP: "):
        runner.start()
    runner.close()


def test_a_host_without_an_address_and_a_port_in_use_raise() -> None:
    with pytest.raises(socket.gaierror):
        listen(Address("no-such-host.invalid", 0))
    with listen(ANYWHERE) as taken, pytest.raises(OSError, match="already in use"):
        listen(Address("127.0.0.1", taken.getsockname()[1]))


@pytest.mark.parametrize(
    ("address", "text"), [(Address("", 80), ":80"), (Address("a", 80), "a:80"), (Address("::1", 80), "[::1]:80")]
)
def test_an_address_is_shown_as_in_go(address: Address, text: str) -> None:
    assert str(address) == text
