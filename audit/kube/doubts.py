"""Which requests had no good answer the last time: they get fewer tries, and less time, until they have one again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import field

from audit.errors import BadBody, KubeError, NotLeader, ServerError, Unreachable
from audit.kube.request import Request
from constraints.dataclass import dataclass

NOT_SENT = "NotConnected"
"""The `reason` of an Unreachable whose request never left: repeating it is safe whatever it does."""

FEWER = 3  # tries: one that fails once, or twice, is still got over
LITTLE = 10.0  # seconds for all of them
LASTING = 600.0  # seconds, after which there is full patience once: it may only be slow

_WRITES = frozenset({"create", "update", "patch", "delete"})
_SERVER = "server"


@dataclass(slots=True)
class Doubts:
    """Remembers since when what is asked has had no good answer; `elapsed` is a monotonic clock in seconds.

    Requests are told apart by method and path. Where one fails, others of its group, or of its resource where that is
    in none, get fewer tries, too, but all their time, until one of them is answered; where there is no connection,
    everything gets less. Reads do not count for writes. May be shared by threads.
    """

    elapsed: Callable[[], float] = time.monotonic
    _since: dict[str, float] = field(default_factory=dict)

    def attempts(self, request: Request, usual: int) -> int:
        """How often to try at most."""
        return min(usual, FEWER) if any(map(self._doubted, _keys(request))) else usual

    def within(self, request: Request) -> float:
        """The seconds for all tries, 0 where the request itself says."""
        own = next(_keys(request))
        return LITTLE if self._doubted(own) or self._doubted(_SERVER) else 0.0

    def heard(self, request: Request, error: KubeError | None) -> None:
        """A request has ended, with this error or well. A refusal is an answer, and so is one that says when to ask."""
        if isinstance(error, NotLeader):
            return  # nobody was asked
        if error is None or not isinstance(error, BadBody | ServerError | Unreachable) or error.hints.retry_after:
            for key in _keys(request):
                self._since.pop(key, None)
            return
        for key in [key for key in self._since.copy() if not self._doubted(key)]:
            self._since.pop(key, None)
        unconnected = isinstance(error, Unreachable) and error.reason == NOT_SENT
        for key in _keys(request):
            if key != _SERVER or unconnected:
                self._since.setdefault(key, self.elapsed())

    def _doubted(self, key: str) -> bool:
        since = self._since.get(key)
        return since is not None and self.elapsed() - since < LASTING


def _keys(request: Request) -> Iterator[str]:
    """What a request is known by: its own key first, then that of its group, and of the server."""
    group = request.resource.partition(".")[2] or request.resource
    yield f"{request.method} {request.path}"
    if group:
        yield f"{'write' if request.verb in _WRITES else 'read'} {group}"
    yield _SERVER
