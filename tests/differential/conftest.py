"""The real programs that answers are compared with."""

from __future__ import annotations

from pathlib import Path

import pytest
from peers.build import NoGo, cached, peer


def pytest_runtest_setup(item: pytest.Item) -> None:
    """The default suite builds nothing; that is told in one line."""
    asks = "opa" in getattr(item, "fixturenames", ())
    if asks and item.get_closest_marker("slow") is None and not cached("opa").exists():
        pytest.skip("OPA has not been built: python tests/peers/build.py opa")


@pytest.fixture(scope="session")
def gator() -> Path:
    """The real gator; skips the test where it cannot be built."""
    try:
        return peer("gator")
    except NoGo as error:
        pytest.skip(str(error))
