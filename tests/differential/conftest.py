"""The real programs that answers are compared with."""

from __future__ import annotations

from pathlib import Path

import pytest
from peers.build import NoGo, peer


@pytest.fixture(scope="session")
def gator() -> Path:
    """The real gator; skips the test where it cannot be built."""
    try:
        return peer("gator")
    except NoGo as error:
        pytest.skip(str(error))
