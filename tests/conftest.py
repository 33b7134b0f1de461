"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from audit.embedded import EmbeddedCluster


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
