"""Kubernetes Events, as they are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from threading import Lock

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric


class EventCounts:
    """Counts Events by their reason and what became of them; for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Count those of a run."""
        with self._lock:
            self._counts.update(counts)

    def families(self) -> Iterator[Metric]:
        """Their numbers as they are now; nothing before the first one."""
        with self._lock:
            counts = self._counts.copy()
        if counts:
            text = "Kubernetes Events that were due, by what became of them."
            family = CounterMetricFamily("kube_patrol_events", text, labels=["reason", "result"])
            for labels, number in sorted(counts.items()):
                family.add_metric(labels, number)
            yield family
