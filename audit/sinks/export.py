"""Hands the messages of each run to the delivery; a page waits for no target."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from audit.aggregate import Summary
from audit.errors import ExportError
from audit.export.backlog import END, START, VIOLATION
from audit.export.delivery import Delivery
from audit.export.message import Message, end_message, start_message, violation_message
from audit.ledger import Changes
from audit.logs.streams import JSON_OPTIONS, json_default, writable
from audit.model import RunInfo
from audit.verdicts import Reviewed

DROPPED = "ExportDropped"


class ExportSink:
    """Messages of a run go where `delivery` aims when its policies are read: not before its first page, or its end.

    Raises ExportError at the end of a run that had to drop messages, or whose Connection has a `problem`.
    """

    name = "export"
    phase = "log"

    def __init__(self, delivery: Delivery, problem: Callable[[], ExportError | None]) -> None:
        self._delivery = delivery
        self._problem = problem
        self._run = ""
        self._begun = False
        self._dropped = 0

    def start(self, info: RunInfo) -> None:
        """Nothing yet: the Connection is read with the policies."""
        self._run, self._begun, self._dropped = info.audit_id, False, 0

    def page(self, reviewed: Reviewed) -> None:
        """A message for each violation."""
        if self._begin():
            messages = [_encoded(violation_message(self._run, violation)) for violation in reviewed.violations()]
            if messages:
                self._dropped += self._delivery.put(self._run, VIOLATION, messages)

    def finish(self, summary: Summary, changes: Changes) -> None:
        """The end message, also of a run that did not come to its end."""
        if self._begin():
            self._delivery.put(self._run, END, [_encoded(end_message(self._run))])
        if self._dropped:
            text = f"{self._dropped} messages had no place among those that wait, and are dropped"
            raise ExportError(text, reason=DROPPED)
        problem = self._problem()
        if problem is not None:
            raise problem

    def _begin(self) -> bool:
        """Whether this run is exported; its start message goes before all others."""
        if not self._begun and self._delivery.target is not None:
            self._begun = True
            self._delivery.put(self._run, START, [_encoded(start_message(self._run))])
        return self._begun


def _encoded(message: Message) -> bytes:
    try:
        return orjson.dumps(message, json_default, JSON_OPTIONS)
    except TypeError:  # half a surrogate pair, a number too large, a value nested too deep
        return orjson.dumps(writable(message))
