"""What tests of sinks that write to a cluster begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.embedded import EmbeddedCluster
from audit.kube.auth import Access, connect
from audit.kube.client import Transport


@pytest.fixture
def transport(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Transport]:
    """A connection to the embedded cluster, which has two more namespaces."""
    cluster.load({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in ("ns", "other"))
    connection = connect(Access(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig"))))
    yield connection
    connection.close()
