"""The metrics of each run, as Prometheus scrapes them."""

from __future__ import annotations

from audit.aggregate import Phase, Summary
from audit.ledger import Changes
from audit.metrics.registry import Metrics
from audit.model import RunInfo
from audit.verdicts import Reviewed


class MetricsSink:
    """Tells the metrics of each run."""

    name = "metrics"
    phase: Phase = "log"

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def start(self, info: RunInfo) -> None:
        """The last run is this one now."""
        self._metrics.run_started(info)

    def page(self, reviewed: Reviewed) -> None:
        """Nothing: totals come with the summary."""

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Replace what is told of the last run; whoever starts runs tells when all sinks have finished."""
        self._metrics.show(summary)
