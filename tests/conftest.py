"""Fixtures for all tests."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Iterator

import pytest

from audit.embedded import EmbeddedCluster


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: several tests wait for other processes, and a core is never idle meanwhile."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out what is not there: each reason from one place, so that it is told in one line."""
    for name in (name for mark in item.iter_markers("program") for name in mark.args):
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not on PATH")
    if not all(path.exists() for mark in item.iter_markers("beside") for path in mark.args):
        pytest.skip("read recorded answers, policies or fleets that are not beside this checkout, in ../shared")


def pytest_collection_finish() -> None:
    """Thousands of tests are never garbage, and large values of tests seldom are: to look for it takes a tenth of the
    time.
    """
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


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
