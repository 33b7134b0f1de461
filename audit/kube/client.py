"""Sends requests to the API server: the one door where its refusals become the KubeError tree."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from threading import Event
from typing import TYPE_CHECKING, Protocol, TypeVar

import orjson
from tenacity import RetryCallState, Retrying, retry_if_exception

from audit.errors import (
    BadBody,
    Conflict,
    Forbidden,
    Gone,
    Hints,
    Invalid,
    KubeError,
    NotFound,
    ServerError,
    TimedOut,
    TooLarge,
    TooManyRequests,
    Unreachable,
)
from audit.kube import replies
from audit.kube.request import Reply, Request, read

if TYPE_CHECKING:
    from constraints.model import Json

T = TypeVar("T")
NOT_SENT = "NotConnected"
"""The `reason` of an Unreachable whose request never left: repeating it is safe whatever it does."""

UNTRUSTED = "Untrusted"
"""The `reason` of an Unreachable where the certificates do not fit: repeating it is of no use."""

_LONGEST_TEXT = 1000
_SHORTEST_TRY = 0.1  # seconds
# What an API server says under 500 when etcd, or the connection to it, takes no object of that size
# (k8s.io/apiserver/pkg/endpoints/handlers/rest.go, isTooLargeError). Trying again is of no use then.
_TOO_LARGE = ("etcdserver: request is too large", "trying to send message larger than max")
_BY_STATUS: dict[int, type[KubeError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: TooLarge,
    422: Invalid,
    429: TooManyRequests,
}


class Transport(Protocol):
    """Carries one request and brings the reply of any status. Raises Unreachable when there is none."""

    def exchange(self, request: Request) -> Reply: ...


class Stream(Protocol):
    """A reply whose body comes in pieces; `close` ends it from any thread, `release` is for the one that reads it."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def chunks(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...

    def release(self) -> None: ...


class Streaming(Protocol):
    """A Transport that can also bring a reply piece by piece. Raises Unreachable when there is none."""

    def stream(self, request: Request) -> Stream: ...


class Observer(Protocol):
    """Hears of each request that was sent: `status` is 0 where no reply came."""

    def __call__(self, verb: str, resource: str, status: int, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Retries:
    """How patient a client is, in seconds.

    Waits double from `first` up to `longest`, each with up to as much again of chance. A Retry-After is waited for
    exactly; one longer than `patience` is an error at once.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 20.0
    patience: float = 300.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as a client sees it: `now` is Unix seconds, `sleep` None means the stop event's own wait."""

    now: Callable[[], float] = time.time
    elapsed: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], object] | None = None
    chance: Callable[[], float] = random.random


def unbounded() -> float:
    """The seconds that are left where nothing bounds them."""
    return math.inf


def ignore(verb: str, resource: str, status: int, seconds: float) -> None:
    """An observer that does nothing."""


