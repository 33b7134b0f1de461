"""What every kind of Event needs: somebody who writes them, counts them, and says what was held back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from uuid import uuid4

from audit.aggregate import Summary
from audit.events.bodies import Moment
from audit.events.reasons import Fates, held_back
from audit.events.writing import EventWriter, Posted
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol")
Count = Callable[[Mapping[tuple[str, ...], int]], None]


@dataclass(frozen=True, slots=True)
class Telling:
    """Tells of a run by Events, at most `limit` of them (0: all), and of those Events by `count` and in the log.

    `instance` names this process for people, `unique` is in the names of its Events; `now` gives Unix seconds and
    `elapsed` monotonic ones.
    """

    writer: EventWriter
    count: Count
    limit: int
    instance: str
    now: Callable[[], float] = time.time
    elapsed: Callable[[], float] = time.monotonic
    unique: str = field(default_factory=lambda: uuid4().hex)

    def moment(self, summary: Summary) -> Moment:
        """The present one."""
        return Moment(summary.info, self.now(), self.instance)

    def told(self, fates: Fates, sent: Posted, audit_id: str) -> None:
        """Count what became of the Events of a run, and log what was held back. Raises AuditError for what failed."""
        self.count({(reason.value, fate.value): number for (reason, fate), number in fates.items() if number})
        line = held_back(fates)
        if line:
            log.info("%s", line, extra={"audit_id": audit_id})
        sent.check()
