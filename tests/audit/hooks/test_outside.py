from __future__ import annotations

import socket
from typing import Any

import pytest

from audit.hooks.outside import lookup_ip_addr, outside
from constraints.rego.builtins import BuiltinError


def test_the_hooks_know_the_time_and_chance_and_where_prints_go() -> None:
    heard: list[str] = []
    hooks = outside(heard.append)
    hooks.print("said")
    assert heard == ["said"]
    assert 1_700_000_000 < hooks.now() / 1e9 < 10_000_000_000
    assert len(hooks.entropy(16)) == 16
    with pytest.raises(BuiltinError, match="missing required"):
        hooks.http_send({"method": "get"})


def test_a_host_that_is_known_has_addresses() -> None:
    assert "127.0.0.1" in lookup_ip_addr("localhost")


@pytest.mark.parametrize("host", ["nowhere.invalid", "", "with space", "nul\0", "a" * 300, "x" * 64 + ".invalid"])
def test_a_host_that_is_none_is_an_error(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(name: Any, *_: Any, **__: Any) -> Any:
        """As without a resolver: what is no name is refused first, as by the real one."""
        return real(name, None, flags=socket.AI_NUMERICHOST)

    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", offline)
    with pytest.raises(BuiltinError, match="lookup "):
        lookup_ip_addr(host)
