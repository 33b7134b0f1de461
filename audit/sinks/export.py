"""Hands the messages of each run to the delivery; a page waits for no target."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import field, replace

from audit.aggregate import Phase, Summary
from audit.errors import ExportError
from audit.export.backlog import END, START, VIOLATION
from audit.export.connection import Connection
from audit.export.delivery import Delivery
from audit.export.message import (
    Message,
    Sent,
    Told,
    end_message,
    resolved_message,
    start_message,
    violation_message,
)
from audit.extent import ALL, CHANGES
from audit.ledger import Changes, Ledger
from audit.logs.streams import encoded
from audit.model import RunInfo
from audit.verdicts import Reviewed
from constraints.dataclass import dataclass

DROPPED = "ExportDropped"
AT_ONCE = 500  # messages


@dataclass(slots=True)
class Selection:
    """Which violations of a run are told: with the mode `changes` new ones alone, and those that are resolved.

    Everything is told at first, after `full_interval` seconds (0 = never again), when messages were lost, and to a new
    Connection. `clock` gives monotonic seconds.
    """

    mode: str = ALL
    full_interval: float = 0.0
    cluster: str = ""
    clock: Callable[[], float] = time.monotonic
    _told_at: float | None = field(default=None)
    _to: Connection | None = field(default=None)

    def begin(self, connection: Connection) -> Told:
        """How the run that begins now tells."""
        now, before = self.clock(), self._told_at
        late = before is None or 0 < self.full_interval <= now - before
        full = self.mode == ALL or late or connection != self._to
        if full:
            self._told_at = now
        self._to = connection
        return Told(connection.extended, self.cluster, ALL if full else CHANGES)

    def lost(self) -> None:
        """Not everything has come to the target: the next run tells everything again."""
        self._told_at = None


class ExportSink:
    """Messages of a run go where `delivery` aims when its policies are read: not before its first page, or its end.

    `selection` says which violations are told, and the `ledger`, that of the runs, which of them are new. Without one
    the sink has its own, and keeps it only where messages are extended. Raises ExportError at the end of a run that had
    to drop messages, or whose Connection has a `problem`.
    """

    name = "export"
    phase: Phase = "log"

    def __init__(
        self,
        delivery: Delivery,
        problem: Callable[[], ExportError | None],
        selection: Selection,
        ledger: Ledger | None = None,
    ) -> None:
        self._delivery = delivery
        self._problem = problem
        self._ledger = ledger or Ledger()
        self._owns = ledger is None
        self._selection = selection
        self._run = ""
        self._told: Told | None = None
        self._sent = Sent()

    def start(self, info: RunInfo) -> None:
        """Nothing is told yet: the Connection is read with the policies."""
        if self._owns:
            self._ledger.start(info)
        self._run, self._told, self._sent = info.audit_id, None, Sent()

    def page(self, reviewed: Reviewed) -> None:
        """A message for each violation that is told."""
        told, ledger = self._begin(), self._ledger
        if told is None:
            return
        found = reviewed.violations()
        if told.of == CHANGES:
            found = (violation for violation in found if not ledger.knows(violation))
        if told.extended and self._owns:
            ledger.page(reviewed)
        first = ledger.first if told.extended else _unknown
        self._put(violation_message(self._run, violation, told, first(violation)) for violation in found)

    def finish(self, summary: Summary, changes: Changes) -> None:
        """What is resolved, and the end message, also of a run that did not come to its end."""
        told = self._begin()
        if told is not None:
            if self._selection.mode == CHANGES:
                self._put(resolved_message(self._run, known, told) for known in changes.each_resolved())
            if told.extended and self._owns and not summary.cut:
                self._ledger.end(summary)
            end = end_message(self._run, told, self._sent, summary)
            self._delivery.put(self._run, END, [encoded(end)])
        if self._sent.dropped or summary.cut:
            self._selection.lost()
        if self._sent.dropped:
            text = f"{self._sent.dropped} messages had no place among those that wait, and are dropped"
            raise ExportError(text, reason=DROPPED)
        problem = self._problem()
        if problem is not None:
            raise problem

    def _begin(self) -> Told | None:
        """How this run is told, None where it is not exported; its start message goes before all others."""
        target = self._delivery.target
        if self._told is None and target is not None:
            self._told = self._selection.begin(target.connection)
            self._delivery.put(self._run, START, [encoded(start_message(self._run, self._told))])
        return self._told

    def _put(self, messages: Iterable[Message]) -> None:
        lines = [encoded(message) for message in messages]
        for at in range(0, len(lines), AT_ONCE):
            some = lines[at : at + AT_ONCE]
            dropped = self._delivery.put(self._run, VIOLATION, some)
            self._sent = replace(
                self._sent, sent=self._sent.sent + len(some) - dropped, dropped=self._sent.dropped + dropped
            )


def _unknown(violation: object) -> str:
    """Nobody asks when it was seen first."""
    return ""
