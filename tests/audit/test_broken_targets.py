"""Targets that are out of order, while the embedded cluster is audited: each is told where a user looks, the audit goes
on, and every message is sent, waits or is counted as dropped.
"""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from certificates import self_signed
from exporting import eventually
from policybuilders import samples_with
from prometheus_client import CollectorRegistry, generate_latest
from targets import Reply, http_target, syslog_stream

from audit.app import assemble, exporting
from audit.auditor import Auditor
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.model import Outcome
from audit.outcomes import ending
from audit.process.leading import Duty
from audit.process.signals import ExportLeaving, Stop
from audit.settings.config import AuditConfig, ClusterConfig, Config, ExportConfig, LogConfig

HOME = "patrol"
CA = {"secretName": "collector"}
PASSWORD = {"secretName": "collector", "key": "password"}
MESSAGES = 7  # of a run
Broken = Callable[[Path], Any]
"""Gives, while it lasts, the driver's config that leads to a target; the folder has a certificate that it has not."""


@contextmanager
def closed(folder: Path) -> Iterator[str]:
    """Where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"127.0.0.1:{gone.getsockname()[1]}"
    yield address


@contextmanager
def silent(folder: Path) -> Iterator[str]:
    """Where nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def at(where: Any, config: Callable[[str], dict[str, Any]]) -> Broken:
    @contextmanager
    def broken(folder: Path) -> Iterator[dict[str, Any]]:
        with where(folder) as address:
            yield config(address)

    return broken


def answering(status: int, **headers: str) -> Broken:
    @contextmanager
    def broken(folder: Path) -> Iterator[dict[str, Any]]:
        with http_target() as server:
            server.judge = lambda request: Reply(status, headers)
            yield {"url": f"{server.url}/s3cret"}

    return broken


def stranger(folder: Path) -> tuple[Path, Path]:
    """A certificate that nobody here trusts."""
    (folder / "stranger").mkdir()
    return self_signed(folder / "stranger")


@contextmanager
def http_of_a_stranger(folder: Path) -> Iterator[dict[str, Any]]:
    with http_target(stranger(folder)) as server:
        yield {"url": server.url, "tls": CA}


@contextmanager
def syslog_of_a_stranger(folder: Path) -> Iterator[dict[str, Any]]:
    with syslog_stream(stranger(folder)) as server:
        yield {"address": server.address, "tls": CA}


@contextmanager
def kafka_of_a_stranger(folder: Path) -> Iterator[dict[str, Any]]:
    from kafkabrokers import kafka_broker
    from kafkagateways import kafka_gateway

    with kafka_broker() as broker, kafka_gateway(broker, stranger(folder)) as gateway:
        yield {"brokers": gateway.address, "tls": CA}


@contextmanager
def kafka_with_another_password(folder: Path) -> Iterator[dict[str, Any]]:
    from kafkabrokers import kafka_broker
    from kafkagateways import kafka_gateway

    with kafka_broker() as broker:
        users = {"users": {"me": "an0ther"}, "mechanism": "PLAIN", "said": b"me:s3cret is not welcome"}
        with kafka_gateway(broker, **users) as gateway:
            yield {
                "brokers": gateway.address,
                "sasl": {"mechanism": "PLAIN", "username": "me", "password": PASSWORD},
            }


@contextmanager
def kafka_with_a_small_topic(folder: Path) -> Iterator[dict[str, Any]]:
    from kafkabrokers import PRODUCE, kafka_broker

    with kafka_broker() as broker:
        broker.refuse(PRODUCE, *[10] * 100)
        yield {"brokers": broker.address}


