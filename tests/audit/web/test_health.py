"""`/healthz` and `/readyz`, asked over real HTTP."""

from __future__ import annotations

from fetching import fetched

from audit.web.app import Endpoint, serving
from audit.web.health import health
from audit.web.runner import Address

ANYWHERE = Address("127.0.0.1", 0)


def test_readiness_is_asked_each_time_and_health_does_not_depend_on_it() -> None:
    answers = ["the Lease is refused", ""]
    with serving(Endpoint(health(lambda: answers.pop(0)), ANYWHERE)) as [at]:
        assert fetched(f"http://{at}/readyz")[::2] == (503, "not ready: the Lease is refused")
        assert fetched(f"http://{at}/readyz")[::2] == (200, "ok")
        assert fetched(f"http://{at}/healthz")[::2] == (200, "ok")
        assert fetched(f"http://{at}/metrics")[0] == 404
