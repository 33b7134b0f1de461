"""Fixtures for all tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from audit.embedded import EmbeddedCluster


def pytest_collection_finish() -> None:
    """Ten thousand tests are never garbage: looking through them again and again takes a good part of the suite's time."""
    gc.freeze()


@pytest.fixture(scope="session")
def _shared_cluster() -> Iterator[EmbeddedCluster]:
    """One server for the whole session: starting and stopping costs more than most tests."""
    with EmbeddedCluster() as cluster:
        yield cluster


@pytest.fixture
def cluster(_shared_cluster: EmbeddedCluster) -> Iterator[EmbeddedCluster]:
    """An empty embedded cluster: no objects but the four namespaces, no faults, no accounts, an empty request log."""
    _shared_cluster.reset()
    yield _shared_cluster
    _shared_cluster.reset()
