"""Prometheus metrics: Gatekeeper's series of an audit, and those that its users asked for in vain.

Compatibility, section 2. What tells of the last run is built when the run ends and replaced as a whole, so that a
scrape never sees half a run and series of deleted constraints disappear.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from threading import Lock

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from audit.aggregate import Summary
from audit.metrics.counts import LabelledCounts
from audit.metrics.requests import Requests
from audit.metrics.series import STATUSES, Standings, capped, known_violations, of_ending, of_run, of_violations
from audit.model import Outcome, RunInfo, Syncing
from audit.outcomes import ending
from constraints.dataclass import dataclass

RUN_SECONDS = (60, 180, 300, 600, 900, 1200, 2400, 4800, 9600, 19200)
INGESTION_SECONDS = (
    *(0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1),
    *(0.2, 0.3, 0.4, 0.5, 1, 2, 3, 4, 5),
)
SYNC_SECONDS = (
    *(0.0001, 0.0002, 0.0003, 0.0004, 0.0005, 0.0006, 0.0007, 0.0008, 0.0009, 0.001),
    *(0.002, 0.003, 0.004, 0.005, 0.01, 0.02, 0.03, 0.04, 0.05),
)
SERIES_LIMIT = 2000


@dataclass(slots=True)
class Distribution:
    """Counts of observations up to each bound, and their sum."""

    bounds: Sequence[float]
    counts: Counter[int] = field(default_factory=Counter)
    total: float = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Cumulative, with Go's spelling of the bounds: 60, not 60.0."""
        result, seen = [], 0
        for index, bound in enumerate(self.bounds):
            seen += self.counts[index]
            result.append((f"{bound:g}", float(seen)))
        return [*result, ("+Inf", float(seen + self.counts[len(self.bounds)]))]


def _always() -> bool:
    return True


def _nothing() -> tuple[int, int]:
    """Nothing is watched."""
    return 0, 0


