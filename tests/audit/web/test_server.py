"""Health and metrics, asked over real HTTP."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Gauge

from audit.errors import ConfigError
from audit.web.server import Address, Endpoint, address, health_app, metrics_app, serving

ANYWHERE = Address("127.0.0.1", 0)


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
    with serving(Endpoint(health_app(lambda: answers.pop(0)), ANYWHERE)) as [at]:
        assert get(at, "/readyz")[::2] == (503, "not ready: the Lease is refused")
        assert get(at, "/readyz")[::2] == (200, "ok")
        assert get(at, "/healthz")[::2] == (200, "ok")
        assert get(at, "/metrics")[0] == 404


def test_metrics_come_in_the_format_that_is_asked_for() -> None:
    registry = CollectorRegistry()
    Gauge("answer", "The answer.", registry=registry).set(42)
    with serving(Endpoint(metrics_app(registry), ANYWHERE)) as [at]:
        status, kind, text = get(at, "/metrics")
        _, other, _ = get(at, "/metrics", "application/openmetrics-text")
    assert status == 200
    assert kind.startswith("text/plain; version=")
    assert "\nanswer 42.0\n" in text
    assert other.startswith("application/openmetrics-text")


def test_several_endpoints_answer_at_once_and_are_gone_afterwards() -> None:
    apps = [health_app(lambda: ""), metrics_app(CollectorRegistry())]
    with serving(*(Endpoint(app, ANYWHERE) for app in apps)) as addresses:
        assert [get(at, path)[0] for at, path in zip(addresses, ("/healthz", "/metrics"), strict=True)] == [200, 200]
    for at in addresses:
        with pytest.raises(urllib.error.URLError, match="refused"):
            get(at, "/healthz")


def test_an_address_without_a_host_is_every_address() -> None:
    with serving(Endpoint(health_app(lambda: ""), Address("", 0))) as [at]:
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
                Endpoint(health_app(lambda: ""), ANYWHERE),
                Endpoint(health_app(lambda: ""), Address("127.0.0.1", port), "--health-addr"),
            ),
        ):
            pytest.fail("served at an address in use")
    assert str(caught.value) == (
        f"--health-addr: cannot listen at 127.0.0.1:{port}: Address already in use; choose another one, or 0 to do without"
    )


def test_an_address_that_is_not_of_this_machine_is_refused() -> None:
    with (
        pytest.raises(ConfigError, match=r"cannot listen at 203\.0\.113\.7:9090: Cannot assign requested address"),
        serving(Endpoint(health_app(lambda: ""), Address("203.0.113.7", 9090))),
    ):
        pytest.fail("served at an address of another machine")