CASES: Mapping[str, tuple[Broken, str]] = {
    "http refused": (at(closed, lambda a: {"url": f"http://{a}"}), "the target cannot be reached"),
    "http silent": (at(silent, lambda a: {"url": f"http://{a}", "timeout": "1s"}), "the target does not answer"),
    "http of a stranger": (http_of_a_stranger, "the certificate of the target is not trusted"),
    "http 413": (answering(413), "the target refuses them"),
    "http 429": (answering(429, **{"Retry-After": "1"}), "the target answers 429 Too Many Requests"),
    "http 500": (answering(500), "the target answers 500 Internal Server Error"),
    "syslog refused": (at(closed, lambda a: {"address": f"tcp://{a}"}), "the syslog receiver cannot be reached"),
    "syslog silent": (at(silent, lambda a: {"address": f"tls://{a}", "timeout": "1s"}), "the syslog receiver does not"),
    "syslog of a stranger": (syslog_of_a_stranger, "the certificate of the syslog receiver is not trusted"),
    "kafka refused": (at(closed, lambda a: {"brokers": a}), "the broker cannot be reached"),
    "kafka silent": (at(silent, lambda a: {"brokers": a, "timeout": "2s"}), "the broker does not answer"),
    "kafka of a stranger": (kafka_of_a_stranger, "the certificate of the broker is not trusted"),
    "kafka with another password": (kafka_with_another_password, "the broker does not let this user in"),
    "kafka with a small topic": (kafka_with_a_small_topic, "the broker refuses what is larger than maxMessageBytes"),
}


@pytest.fixture
def few(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The embedded cluster with the sample objects and two of the policies."""
    load(cluster, samples_with(["K8sContainerLimits", "K8sHttpsOnly"]))
    cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}])
    return cluster


@contextmanager
def auditing(cluster: EmbeddedCluster, folder: Path) -> Iterator[tuple[Auditor, CollectorRegistry]]:
    config = Config(
        audit=AuditConfig(cache_dir=str(folder / "cache")),
        cluster=ClusterConfig(
            str(cluster.kubeconfig(folder / "kubeconfig")), False, pod_namespace=HOME, shutdown_delay=0
        ),
        log=LogConfig(file=str(folder / "log")),
        export=ExportConfig(enabled=True, spill_dir=str(folder / "spill")),
    )
    handler = configure_logging(config.log)
    stop, metrics = Stop(), Metrics()
    connection = connect(Access(kubeconfig=config.cluster.kubeconfig))
    client = Client(connection, clock=Clock(sleep=lambda seconds: None))
    with exporting(config, client, metrics, ExportLeaving(stop, lambda: True, ExitStack(), 0.0)) as export:
        yield assemble(config, client, metrics, Duty(stop), export), metrics.registry
    connection.close()
    handler.close()


def put(cluster: EmbeddedCluster, folder: Path, driver: str, config: dict[str, Any]) -> None:
    """The Connection, and the Secret that it may name."""
    certificate = self_signed(folder)[0].read_bytes()
    data = {"ca.crt": b64encode(certificate).decode(), "password": b64encode(b"s3cret").decode()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "collector", "namespace": HOME}, "data": data}
    metadata = {"name": "audit-connection", "namespace": HOME}
    spec = {"driver": driver, "config": config}
    connection = {
        "apiVersion": "connection.gatekeeper.sh/v1alpha1",
        "kind": "Connection",
        "metadata": metadata,
        "spec": spec,
    }
    cluster.load([secret, connection])


def status(cluster: EmbeddedCluster) -> dict[str, Any]:
    found = cluster.get("Connection", "audit-connection", HOME) or {}
    [told] = found.get("status", {}).get("byPod", [{}])
    return dict(told)


def counted(registry: CollectorRegistry) -> int:
    """Messages that were sent, wait, or are dropped."""
    names = ("sent_total", "waiting", "dropped_total")
    lines = [line.split() for line in generate_latest(registry).decode().splitlines()]
    return sum(int(float(line[-1])) for line in lines if line[0] in {f"kube_patrol_export_{name}" for name in names})


@pytest.mark.program("openssl")
@pytest.mark.parametrize("name", CASES)
def test_a_target_that_is_out_of_order_is_told_and_nothing_is_lost_uncounted(
    few: EmbeddedCluster, tmp_path: Path, name: str
) -> None:
    driver = name.split()[0]
    if driver == "kafka":
        pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    broken, told = CASES[name]
    with broken(tmp_path) as config, auditing(few, tmp_path) as (auditor, registry):
        put(few, tmp_path, driver, config)
        for _ in range(2):
            assert ending(auditor.run()).outcome is Outcome.COMPLETE
        eventually(lambda: status(few).get("errors"))
        errors = [error["message"] for error in status(few)["errors"]]
        assert counted(registry) == 2 * MESSAGES
    assert errors[0].startswith(told)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert any(told in line["msg"] and line["level"] in ("warn", "error") for line in lines)
    assert "s3cret" not in json.dumps([status(few), lines])
