"""Targets, backlogs and deliveries for tests of the export."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audit.errors import ExportError
from audit.export.backlog import END, START, VIOLATION, Backlog, Limits
from audit.export.connection import Connection
from audit.export.delivery import Delivery, DeliveryHooks, Target
from audit.export.driver import Advance, Driver, Means
from audit.export.publishing import Publishing
from audit.export.records import TOGETHER, Messages
from audit.export.tally import Tally

RUN = "2026-11-20T23:17:21Z"
NEXT = "2026-11-20T23:18:21Z"


def no_secrets(name: str) -> dict[str, bytes]:
    raise ExportError(f"there is no Secret patrol/{name}")


PLACE = Means("audit-channel", no_secrets, {})


def some(messages: Sequence[bytes]) -> list[Messages]:
    """As they are put into a backlog."""
    return [Messages.of(messages[at : at + TOGETHER]) for at in range(0, len(messages), TOGETHER)]


def publish(driver: Driver, messages: list[bytes]) -> list[str]:
    """Publish all messages of the run, which are taken out of the list; gives why some are refused."""
    refused: list[str] = []
    while messages:
        advance = driver.publish(RUN, Messages.of(messages))
        refused += advance.refused
        del messages[: advance.number]
    return refused


@dataclass
class Recorder:
    """A driver that keeps what it gets; it fails while there are `failures`, or while it is `down`, and refuses what is
    `bad`.
    """

    name: str = "recorder"
    failures: list[str] = field(default_factory=list)
    down: bool = False
    refuses: str = "the target refuses them: as it is"
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def open(self, resuming: str) -> None:
        self.calls.append(("open", resuming))

    def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
        if self.down or self.failures:
            raise ExportError(self.failures.pop(0) if self.failures else "target: down", reason="TargetFailed")
        self.calls.append(("publish", run, *messages))
        return Advance(len(messages), [self.refuses] * sum(message == b"bad" for message in messages))

    def end(self, run: str) -> None:
        self.calls.append(("end", run))

    def close(self, for_good: bool) -> None:
        self.calls.append(("close", for_good))

    @property
    def messages(self) -> list[bytes]:
        return [message for call in self.calls if call[0] == "publish" for message in call[2:]]


@dataclass
class Line:
    """A backlog in a folder, with its tally and a delivery that hardly waits."""

    folder: Path
    limit: int = 1 << 20
    memory: int = 1 << 20
    leads: Callable[[], bool] = lambda: True
    told: Callable[[Publishing], None] | None = None
    grace: float = 600.0
    patience: float = 20.0
    heard: list[Publishing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tally = Tally()
        self.backlog = Backlog(self.folder, Limits(self.limit, self.memory), self.tally)
        around = DeliveryHooks(
            self.told or self.heard.append, self.leads, 0.01, lambda: 1_795_216_641.0, self.grace, self.patience
        )
        self.delivery = Delivery(self.backlog, self.tally, around)

    def run(self, run: str = RUN, *messages: bytes) -> int:
        """Put a whole run; gives how many were dropped."""
        self.delivery.put(run, START, some([b'"start"']))
        dropped = self.delivery.put(run, VIOLATION, some(messages))
        self.delivery.put(run, END, some([b'"end"']))
        return dropped


def target(driver: Any, **config: Any) -> Target:
    """`config` tells one Connection from another."""
    return Target(Connection(driver.name, config, origin="Connection patrol/audit-connection"), driver)


def eventually(true: Callable[[], object], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.01)
