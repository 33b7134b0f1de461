"""A sink that fails becomes a Gap, once a run, and the others go on."""

from __future__ import annotations

from audit.aggregate import PHASES, Phase, Summary
from audit.errors import AuditError
from audit.fields import numbered
from audit.guard import attempt
from audit.kube.causes import why
from audit.ledger import Changes
from audit.model import RunInfo
from audit.sinks import Sink
from audit.verdicts import Reviewed
from constraints import Gap
from constraints.model import Cause

TRIED = 3  # pages in a row that may fail, each of which may have waited long


class GuardedSink:
    """Passes one run on to `sink`. It loses a page from where it fails on, and the next one is tried again.

    After a failure in `start`, or at three pages in a row, it gets no more pages. Its `finish` is called all the same,
    so that it can write what it has.
    """

    def __init__(self, sink: Sink) -> None:
        self.name = type(sink).__name__  # until it has told its own
        self.phase: Phase = "log"
        self._sink = sink
        self._failed: Exception | None = None
        self._in_a_row = 0
        self._skips = False
        self._lost = 0

    def start(self, info: RunInfo) -> None:
        """Begin the run."""
        self._failed = attempt(lambda: self._begin(info))
        self._in_a_row = TRIED if self._failed else 0
        self._skips = self._failed is not None

    def _begin(self, info: RunInfo) -> None:
        self.name = self._sink.name
        phase = self._sink.phase
        if phase not in PHASES:
            raise ValueError(f"its phase {phase!r} is none of {', '.join(PHASES)}")
        self.phase = phase
        self._sink.start(info)

    def page(self, reviewed: Reviewed, begins: bool = True) -> None:
        """Pass on a page, or with which one `begins` and then the other parts, or count its violations as lost."""
        if begins:
            self._in_a_row = self._in_a_row if self._skips else 0
            self._skips = self._in_a_row >= TRIED
        failed = self._failed if self._skips else attempt(lambda: self._sink.page(reviewed))
        if failed is None:
            return
        if not self._skips:
            self._in_a_row += 1
            self._skips = True
            self._note(failed)
        self._lost += sum(len(verdict.violations) for verdict in reviewed.verdicts)

    def finish(self, summary: Summary, changes: Changes) -> list[Gap]:
        """Finish the sink; gives what failed, on the way and now."""
        failed = attempt(lambda: self._sink.finish(summary, changes))
        failures = [error for error in (self._failed, failed) if error is not None]
        if failed is not None:
            self._note(failed)
        return [self._gap(error) for error in failures]

    def _note(self, failed: Exception) -> None:
        if self._failed is None:
            self._failed = failed
            self._lost += failed.lost if isinstance(failed, AuditError) else 0

    def _gap(self, error: Exception) -> Gap:
        lost = f"; {numbered(self._lost, 'violation')} did not reach it" if self._lost else ""
        reason = error.reason if isinstance(error, AuditError) else type(error).__name__
        return Gap(Cause.SINK, reason, f"sink {self.name}: {why(error)}{lost}")
