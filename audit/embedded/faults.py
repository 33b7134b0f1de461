"""Faults on request, and the log of what was asked: for tests."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from fnmatch import fnmatchcase
from http import HTTPStatus

from audit.embedded.calls import Call, Reply, refused
from audit.embedded.paging import TOO_OLD, fresh_token
from audit.embedded.refusals import Refusal
from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with requests that match.

    Matching: `method` and `path` are shell patterns; `query` is a text that the query must contain (`continue=`); the
    first `after` requests that match pass, then `times` are hit (None: all). What happens: first a `delay` in seconds;
    then, where they are given, the connection is `cut` after so many bytes of the body, `body` is sent with status 200,
    or `status` is refused (410 with `fresh_token` offers one, 429 and 5xx with `retry_after` ask to wait, 404 with
    `named` names the object as an API server does). With a delay only, the request is answered as usual.
    """

    path: str = "*"
    method: str = "*"
    query: str = ""
    after: int = 0
    times: int | None = 1
    delay: float = 0.0
    status: int = 0
    retry_after: int | None = None
    fresh_token: bool = False
    named: bool = False
    cut: int | None = None
    body: bytes | None = None

    def matches(self, call: Call) -> bool:
        """Whether this request is one that it is about."""
        query = "&".join(f"{name}={value}" for name, value in call.query.items())
        fits = fnmatchcase(call.path, self.path) and fnmatchcase(call.method, self.method)
        return fits and self.query in query

    def reply(self, call: Call) -> Reply | None:
        """What is sent instead of the real answer, None for the real one."""
        if self.body is not None:
            return Reply(self.body)
        return refused(self._refusal(call)) if self.status else None

    def _refusal(self, call: Call) -> Refusal:
        if self.status == HTTPStatus.GONE:
            refusal = Refusal(410, "Expired", TOO_OLD)
            if self.fresh_token and call.query.get("continue"):
                refusal.body["metadata"] = {"continue": fresh_token(call.query["continue"])}
            return refusal
        reason, message = _SAID.get(self.status, ("", HTTPStatus(self.status).phrase))
        wait = {} if self.retry_after is None else {"retryAfterSeconds": self.retry_after}
        about = {"name": call.path.rpartition("/")[2]} if self.named else {}
        return Refusal(self.status, reason or HTTPStatus(self.status).phrase.replace(" ", ""), message, wait | about)


_SAID: Mapping[int, tuple[str, str]] = {
    429: ("TooManyRequests", "the server has received too many requests and has asked us to try again later"),
    500: ("InternalError", "Internal error occurred: an injected fault"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted"),
}


@dataclass(slots=True)
class _Armed:
    fault: Fault
    seen: int = 0


class Faults:
    """The faults that are armed; the first one that hits a request decides."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def append(self, fault: Fault) -> None:
        """Arm `fault`."""
        with self._lock:
            self._armed.append(_Armed(fault))

    def clear(self) -> None:
        """Disarm all."""
        with self._lock:
            self._armed.clear()

    def hit(self, call: Call) -> Fault | None:
        """The fault that hits this request; every fault that matches counts it."""
        with self._lock:
            matching = [armed for armed in self._armed if armed.fault.matches(call)]
            for armed in matching:
                armed.seen += 1
            return next((armed.fault for armed in matching if _active(armed)), None)


def _active(armed: _Armed) -> bool:
    number = armed.seen - armed.fault.after
    return number > 0 and (armed.fault.times is None or number <= armed.fault.times)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it was answered: `status` is 0 for a connection that was cut."""

    method: str
    path: str
    query: Mapping[str, str]
    user_agent: str
    status: int
    body: bytes = b""
    accept: str = ""
