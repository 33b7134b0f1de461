"""Cuts the messages of a call into portions that a target takes, and finds those that it will never take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from enum import Enum

from audit.errors import ExportError
from constraints.dataclass import dataclass


class Refusal(Enum):
    """Why a portion was refused as a whole."""

    TOO_LARGE = "too large"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a portion: how many of its messages were taken, and why the next one was not.

    A `refusal` tells of the portion, not of the target, and `text` what the target says; after an `error` it is tried
    again.
    """

    taken: int = 0
    refusal: Refusal | None = None
    text: str = ""
    error: ExportError | None = None


class Portions:
    """`most` messages go in one portion, or `size` bytes of them. Remembers how far a call came that failed, for it is
    repeated.
    """

    def __init__(self, most: int = sys.maxsize, size: int = sys.maxsize) -> None:
        self._most = self._at_once = most
        self._bytes = size  # of a portion, as far as is known by now
        self._of: Sequence[bytes] = ()
        self._done = 0
        self._refused: list[str] = []

    def send(self, messages: Sequence[bytes], send: Callable[[Sequence[bytes]], Receipt]) -> Sequence[str]:
        """Send all, in their order; gives why some are refused, a text for each. Raises ExportError."""
        if messages is not self._of:
            self._of, self._done, self._refused = messages, 0, []
        while self._done < len(messages):
            portion = self._next()
            self._heed(portion, send(portion))
        refused, self._of = self._refused, ()
        return refused

    def _next(self) -> Sequence[bytes]:
        """At least one message."""
        size = 0
        for at in range(self._done, min(len(self._of), self._done + self._at_once)):
            size += len(self._of[at])
            if size > self._bytes and at > self._done:
                return self._of[self._done : at]
        return self._of[self._done : self._done + self._at_once]

    def _heed(self, portion: Sequence[bytes], answer: Receipt) -> None:
        self._done += answer.taken
        if answer.error is not None:
            raise answer.error
        if answer.refusal is None:
            self._at_once = min(self._most, self._at_once * 2)
        elif len(portion) == 1:
            self._done += 1
            self._refused.append(answer.text)
        elif answer.refusal is Refusal.TOO_LARGE:
            self._bytes = sum(map(len, portion)) // 2
        else:
            self._at_once = len(portion) // 2
