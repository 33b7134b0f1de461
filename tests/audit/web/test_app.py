"""What is answered where, asked over real HTTP."""

from __future__ import annotations

import socket
import urllib.error

import pytest
from fetching import fetched
from prometheus_client import CollectorRegistry

from audit.errors import ConfigError
from audit.settings.config import ServeConfig
from audit.web.app import Endpoint, address, endpoints, serving
from audit.web.health import health
from audit.web.metrics import metrics
from audit.web.runner import Address

ANYWHERE = Address("127.0.0.1", 0)


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


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


def test_several_endpoints_answer_at_once_and_are_gone_afterwards() -> None:
    routes = [health(lambda: ""), metrics(CollectorRegistry())]
    with serving(*(Endpoint(some, ANYWHERE) for some in routes)) as addresses:
        assert [
            fetched(f"http://{at}{path}").status for at, path in zip(addresses, ("/healthz", "/metrics"), strict=True)
        ] == [200, 200]
        assert [
            fetched(f"http://{at}{path}").status for at, path in zip(addresses, ("/metrics", "/healthz"), strict=True)
        ] == [404, 404]
    for at in addresses:
        with pytest.raises(urllib.error.URLError, match="refused"):
            fetched(f"http://{at}/healthz")


def test_endpoints_of_the_same_address_share_it(free_port: int) -> None:
    here = Address("127.0.0.1", free_port)
    shared = (Endpoint(health(lambda: ""), here, "--health-addr"), Endpoint(metrics(CollectorRegistry()), here))
    with serving(*shared) as addresses:
        assert addresses == (here,)
        assert [fetched(f"http://{here}{path}").status for path in ("/healthz", "/readyz", "/metrics", "/")] == [
            200,
            200,
            200,
            404,
        ]


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


def test_an_address_without_a_host_is_every_address() -> None:
    with serving(Endpoint(health(lambda: ""), Address("", 0))) as [at]:
        assert fetched(f"http://127.0.0.1:{at.port}/healthz").status == 200
        if socket.has_dualstack_ipv6() and has_ipv6_loopback():
            assert fetched(f"http://[::1]:{at.port}/healthz").status == 200


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