class Metrics(Collector):
    """What there is to scrape. Runs write and scrapes read, each from a thread of its own.

    No family has more than `series_limit` series: the largest stay, the rest are summed up as `_other`. Who does not
    `leads()` tells of no run: the leader's figures are the true ones, and they would count twice. `watching()` gives
    the numbers of kinds of policies that are watched, and that should be.
    """

    def __init__(
        self,
        requests: Requests | None = None,
        series_limit: int = SERIES_LIMIT,
        leads: Callable[[], bool] = _always,
        watching: Callable[[], tuple[int, int]] = _nothing,
    ) -> None:
        self.registry = CollectorRegistry()
        text = "Kubernetes Events that were due, by what became of them."
        self.events = LabelledCounts("kube_patrol_events", text, ("reason", "result"))
        text = "Objects whose policy reports were due, by what became of these."
        self.reports = LabelledCounts("kube_patrol_reports", text, ("result",))
        self._requests = requests or Requests()
        self._limit = series_limit
        self._leads = leads
        self._watching = watching
        self._lock = Lock()
        self._started = self._ended = 0.0
        self._completed = 0.0
        self._outcomes = Counter(dict.fromkeys(Outcome, 0))
        self._durations = Distribution(RUN_SECONDS)
        self._ingestions = {status: Distribution(INGESTION_SECONDS) for status in ("active", "error")}
        self._with_cel: int | None = None
        self._synced: Mapping[str, int] = {}
        self._syncs, self._last_sync = Distribution(SYNC_SECONDS), 0.0
        self._last_run: tuple[Metric, ...] = ()
        self._known: Standings = {}
        self._ending: tuple[Metric, ...] = ()
        self._doubtful = False
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def ingested(self, accepted: bool, seconds: float) -> None:
        """Count one template that was compiled, or refused, in so many seconds."""
        with self._lock:
            self._ingestions["active" if accepted else "error"].observe(seconds)

    def templates_read(self, with_cel: int) -> None:
        """So many templates have code in CEL."""
        with self._lock:
            self._with_cel = with_cel

    def synced(self, listed: Syncing | None, now: float) -> None:
        """`data.inventory` was listed, None where no policy reads it; kinds that were there before go to 0."""
        with self._lock:
            self._synced = {**dict.fromkeys(self._synced, 0), **(listed.objects if listed else {})}
            if listed:
                self._syncs.observe(listed.seconds)
                self._last_sync = now

    def run_started(self, info: RunInfo) -> None:
        """A run has begun."""
        with self._lock:
            self._started = info.started

    def show(self, summary: Summary) -> None:
        """A run is about to end, or has ended: its figures replace those of the last whole run, if it is one itself."""
        end = ending(summary)
        ended = of_ending(summary.gaps, end.outcome, self._limit)
        families, known = (of_run(summary, self._limit), known_violations(summary)) if not summary.cut else ((), None)
        with self._lock:
            self._ended = summary.info.started + summary.seconds
            self._ending = ended
            self._doubtful = summary.cut is not None
            self._last_run = families or self._last_run
            self._known = self._known if known is None else known

    def run_ended(self, summary: Summary) -> None:
        """A run has ended and every sink has finished: only now it is known how, and it is counted."""
        self.show(summary)
        outcome = ending(summary).outcome
        with self._lock:
            self._outcomes[outcome] += 1
            self._durations.observe(summary.seconds)
            if outcome is Outcome.COMPLETE:
                self._completed = self._ended

    def collect(self) -> Iterator[Metric]:
        """Every family, as it is now."""
        leads = self._leads()
        with self._lock:
            if not leads:
                self._step_down()
            families = [
                *self._of_leading(leads),
                *self._of_runs(),
                *self._of_ingestions(),
                *self._of_policies(),
                *self._requests.families(self._limit),
                *self.events.families(),
                *self.reports.families(),
                *self._last_run,
                *self._ending,
            ]
            if self._last_run:
                families.append(of_violations(self._known, self._limit, self._doubtful))
        return iter(families)

    def describe(self) -> Iterable[Metric]:
        """Nothing: the registry need not scrape to register this."""
        return ()

    def _step_down(self) -> None:
        self._started = self._ended = 0.0
        self._last_run, self._known, self._ending = (), {}, ()
        self._with_cel, self._synced, self._last_sync = None, {}, 0.0

    def _of_leading(self, leads: bool) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "kube_patrol_leader", "1 for the replica that audits, 0 for those that wait for it.", float(leads)
        )

    def _of_runs(self) -> Iterator[Metric]:
        runs = CounterMetricFamily("kube_patrol_audit_runs", "Runs that ended, by how they did.", labels=["outcome"])
        for outcome, number in self._outcomes.items():
            runs.add_metric([outcome.value], number)
        yield runs
        yield GaugeMetricFamily(
            "kube_patrol_last_complete_run_time",
            "End of the last run in which everything was audited and written, Unix seconds; 0 before the first.",
            int(self._completed),
        )
        if self._started:
            started = int(self._started)  # whole seconds, as Gatekeeper
            yield GaugeMetricFamily("gatekeeper_audit_last_run_time", "Start of the last run, Unix seconds.", started)
        if self._ended:
            ended = int(self._ended)
            yield GaugeMetricFamily("gatekeeper_audit_last_run_end_time", "End of the last run, Unix seconds.", ended)
        if self._durations.counts:
            text = "How long a run takes."
            yield HistogramMetricFamily(
                "gatekeeper_audit_duration_seconds", text, self._durations.buckets(), self._durations.total
            )

    def _of_ingestions(self) -> Iterator[Metric]:
        count = CounterMetricFamily(
            "gatekeeper_constraint_template_ingestion_count", "Templates compiled or refused.", labels=["status"]
        )
        seconds = HistogramMetricFamily(
            "gatekeeper_constraint_template_ingestion_duration_seconds",
            "How long it takes to compile a template.",
            labels=["status"],
        )
        for status, times in self._ingestions.items():
            if times.counts:
                count.add_metric([status], times.counts.total())
                seconds.add_metric([status], times.buckets(), times.total)
        return iter((count, seconds))

    def _of_policies(self) -> Iterator[Metric]:
        if self._with_cel is not None:
            text = "Templates that have code in CEL."
            yield GaugeMetricFamily("gatekeeper_constraint_templates_with_cel", text, self._with_cel)
        rows: dict[tuple[str, ...], float] = {
            (kind, status): number * (status == "active")
            for kind, number in self._synced.items()
            for status in STATUSES
        }
        sync = GaugeMetricFamily("gatekeeper_sync", "Objects in data.inventory.", labels=["kind", "status"])
        for labels, value in capped(rows, self._limit):
            sync.add_metric(labels, value)
        yield sync
        if self._last_sync:
            text = "How long it takes to list the objects of data.inventory."
            yield HistogramMetricFamily(
                "gatekeeper_sync_duration_seconds", text, self._syncs.buckets(), self._syncs.total
            )
            text = "When data.inventory was last listed, Unix seconds."
            yield GaugeMetricFamily("gatekeeper_sync_last_run_time_seconds", text, self._last_sync)
        watched, intended = self._watching()
        yield GaugeMetricFamily("gatekeeper_watch_manager_watched_gvk", "Kinds of policies being watched.", watched)
        yield GaugeMetricFamily(
            "gatekeeper_watch_manager_intended_watch_gvk", "Kinds of policies that should be watched.", intended
        )
