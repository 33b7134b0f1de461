"""`/metrics`, asked over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from fetching import fetched
from prometheus_client import CollectorRegistry, Gauge, Metric
from prometheus_client.core import GaugeMetricFamily

from audit.web.app import Endpoint, serving
from audit.web.health import health
from audit.web.metrics import metrics
from audit.web.runner import Address

ANYWHERE = Address("127.0.0.1", 0)
MORE_THAN_THREADS = 45  # the loop has 40 for what blocks


def test_metrics_come_in_the_format_that_is_asked_for() -> None:
    registry = CollectorRegistry()
    Gauge("answer", "The answer.", registry=registry).set(42)
    with serving(Endpoint(metrics(registry), ANYWHERE)) as [at]:
        status, kind, text = fetched(f"http://{at}/metrics")
        _, other, _ = fetched(f"http://{at}/metrics", "application/openmetrics-text")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert "\nanswer 42.0\n" in text
    assert other.startswith("application/openmetrics-text")


def test_scrapes_that_take_long_keep_no_probe_waiting() -> None:
    registry, begun, go_on = CollectorRegistry(), Event(), Event()

    class Slow:
        def collect(self) -> Iterator[Metric]:
            begun.set()
            go_on.wait()
            yield GaugeMetricFamily("slow", "Takes its time.", 1)

        def describe(self) -> list[Metric]:
            return []

    registry.register(Slow())
    routes = (*health(lambda: ""), *metrics(registry))
    with serving(Endpoint(routes, ANYWHERE)) as [at], ThreadPoolExecutor(MORE_THAN_THREADS) as scrapers:
        try:
            scrapes = [scrapers.submit(fetched, f"http://{at}/metrics") for _ in range(MORE_THAN_THREADS)]
            assert begun.wait(10)
            assert [fetched(f"http://{at}{path}").status for path in ("/healthz", "/readyz")] == [200, 200]
            assert not any(scrape.done() for scrape in scrapes)
        finally:
            go_on.set()
        assert {scrape.result()[0] for scrape in scrapes} == {200}
