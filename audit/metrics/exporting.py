"""What became of exported messages, as metric families."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from audit.export.tally import Tally


class ExportMetrics(Collector):
    """Tells of a tally; there only where violations are exported."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally

    def collect(self) -> Iterator[Metric]:
        """Every family, as it is now."""
        now = self._tally.counts()
        gauge, counter = GaugeMetricFamily, CounterMetricFamily
        yield gauge("kube_patrol_export_waiting", "Messages that wait to be exported.", now.waiting)
        yield gauge("kube_patrol_export_waiting_bytes", "Bytes that those messages take.", now.bytes)
        yield gauge("kube_patrol_export_lag_seconds", "How long the oldest message waits.", now.lag)
        yield counter("kube_patrol_export_sent", "Messages that were exported.", now.sent)
        yield counter(
            "kube_patrol_export_retried", "Messages that a target did not take, and get once more.", now.retried
        )
        yield counter(
            "kube_patrol_export_spilled", "Messages that came, or were left, while no target took any.", now.spilled
        )
        yield counter("kube_patrol_export_dropped", "Messages that are lost.", now.dropped)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not scrape to register this."""
        return ()
