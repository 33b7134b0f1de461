"""What is answered where, asked over real HTTP."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from prometheus_client import CollectorRegistry, Gauge, Metric
from prometheus_client.core import GaugeMetricFamily

from audit.errors import ConfigError
from audit.settings.config import ServeConfig
from audit.web.app import Endpoint, address, endpoints, serving
from audit.web.health import health
from audit.web.metrics import metrics
from audit.web.runner import Address

ANYWHERE = Address("127.0.0.1", 0)
MORE_THAN_THREADS = 45  # the loop has 40 for what blocks


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def get(at: Address, path: str, accept: str = "*/*") -> tuple[int, str, str]:
    request = urllib.request.Request(f"http://{at}{path}", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, reply.headers["content-type"], reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["content-type"], error.read().decode()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":9090", Address("", 9090)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("[::1]:80", Address("::1", 80)),
        ("0", None),
        ("", None),
    ],
)
def test_an_address_is_written_as_in_go(text: str, expected: Address | None) -> None:
    assert address(text) == expected


def test_what_is_no_address_is_refused() -> None:
    with pytest.raises(ConfigError, match="invalid address 'localhost'"):
        address("localhost")


def test_readiness_is_asked_each_time_and_health_does_not_depend_on_it() -> None:
    answers = ["the Lease is refused", ""]
    with serving(Endpoint(health(lambda: answers.pop(0)), ANYWHERE)) as [at]:
        assert get(at, "/readyz")[::2] == (503, "not ready: the Lease is refused")
        assert get(at, "/readyz")[::2] == (200, "ok")
        assert get(at, "/healthz")[::2] == (200, "ok")
        assert get(at, "/metrics")[0] == 404


def test_metrics_come_in_the_format_that_is_asked_for() -> None:
    registry = CollectorRegistry()
    Gauge("answer", "The answer.", registry=registry).set(42)
    with serving(Endpoint(metrics(registry), ANYWHERE)) as [at]:
        status, kind, text = get(at, "/metrics")
        _, other, _ = get(at, "/metrics", "application/openmetrics-text")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert "\nanswer 42.0\n" in text
    assert other.startswith("application/openmetrics-text")


def test_several_endpoints_answer_at_once_and_are_gone_afterwards() -> None:
    routes = [health(lambda: ""), metrics(CollectorRegistry())]
    with serving(*(Endpoint(some, ANYWHERE) for some in routes)) as addresses:
        assert [get(at, path)[0] for at, path in zip(addresses, ("/healthz", "/metrics"), strict=True)] == [200, 200]
        assert [get(at, path)[0] for at, path in zip(addresses, ("/metrics", "/healthz"), strict=True)] == [404, 404]
    for at in addresses:
        with pytest.raises(urllib.error.URLError, match="refused"):
            get(at, "/healthz")


def test_endpoints_of_the_same_address_share_it(free_port: int) -> None:
    here = Address("127.0.0.1", free_port)
    shared = (Endpoint(health(lambda: ""), here, "--health-addr"), Endpoint(metrics(CollectorRegistry()), here))
    with serving(*shared) as addresses:
        assert addresses == (here,)
        assert [get(here, path)[0] for path in ("/healthz", "/readyz", "/metrics", "/")] == [200, 200, 200, 404]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(
            ServeConfig(),
            [("/healthz", ":9090", "--health-addr"), ("/metrics", ":8888", "--prometheus-port")],
            id="both by default",
        ),
        pytest.param(ServeConfig(health_addr="0"), [("/metrics", ":8888", "--prometheus-port")], id="metrics alone"),
        pytest.param(
            ServeConfig(health_addr="[::1]:1", prometheus_port=0),
            [("/healthz", "[::1]:1", "--health-addr")],
            id="health alone",
        ),
        pytest.param(ServeConfig(health_addr="", prometheus_port=0), [], id="nothing at all"),
    ],
)
def test_flags_say_what_is_answered_where(config: ServeConfig, expected: list[tuple[str, str, str]]) -> None:
    found = endpoints(config, lambda: "", CollectorRegistry())
    assert [(each.routes[0].path, str(each.address), each.flag) for each in found] == expected


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
            scrapes = [scrapers.submit(get, at, "/metrics") for _ in range(MORE_THAN_THREADS)]
            assert begun.wait(10)
            assert [get(at, path)[0] for path in ("/healthz", "/readyz")] == [200, 200]
            assert not any(scrape.done() for scrape in scrapes)
        finally:
            go_on.set()
        assert {scrape.result()[0] for scrape in scrapes} == {200}


def test_an_address_without_a_host_is_every_address() -> None:
    with serving(Endpoint(health(lambda: ""), Address("", 0))) as [at]:
        assert get(Address("127.0.0.1", at.port), "/healthz")[0] == 200
        if socket.has_dualstack_ipv6() and has_ipv6_loopback():
            assert get(Address("::1", at.port), "/healthz")[0] == 200


def has_ipv6_loopback() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_a_port_in_use_is_refused_and_nothing_else_is_left_served() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError) as caught,
            serving(
                Endpoint(health(lambda: ""), ANYWHERE),
                Endpoint(health(lambda: ""), Address("127.0.0.1", port), "--health-addr"),
            ),
        ):
            pytest.fail("served at an address in use")
    assert str(caught.value) == (
        f"--health-addr: cannot listen at 127.0.0.1:{port}: Address already in use; choose another one, or 0 to do without"
    )


def test_an_address_that_is_not_of_this_machine_is_refused() -> None:
    with (
        pytest.raises(ConfigError, match=r"cannot listen at 203\.0\.113\.7:9090: Cannot assign requested address"),
        serving(Endpoint(health(lambda: ""), Address("203.0.113.7", 9090))),
    ):
        pytest.fail("served at an address of another machine")
