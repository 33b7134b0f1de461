"""Secrets that a Connection names, and that nothing of them is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.embedded import EmbeddedCluster
from audit.errors import ExportError
from audit.kube.auth import Access, connect
from audit.kube.client import Client
from audit.policies.secrets import secret_data


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "n"}, **fields}


@pytest.fixture
def client(cluster: EmbeddedCluster, tmp_path: Path) -> Any:
    cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}])
    connection = connect(Access(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig"))))
    yield Client(connection)
    connection.close()


def test_its_data_is_decoded(cluster: EmbeddedCluster, client: Client) -> None:
    cluster.load([secret(data={"token": "czNjcmV0"})])
    assert secret_data(client, "n", "s") == {"token": b"s3cret"}


def test_one_without_data_is_empty(cluster: EmbeddedCluster, client: Client) -> None:
    cluster.load([secret()])
    assert secret_data(client, "n", "s") == {}


@pytest.mark.parametrize("data", [{"token": "s3cret!"}, {"token": 3}, ["s3cret"]])
def test_what_makes_no_sense_is_told_without_it(cluster: EmbeddedCluster, client: Client, data: Any) -> None:
    cluster.load([secret(data=data)])
    with pytest.raises(ExportError, match="the Secret n/s ") as error:
        secret_data(client, "n", "s")
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("name", ["other", "no/name"])
def test_one_that_is_not_there_is_told(client: Client, name: str) -> None:
    with pytest.raises(ExportError, match=f"n/{name}"):
        secret_data(client, "n", name)