class Client:
    """Sends requests, repeats those that are worth it, and may be shared by threads.

    Once `stop` is set nothing waits any more: what is being waited for fails with its last error, and new requests
    are tried once.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        retries: Retries = Retries(),
        stop: Event | None = None,
        on_request: Observer = ignore,
        clock: Clock = Clock(),
    ) -> None:
        self._transport = transport
        self._retries = retries
        self._stop = stop or Event()
        self._on_request = on_request
        self._clock = clock
        self._seconds_left: Callable[[], float] = unbounded

    def bounded(self, left: Callable[[], float]) -> Client:
        """The same client, whose requests have together no more than `left()` seconds."""
        bounded = copy(self)
        bounded._seconds_left = left
        return bounded

    def send(self, request: Request) -> bytes:
        """The body of a good reply, as audit.kube.replies says what that is.

        Raises a KubeError that names request, status and the server's message; TimedOut, with the last of these, when
        there is no time left for another try.
        """
        return self._repeated(self.attempt, request)

    def send_json(self, request: Request) -> Json:
        """The body of a good reply, decoded. Raises a KubeError."""
        return self._repeated(self._document, request)

    def get_json(self, path: str) -> Json:
        """What stands at `path`, decoded. Raises a KubeError."""
        return self.send_json(read(path))

    def attempt(self, request: Request) -> bytes:
        """As `send`, but with one try and no wait."""
        body = self._body(request)
        with naming(request):
            replies.check(request.expected, body)
        return body

    def _document(self, request: Request) -> Json:
        body = self._body(request)
        with naming(request):
            return replies.document(request.expected, body)

    def _repeated(self, attempt: Callable[[Request], T], request: Request) -> T:
        request = self._bounded(request)
        ends = self._clock.elapsed() + request.within if request.within else math.inf
        retrying = Retrying(
            retry=retry_if_exception(lambda error: _worth_repeating(request, error)),
            stop=self._give_up,
            wait=self._wait,
            # before_sleep does the sleeping: only there the last error is known, should the stop event end it.
            before_sleep=lambda state: self._pause(state, request, ends),
            sleep=lambda _: None,
            reraise=True,
        )
        return retrying(lambda: attempt(self._left(request, ends)))

    def _bounded(self, request: Request) -> Request:
        left = max(self._seconds_left(), _SHORTEST_TRY)
        return replace(request, within=min(request.within or math.inf, left)) if left < math.inf else request

    def _body(self, request: Request) -> bytes:
        start = self._clock.elapsed()
        status = 0
        try:
            reply = self._transport.exchange(request)
            status = reply.status
        finally:
            self._on_request(request.verb, request.resource, status, self._clock.elapsed() - start)
        if 200 <= reply.status < 300:
            return reply.body
        raise error_of(request, reply, self._clock.now())

    def _left(self, request: Request, ends: float) -> Request:
        """The request, with the time that is left for one more try."""
        if ends == math.inf:
            return request
        return replace(request, within=max(ends - self._clock.elapsed(), _SHORTEST_TRY))

    def _give_up(self, state: RetryCallState) -> bool:
        error = _last_error(state)
        too_long = isinstance(error, KubeError) and (error.hints.retry_after or 0.0) > self._retries.patience
        return too_long or self._stop.is_set() or state.attempt_number >= self._retries.attempts

    def _wait(self, state: RetryCallState) -> float:
        error = _last_error(state)
        if isinstance(error, KubeError) and error.hints.retry_after is not None:
            return error.hints.retry_after
        step = self._retries.first * 2.0 ** (state.attempt_number - 1)
        return float(min(step * (1.0 + self._clock.chance()), self._retries.longest))

    def _pause(self, state: RetryCallState, request: Request, ends: float) -> None:
        seconds, error = state.upcoming_sleep, _last_error(state)
        if ends < math.inf and self._clock.elapsed() + seconds >= ends:
            raise TimedOut(f"{error}; given up after {request.within:g} s", reason="Timeout") from error
        (self._clock.sleep or self._stop.wait)(seconds)
        if error is not None and self._stop.is_set():
            raise error


@contextmanager
def naming(request: Request) -> Iterator[None]:
    """Names the request in what is said of its reply."""
    try:
        yield
    except BadBody as error:
        raise BadBody(f"{request}: {error}", status=200) from error


def error_of(request: Request, reply: Reply, now: float) -> KubeError:
    """The error that a refusal stands for; `now` (Unix seconds) is what a Retry-After date is compared with."""
    status = _status_object(reply.body)
    details, metadata = _mapping(status.get("details")), _mapping(status.get("metadata"))
    kind = _kind_of(reply.status, _text(status.get("message")))
    reason = _text(status.get("reason")) or kind.__name__
    return kind(
        f"{request}: {reply.status} {reason}: {_message(status, reply.body)}",
        status=reply.status,
        reason=reason,
        hints=Hints(
            continue_token=_text(metadata.get("continue")),
            retry_after=_retry_after(reply.headers.get("retry-after"), details.get("retryAfterSeconds"), now),
            name=_text(details.get("name")),
        ),
    )


def _kind_of(status: int, message: str) -> type[KubeError]:
    if status >= 500:
        return TooLarge if any(words in message for words in _TOO_LARGE) else ServerError
    return _BY_STATUS.get(status, KubeError)


def _worth_repeating(request: Request, error: BaseException) -> bool:
    if isinstance(error, TooManyRequests):
        return True
    if isinstance(error, Unreachable):
        return error.reason != UNTRUSTED and (request.repeatable or error.reason == NOT_SENT)
    return isinstance(error, ServerError | BadBody) and request.repeatable


def _last_error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _status_object(body: bytes) -> dict[str, Json]:
    """The `Status` that Kubernetes refuses with; empty where something else answered, e.g. a proxy."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return _mapping(status) if _mapping(status).get("kind") == "Status" else {}


def _message(status: dict[str, Json], body: bytes) -> str:
    message = _text(status.get("message")) or " ".join(body[:_LONGEST_TEXT].decode("utf-8", "replace").split())
    return message[:_LONGEST_TEXT] or "the reply says no more"


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _retry_after(header: str | None, details: Json, now: float) -> float | None:
    """Seconds to wait: the header's, in seconds or as a date, else those in the Status; None where neither says."""
    if header and header.strip().isdecimal():
        return float(header)
    if header:
        try:
            return max(0.0, parsedate_to_datetime(header).timestamp() - now)
        except ValueError:
            pass  # not a date: as if it were not there
    # 0 in the Status means that it does not say
    return float(details) if isinstance(details, int) and details > 0 else None
