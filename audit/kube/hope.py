"""Where it is of use to go on with many requests that are sent side by side, when some have failed."""

from __future__ import annotations

from dataclasses import field
from threading import Lock
from typing import Final, NamedTuple

from audit.errors import Forbidden, KubeError, NotLeader, TooLarge
from audit.kube.request import Request
from constraints.dataclass import dataclass

IN_A_ROW: Final = 3
"""Failures after which no other request is tried."""


class Right(NamedTuple):
    """What a right is for."""

    verb: str
    resource: str
    namespace: str


def place(request: Request) -> Right:
    """What a request needs a right for."""
    namespace = request.path.partition("/namespaces/")[2].partition("/")[0]
    return Right(request.verb, request.resource, namespace)


@dataclass(slots=True)
class Hope:
    """Where it is of use to go on; for several threads."""

    error: KubeError | None = None
    _refused: set[Right] = field(default_factory=set)
    has_written: bool = False
    _in_a_row: int = 0
    _lock: Lock = field(default_factory=Lock)

    def is_lost(self, place: Right) -> bool:
        """Whether one more would most likely fail as well: rights may differ from namespace to namespace."""
        with self._lock:
            return self._in_a_row >= IN_A_ROW or place in self._refused

    def failed(self, place: Right, error: KubeError) -> None:
        """One has; what is wrong with that one alone says nothing about others."""
        with self._lock:
            if self.error is None or isinstance(error, NotLeader):
                self.error = error
            if isinstance(error, Forbidden):
                self._refused.add(place)
            elif isinstance(error, NotLeader):
                self._in_a_row = IN_A_ROW
            elif error.status not in (400, 422) and not isinstance(error, TooLarge):
                self._in_a_row += 1

    def succeeded(self) -> None:
        """One has been written."""
        with self._lock:
            self._in_a_row, self.has_written = 0, True
