"""A sink that fails becomes a Gap, once a run, and the others go on."""

from __future__ import annotations

from audit.aggregate import Summary
from audit.errors import AuditError
from audit.guard import attempt
from audit.model import RunInfo
from audit.sinks import Sink
from constraints import Gap, Violation
from constraints.model import Cause


class GuardedSink:
    """Passes everything on to `sink`; after its first failure in `start` or `add` it gets no more violations this run.

    Its `finish` is called all the same, so that it can write what it has.
    """

    def __init__(self, sink: Sink) -> None:
        self.name = sink.name
        self._sink = sink
        self._failed: Exception | None = None
        self._lost = 0

    def start(self, info: RunInfo) -> None:
        """Begin a run with a clean slate."""
        self._lost = 0
        self._failed = attempt(lambda: self._sink.start(info))

    def add(self, violation: Violation) -> None:
        """Pass one violation on, or count it as lost to this sink."""
        if self._failed is not None:
            self._lost += 1
            return
        self._failed = attempt(lambda: self._sink.add(violation))
        self._lost += self._failed is not None

    def finish(self, summary: Summary) -> None:
        """Finish the sink; what failed on the way is added to the summary's gaps for the sinks after this one."""
        failures = [self._failed, attempt(lambda: self._sink.finish(summary))]
        summary.gaps.extend(self._gap(error) for error in failures if error is not None)

    def _gap(self, error: Exception) -> Gap:
        lost = f"; {self._lost} violations did not reach it" if self._lost else ""
        reason = error.reason if isinstance(error, AuditError) else type(error).__name__
        return Gap(Cause.SINK, reason, f"sink {self.name}: {error}{lost}")
