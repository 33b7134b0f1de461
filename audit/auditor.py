"""One run after the other: what is kept between them, and who hears how each ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import field
from functools import partial

from audit.aggregate import Summary
from audit.metrics.registry import Metrics
from audit.model import RunInfo
from audit.outcomes import ending
from audit.preparing import Preparation
from audit.process.garbage import Garbage
from audit.process.leading import Duty
from audit.process.readiness import Readiness
from audit.run import Past, Prepared, run
from audit.sinks import Sink
from constraints import Constraint
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol")


@dataclass(slots=True)
class Auditor:
    """Runs what was prepared, and hands it to the `sinks`; `duty` says whether a run may go on.

    No more than `limit` violations of a constraint are kept. `metrics` and `readiness` hear how each run ended, once
    all sinks have finished; `clock` gives Unix seconds. The rest is what the runs so far have left.
    """

    preparation: Preparation
    sinks: Sequence[Sink]
    duty: Duty
    metrics: Metrics
    readiness: Readiness
    limit: int
    clock: Callable[[], float] = time.time
    past: Past = field(default_factory=Past)
    garbage: Garbage = field(default_factory=Garbage)
    last: RunInfo | None = None
    enforced: tuple[Constraint, ...] = ()
    skipped: int = 0

    def run(self) -> Summary:
        """One audit; what prevents it is in the summary. What only a mistake of ours can raise is logged."""
        self.last = RunInfo.at(self.clock(), self.last)
        blank = Summary(self.last, self.limit)
        with self.garbage.resting(self.enforced):
            summary = run(partial(self._prepared, self.last), self.sinks, blank, self.past, self.duty.over)
        error = summary.mistake
        if error is not None:
            text = "a mistake in this program ended the run: %s: %s"
            log.error(text, type(error).__name__, error, exc_info=error, extra={"audit_id": summary.info.audit_id})
        self.enforced = summary.constraints
        self.metrics.run_ended(summary)
        self.readiness.ended(ending(summary))
        return summary

    def _prepared(self, info: RunInfo) -> Prepared:
        prepared = self.preparation(info)
        number = len(prepared.skipped)
        if number != self.skipped:  # said once, and whenever there are more or fewer
            log.info("%d kinds are not listed: no enforced constraint can match them", number)
        self.skipped = number
        return prepared
