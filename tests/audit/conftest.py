"""What whole runs against the embedded cluster begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from policybuilders import samples_with
from wholeruns import FEW, auditing

from audit.auditor import Auditor
from audit.demo import load, sample_objects
from audit.embedded import EmbeddedCluster
from audit.settings.config import AuditConfig, ClusterConfig, Config, LogConfig


@pytest.fixture
def samples(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The embedded cluster with the sample policies and objects."""
    load(cluster, sample_objects())
    return cluster


@pytest.fixture
def few(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The embedded cluster with the sample objects and three of the policies, for what more would not tell."""
    load(cluster, samples_with(FEW))
    return cluster


@pytest.fixture
def config(cluster: EmbeddedCluster, tmp_path: Path) -> Config:
    """One audit of the embedded cluster, its log in a file."""
    return Config(
        audit=AuditConfig(once=True, chunk_size=2, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig")), leader_elect=False),
        log=LogConfig(file=str(tmp_path / "log")),
    )


@pytest.fixture
def auditor(config: Config) -> Iterator[Auditor]:
    """An auditor that can run several times."""
    with auditing(config) as made:
        yield made
