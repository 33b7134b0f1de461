"""Signals that come before there is anything to stop: remembered, for whoever is there then."""

from __future__ import annotations

import signal
from types import FrameType

STOPPING = (signal.SIGTERM, signal.SIGINT)


class Early:
    """A handler that only remembers that it was called; `came` says so."""

    def __init__(self) -> None:
        self.came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.came = True


def listen() -> None:
    """Let no signal to stop end this process any more; `came` of the handler that is found later tells of one."""
    early = Early()
    for number in STOPPING:
        signal.signal(number, early)
