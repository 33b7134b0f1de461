"""Sends requests to the API server: the one door where its refusals become the KubeError tree."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from http import HTTPStatus
from threading import Event, Timer
from typing import TYPE_CHECKING, Protocol, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception

from audit.errors import BadBody, KubeError, ServerError, TimedOut, TooManyRequests, Unreachable
from audit.kube import replies
from audit.kube.doubts import NOT_SENT, Doubts
from audit.kube.refused import error_of
from audit.kube.request import Reply, Request, read
from constraints.dataclass import dataclass

if TYPE_CHECKING:
    from constraints.model import Json

T = TypeVar("T")
log = logging.getLogger("kube_patrol.kube")
PROMPT = 20.0
"""Seconds for the tries of a request that others wait for."""

UNTRUSTED = "Untrusted"
"""The `reason` of an Unreachable where the certificates do not fit: repeating it is of no use."""

_SHORTEST_TRY = 0.1  # seconds


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


def unbounded() -> float:
    """The seconds that are left where nothing bounds them."""
    return math.inf


@dataclass(frozen=True, slots=True)
class Retries:
    """How patient a client is, in seconds.

    Waits double from `first` up to `longest`, each with up to as much again of chance. A Retry-After is waited for
    exactly; one longer than `patience` is an error at once. After `total` there are no other tries but those that the
    server asks for, and none to get one object or document takes longer; after `silence` it is logged what is waited
    for. All requests together have no more than `left()`, and what the `doubts` know of is tried less.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 20.0
    patience: float = 300.0
    total: float = math.inf
    silence: float = math.inf
    left: Callable[[], float] = unbounded
    doubts: Doubts | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as clients and elections see it: `now` in Unix seconds, `elapsed` monotonic.

    `sleep` None waits for the stop event; `chance` gives a number from 0 to 1, by which waits differ.
    """

    now: Callable[[], float] = time.time
    elapsed: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], object] | None = None
    chance: Callable[[], float] = random.random


CLOCK = Clock()
RETRIES = Retries()


def ignore(verb: str, resource: str, status: int, seconds: float) -> None:
    """An observer that does nothing."""


@dataclass(slots=True)
class _Effort:
    """What is done for one request: so many `attempts` until `ends`; `error` is that of the last one."""

    request: Request
    attempts: int
    begun: float
    ends: float
    error: BaseException | None = None

    def failed(self, error: BaseException | None) -> None:
        """One more attempt has."""
        self.error = error


class Client:
    """Sends requests, repeats those that are worth it, and may be shared by threads.

    Once `stop` is set nothing waits any more: what is being waited for fails with its last error, and new requests
    are tried once.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        retries: Retries = RETRIES,
        stop: Event | None = None,
        on_request: Observer = ignore,
        clock: Clock = CLOCK,
    ) -> None:
        self._transport = transport
        self._retries = retries
        self._stop = stop or Event()
        self._on_request = on_request
        self._clock = clock

    def bounded(self, left: Callable[[], float]) -> Client:
        """The same client, whose requests have together no more than `left()` seconds."""
        return self._as_patient_as(replace(self._retries, left=left))

    def doubting(self, doubts: Doubts) -> Client:
        """The same client, which tries less for what had no good answer the last time."""
        return self._as_patient_as(replace(self._retries, doubts=doubts))

    def prompt(self, total: float = PROMPT, silence: float = 5.0) -> Client:
        """The same client for requests that others wait for, so that it gives up sooner and says what it waits for."""
        return self._as_patient_as(replace(self._retries, total=total, silence=silence))

    def send(self, request: Request) -> bytes:
        """The body of a good reply, as audit.kube.replies says what that is.

        Raises a KubeError that names request, status and the server's message; where there is no time left for another
        try, that of the last one, and TimedOut where that had no reply.
        """
        return self._repeated(self.attempt, request)

    def send_json(self, request: Request) -> Json:
        """The body of a good reply, decoded. Raises a KubeError."""
        return self._repeated(self._document, request)

    def send_if_changed(self, request: Request) -> tuple[Json, str] | None:
        """The body of a good reply, decoded, and its ETag, empty where it has none; None where `request.known` is that.

        The server has to name it, as HTTP demands, or it is asked for the whole. Raises a KubeError.
        """
        return self._repeated(self._changed, request)

    def get_json(self, path: str) -> Json:
        """What stands at `path`, decoded. Raises a KubeError."""
        return self.send_json(read(path))

    def attempt(self, request: Request) -> bytes:
        """As `send`, but with one try and no wait."""
        body = self._reply(request).body
        with naming(request):
            replies.check(request.expected, body)
        return body

    def _document(self, request: Request) -> Json:
        return self._decoded(request, self._reply(request))

    def _changed(self, request: Request) -> tuple[Json, str] | None:
        reply = self._reply(request)
        if reply.status == HTTPStatus.NOT_MODIFIED:
            if reply.headers.get("etag") == request.known:
                return None
            reply = self._reply(replace(request, known=""))  # somebody between has lost the tag, or has made this up
        return self._decoded(request, reply), reply.headers.get("etag", "")

    def _decoded(self, request: Request, reply: Reply) -> Json:
        with naming(request):
            return replies.document(request.expected, reply.body)

    def _as_patient_as(self, retries: Retries) -> Client:
        return Client(self._transport, retries=retries, stop=self._stop, on_request=self._on_request, clock=self._clock)

    def _repeated(self, attempt: Callable[[Request], T], request: Request) -> T:
        effort = self._effort(request)
        retrying = Retrying(
            retry=retry_if_exception(lambda error: _worth_repeating(request, error)),
            stop=lambda state: self._give_up(state, effort),
            wait=self._wait,
            # before_sleep does the sleeping: only there the last error is known, should the stop event end it.
            before_sleep=lambda state: self._pause(state, effort),
            sleep=lambda _: None,
            reraise=True,
        )
        with self._remembering(request), self._telling(effort):
            return retrying(lambda: attempt(self._left(effort)))

    def _effort(self, request: Request) -> _Effort:
        doubts, usual = self._retries.doubts, self._retries.attempts
        left = max(self._retries.left(), _SHORTEST_TRY)
        little = doubts.within(request) if doubts else 0.0
        within = min(request.within or math.inf, left, little or math.inf)
        attempts = doubts.attempts(request, usual) if doubts else usual
        begun = self._clock.elapsed() if min(within, self._retries.total) < math.inf else 0.0
        return _Effort(replace(request, within=within if within < math.inf else 0.0), attempts, begun, begun + within)

    @contextmanager
    def _remembering(self, request: Request) -> Iterator[None]:
        """Notes what became of a request, unless there was no time for it."""
        doubts = self._retries.doubts
        try:
            yield
        except KubeError as error:
            if doubts and self._retries.left() > 0 and not self._stop.is_set():
                doubts.heard(request, error)
            raise
        if doubts:
            doubts.heard(request, None)

    @contextmanager
    def _telling(self, effort: _Effort) -> Iterator[None]:
        """Logs what is waited for, once, where that takes longer than it should."""
        seconds = self._retries.silence
        if seconds == math.inf or effort.attempts < self._retries.attempts:  # what is doubted has been told
            yield
            return

        def tell() -> None:
            said = effort.error or f"{effort.request}: no answer yet"
            log.warning("waiting for the API server, for %g s by now: %s", seconds, said)

        timer = Timer(seconds, tell)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _reply(self, request: Request) -> Reply:
        """A reply that is no refusal. Raises KubeError."""
        start = self._clock.elapsed()
        status = 0
        try:
            reply = self._transport.exchange(request)
            status = reply.status
        finally:
            self._on_request(request.verb, request.resource, status, self._clock.elapsed() - start)
        if 200 <= reply.status < 300 or (reply.status == HTTPStatus.NOT_MODIFIED and request.known):
            return reply
        raise error_of(request, reply, self._clock.now())

    def _left(self, effort: _Effort) -> Request:
        """The request, with the time that is left for one more try."""
        request, longest = effort.request, self._retries.total if effort.request.verb == "get" else math.inf
        left = min(effort.ends - self._clock.elapsed() if effort.ends < math.inf else math.inf, longest)
        return request if left == math.inf else replace(request, within=max(left, _SHORTEST_TRY))

    def _give_up(self, state: RetryCallState, effort: _Effort) -> bool:
        error = _last_error(state)
        effort.failed(error)
        too_long = isinstance(error, KubeError) and (error.hints.retry_after or 0.0) > self._retries.patience
        return too_long or self._stop.is_set() or state.attempt_number >= effort.attempts

    def _wait(self, state: RetryCallState) -> float:
        error = _last_error(state)
        if isinstance(error, KubeError) and error.hints.retry_after is not None:
            return error.hints.retry_after
        step = self._retries.first * 2.0 ** (state.attempt_number - 1)
        return float(min(step * (1.0 + self._clock.chance()), self._retries.longest))

    def _pause(self, state: RetryCallState, effort: _Effort) -> None:
        seconds, error, request = state.upcoming_sleep, effort.error, effort.request
        last = effort.begun + self._retries.total
        until = self._clock.elapsed() + seconds if min(effort.ends, last) < math.inf else -math.inf
        if until >= effort.ends:
            raise _given_up(error, request.within) from error
        if error is not None and until > last and not _is_asked(error):
            raise error
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


def _worth_repeating(request: Request, error: BaseException) -> bool:
    if isinstance(error, TooManyRequests):
        return True
    if isinstance(error, Unreachable):
        return error.reason != UNTRUSTED and (request.repeatable or error.reason == NOT_SENT)
    return isinstance(error, ServerError | BadBody) and request.repeatable


def _given_up(error: BaseException | None, seconds: float) -> KubeError:
    """What a request ends with when its time is up: an answer that was no good one says more than that."""
    message = f"{error}; given up after {seconds:g} s"
    if not isinstance(error, KubeError) or isinstance(error, Unreachable):
        return TimedOut(message, reason="Timeout")
    return type(error)(message, status=error.status, reason=error.reason, hints=error.hints)


def _is_asked(error: BaseException) -> bool:
    """Whether the server says itself when to try again."""
    return isinstance(error, KubeError) and error.hints.retry_after is not None


def _last_error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
