"""Cuts the messages of a call into portions that a target takes, and finds those that it will never take."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from enum import Enum

from audit.errors import ExportError
from audit.export.driver import Advance
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
    """`most` messages go in one portion, or `size` bytes of them; after `seconds` a call gives back how far it came."""

    def __init__(self, most: int = sys.maxsize, size: int = sys.maxsize, seconds: float = 1.0) -> None:
        self._most = self._at_once = most
        self._bytes = size  # of a portion, as far as is known by now
        self._seconds = seconds
        self._failed: ExportError | None = None

    def send(self, messages: Sequence[bytes], send: Callable[[Sequence[bytes]], Receipt]) -> Advance:
        """Send the messages in their order. An error after some of them is raised by the next call. Raises
        ExportError.
        """
        failed, self._failed = self._failed, None
        if failed is not None:
            raise failed
        done, refused, end = 0, list[str](), time.monotonic() + self._seconds
        while done < len(messages) and (not done or time.monotonic() < end):
            portion = self._next(messages, done)
            receipt = _tried(send, portion)
            done += receipt.taken
            if receipt.error is not None:
                if not done:
                    raise receipt.error
                self._failed = receipt.error
                break
            if self._heed(portion, receipt):
                done += 1
                refused.append(receipt.text)
        return Advance(done, refused)

    def _next(self, messages: Sequence[bytes], done: int) -> Sequence[bytes]:
        """At least one message."""
        size, end = 0, min(len(messages), done + self._at_once)
        for at in range(done, end):
            size += len(messages[at])
            if size > self._bytes and at > done:
                return messages[done:at]
        return messages[done:end]

    def _heed(self, portion: Sequence[bytes], receipt: Receipt) -> bool:
        """Whether the only message that is left of the portion is refused."""
        if receipt.refusal is None:
            self._at_once = min(self._most, self._at_once * 2)
        elif len(portion) == 1:
            return True
        elif receipt.refusal is Refusal.TOO_LARGE:
            self._bytes = sum(map(len, portion)) // 2
        else:
            self._at_once = len(portion) // 2
        return False


def _tried(send: Callable[[Sequence[bytes]], Receipt], portion: Sequence[bytes]) -> Receipt:
    try:
        return send(portion)
    except ExportError as error:
        return Receipt(error=error)
