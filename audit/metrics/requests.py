"""Requests to the API server, as they are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from threading import Lock

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric

from audit.metrics.series import capped


class Requests:
    """Counts and times requests by verb, resource and status; for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._seconds: Counter[tuple[str, ...]] = Counter()

    def count(self, verb: str, resource: str, status: int, seconds: float) -> None:
        """Count one request; a status of 0 stands for no answer."""
        with self._lock:
            self._counts[verb, resource, str(status) if status else "none"] += 1
            self._seconds[verb, resource] += seconds  # type: ignore[assignment]  # a Counter may hold floats

    def families(self, limit: int) -> Iterator[Metric]:
        """Their number and time as they are now, neither with more than `limit` series."""
        count = CounterMetricFamily(
            "kube_patrol_api_requests", "Requests to the API server.", labels=["verb", "resource", "status"]
        )
        seconds = CounterMetricFamily(
            "kube_patrol_api_request_seconds", "Time spent in requests to the API server.", labels=["verb", "resource"]
        )
        with self._lock:
            for family, rows in ((count, self._counts), (seconds, self._seconds)):
                for labels, value in capped(rows, limit):
                    family.add_metric(labels, value)
        return iter((count, seconds))
