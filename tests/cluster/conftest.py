"""The real API server as fixtures. Its tests are collected only when asked for: `pytest tests/cluster -m cluster`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from beside import BENCH
from cluster.deployed import Cluster
from cluster.programs import program
from cluster.releases import Helm
from cluster.server import running


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave this folder alone unless the marker is asked for: a server costs seconds and its build minutes."""
    wanted = config.option.markexpr
    return None if "cluster" in wanted and "not cluster" not in wanted else True


@pytest.fixture(scope="session")
def binary() -> Path:
    """The API server, built when it has not been before."""
    return program("apiserver")


@pytest.fixture(scope="module")
def clusters(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cluster]]:
    """Makes fresh clusters with our manifests installed; they are gone after the module."""
    with ExitStack() as stack:

        def fresh() -> Cluster:
            folder = tmp_path_factory.mktemp("cluster")
            cluster = Cluster(stack.enter_context(running(binary, folder)), folder)
            cluster.install()
            return cluster

        yield fresh


@pytest.fixture(scope="module")
def cluster(clusters: Callable[[], Cluster]) -> Cluster:
    """One fresh cluster for the tests of a module."""
    return clusters()


@pytest.fixture(scope="module")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """The real helm, built when it has not been before."""
    return Helm(program("helm"), tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="module")
def bare(binary: Path, helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster in which nothing of ours is installed, and helm as its administrator."""
    folder = tmp_path_factory.mktemp("bare")
    with running(binary, folder) as server:
        cluster = Cluster(server, folder)
        helm.kubeconfig = cluster.kubeconfig(server.token, folder)
        yield cluster


@pytest.fixture(scope="session")
def bench() -> Path:
    """The folder of the benchmarks' objects and policies, which lies beside the repository."""
    if not BENCH.is_dir():
        pytest.skip("needs ../shared/bench beside the repository")
    return BENCH
