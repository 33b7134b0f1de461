"""What was due to be written besides results, counted by what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from threading import Lock

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric


class LabelledCounts:
    """A counter `name` whose `labels` have values that are known once they are counted; for several threads."""

    def __init__(self, name: str, text: str, labels: Sequence[str]) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._lock = Lock()
        self._counts: Counter[tuple[str, ...]] = Counter()

    def add(self, counts: Mapping[tuple[str, ...], int]) -> None:
        """Count those of a run."""
        with self._lock:
            self._counts.update(counts)

    def families(self) -> Iterator[Metric]:
        """Their numbers as they are now; nothing before the first one."""
        with self._lock:
            counts = self._counts.copy()
        if counts:
            family = CounterMetricFamily(self._name, self._text, labels=self._labels)
            for labels, number in sorted(counts.items()):
                family.add_metric(labels, number)
            yield family
