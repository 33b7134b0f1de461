"""Hands the messages of each run to the delivery; a page waits for no target."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import field
from itertools import islice

from audit.aggregate import Phase, Summary
from audit.errors import ExportError
from audit.export.backlog import END, START, VIOLATION
from audit.export.connection import Connection
from audit.export.delivery import Delivery
from audit.export.lines import MessageLines, as_go
from audit.export.message import Message, Sent, Told, end_message, interrupted_message, resolved_message, start_message
from audit.export.records import TOGETHER, Messages
from audit.extent import ALL, CHANGES
from audit.fields import numbered
from audit.ledger import Changes, Ledger
from audit.logs.said import Saying
from audit.logs.streams import encoded
from audit.model import RunInfo
from audit.verdicts import Reviewed
from constraints.dataclass import dataclass

DROPPED = "ExportDropped"
AT_ONCE = 8 * TOGETHER  # messages that are written to the spill folder in one go


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
    the sink has its own, and keeps it only where messages are extended. All who tell of violations share `saying`.
    Raises ExportError at the end of a run that had to drop messages, or whose Connection has a `problem`.
    """

    name = "export"
    phase: Phase = "log"

    def __init__(
        self,
        delivery: Delivery,
        problem: Callable[[], ExportError | None],
        selection: Selection,
        ledger: Ledger | None = None,
        saying: Saying | None = None,
    ) -> None:
        self._delivery = delivery
        self._problem = problem
        self._ledger = ledger or Ledger()
        self._owns = ledger is None
        self._selection = selection
        self._saying = saying or Saying()
        self._lines = MessageLines("", Told(), self._ledger.first)
        self._run = ""
        self._told: Told | None = None
        self._sent = Sent()

    def start(self, info: RunInfo) -> None:
        """Nothing is told yet: the Connection is read with the policies. What waits has to wait for the run."""
        self._delivery.pace.slow()
        if self._owns:
            self._ledger.start(info)
        self._run, self._told, self._sent = info.audit_id, None, Sent()

    def page(self, reviewed: Reviewed) -> None:
        """A message for each violation that is told."""
        told, ledger = self._begin(), self._ledger
        if told is None:
            return
        found = self._saying.of(reviewed)
        if told.of == CHANGES:
            found = [each for each in found if not ledger.knows(each[0])]
        if told.extended and self._owns:
            ledger.page(reviewed)
        left = iter(found)
        while some := [*islice(left, AT_ONCE)]:
            self._put([self._lines.of(some[at : at + TOGETHER]) for at in range(0, len(some), TOGETHER)])

    def finish(self, summary: Summary, changes: Changes) -> None:
        """What is resolved, and the end message, also of a run that did not come to its end."""
        try:
            self._end(summary, changes)
        finally:
            self._delivery.pace.free()
        if self._sent.dropped or summary.cut:
            self._selection.lost()
        if self._sent.dropped:
            are = "is" if self._sent.dropped == 1 else "are"
            text = f"{numbered(self._sent.dropped, 'message')} had no place among those that wait, and {are} dropped"
            raise ExportError(text, reason=DROPPED)
        problem = self._problem()
        if problem is not None:
            raise problem

    def settle(self) -> None:
        """Wait for the messages of the run that has ended. Raises ExportError where some are not with the target."""
        if self._told is None:
            return
        self._delivery.settle()
        waiting = self._delivery.tally.counts().waiting
        refused = self._delivery.tally.dropped(self._run) - self._sent.dropped
        if waiting:
            raise ExportError(
                f"{numbered(waiting, 'message')} could not be published, and {'waits' if waiting == 1 else 'wait'}",
                reason="NotPublished",
            )
        if refused:
            raise ExportError(
                f"{numbered(refused, 'message is', 'messages are')} refused by their target, and dropped",
                reason=DROPPED,
            )

    def _end(self, summary: Summary, changes: Changes) -> None:
        told = self._begin()
        if told is None:
            return
        if self._selection.mode == CHANGES:
            resolved = (resolved_message(self._run, known, told) for known in changes.each_resolved())
            while some := [*islice(resolved, TOGETHER)]:
                self._put([_messages(*some)])
        if told.extended and self._owns and not summary.cut:
            self._ledger.end(summary)
        self._delivery.put(self._run, END, [_messages(end_message(self._run, told, self._sent, summary))])

    def _begin(self) -> Told | None:
        """How this run is told, None where it is not exported; its start message goes before all others."""
        target = self._delivery.target
        if self._told is None and target is not None:
            self._told = told = self._selection.begin(target.connection)
            self._end_another(told)
            self._lines = MessageLines(self._run, told, self._ledger.first)
            self._delivery.put(self._run, START, [_messages(start_message(self._run, told))])
        return self._told

    def _end_another(self, told: Told) -> None:
        """The run that a process before this one has begun and not ended."""
        left = self._delivery.interrupted()
        if left is not None:
            message = interrupted_message(left.run, told, Sent(left.sent, left.dropped))
            self._delivery.put(left.run, END, [_messages(*([message] if message else []))])

    def _put(self, messages: Sequence[Messages]) -> None:
        number = sum(map(len, messages))
        dropped, before = self._delivery.put(self._run, VIOLATION, messages), self._sent
        self._sent = Sent(before.sent + number - dropped, before.dropped + dropped)


class SettlingSink:
    """Has a run end when its messages are with the target, or will not be, which `settle` waits for."""

    name = "export"
    phase: Phase = "log"

    def __init__(self, settle: Callable[[], None]) -> None:
        self._settle = settle

    def start(self, info: RunInfo) -> None:
        """Nothing to do."""

    def page(self, reviewed: Reviewed) -> None:
        """Nothing to do."""

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Raises ExportError where some are not with the target."""
        self._settle()


def _messages(*told: Message) -> Messages:
    return Messages.of(as_go(encoded(each)) for each in told)
