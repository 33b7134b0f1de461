"""A release whose target asks for TLS: the program reads the Secrets that it names, with its own rights and no more."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from certificates import self_signed
from cluster.api import Object
from cluster.deployed import ACCOUNT, Cluster
from cluster.patrol import QUIET
from cluster.policies import config_map, constraint, template
from cluster.releases import CHART, Helm
from exporting import eventually
from targets import http_target, syslog_stream

pytestmark = [pytest.mark.cluster, pytest.mark.program("openssl")]
NAMESPACE = "kube-patrol"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/kube-patrol-audit"
CONNECTION = f"/apis/connection.gatekeeper.sh/v1alpha1/namespaces/{NAMESPACE}/connections/audit-connection"
TLS = {"secretName": "collector-tls"}
TOKEN = {"secretName": "collector-user", "key": "token"}
PASSWORD = b"s3cret"
Pair = tuple[Path, Path]


@dataclass
class Collector:
    """A target by the config that leads to it, and what it got."""

    config: dict[str, Any]
    messages: Callable[[], list[Any]]


@contextmanager
def http(pair: Pair) -> Iterator[Collector]:
    with http_target(pair, clients=pair[0]) as server:
        config = {"url": server.url, "mode": "batched", "tls": TLS, "headers": {"Authorization": TOKEN}}
        yield Collector(config, lambda: server.messages)
    assert {request.headers["authorization"] for request in server.taken} == {PASSWORD.decode()}


@contextmanager
def syslog(pair: Pair) -> Iterator[Collector]:
    with syslog_stream(pair, clients=pair[0]) as server:
        yield Collector({"address": server.address, "tls": TLS}, lambda: server.data)


@contextmanager
def kafka(pair: Pair) -> Iterator[Collector]:
    pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    from kafkabrokers import kafka_broker
    from kafkagateways import kafka_gateway

    with kafka_broker() as broker:
        found: list[Any] = []

        def messages() -> list[Any]:
            return found

        users = {"users": {"patrol": PASSWORD.decode()}, "mechanism": "SCRAM-SHA-512"}
        with kafka_gateway(broker, pair, pair[0], **users) as gateway:
            sasl = {"username": "patrol", "password": TOKEN}
            yield Collector({"brokers": gateway.address, "tls": TLS, "sasl": sasl}, messages)
        found += [json.loads(value) for value in broker.values("audit-channel")]


def secret(name: str, **data: bytes) -> Object:
    held = {key: b64encode(value).decode() for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": NAMESPACE}, "data": held}


def may_read(cluster: Cluster, name: str) -> bool:
    return cluster.api.may(ACCOUNT, "get", "", "secrets", namespace=NAMESPACE, name=name)


@pytest.fixture(scope="module")
def audited(bare: Cluster, helm: Helm) -> Cluster:
    """A cluster with something to audit, and the chart without export."""
    helm.does("install", "kube-patrol", str(CHART), f"--namespace={NAMESPACE}", "--create-namespace")
    bare.load_policies([template("K8sTestLabels")], [constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"])])
    bare.api.apply(config_map("unowned"))
    return bare


@pytest.mark.parametrize(
    ("target", "names"),
    [
        (http, ["collector-tls", "collector-user"]),
        (syslog, ["collector-tls"]),
        (kafka, ["collector-tls", "collector-user"]),
    ],
    ids=["http", "syslog", "kafka"],
)
def test_what_the_secrets_hold_leads_to_the_target_and_nothing_else_may_be_read(
    audited: Cluster, helm: Helm, tmp_path: Path, target: Any, names: list[str]
) -> None:
    pair = self_signed(tmp_path)
    crt, key = (path.read_bytes() for path in pair)
    audited.api.apply(secret("collector-tls", **{"ca.crt": crt, "tls.crt": crt, "tls.key": key}))
    audited.api.apply(secret("collector-user", token=PASSWORD + b"\n"))
    with target(pair) as collector:
        values = {
            "enableViolationExport": True,
            "exportBackend": target.__name__,
            "audit": {"exportConnection": collector.config},
        }
        helm.does("upgrade", "kube-patrol", str(CHART), f"--namespace={NAMESPACE}", values=values)
        [audit] = audited.api.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
        spill = f"--export-spill-dir={tmp_path / 'spill'}"
        outcome = audited.patrol().once(*audit["args"][1:], *QUIET, spill)
        assert outcome.code == 0, outcome.told()
    told = collector.messages()
    eventually(lambda: told[-1:] and told[-1]["message"] == "audit is completed")
    assert told[0]["message"] == "audit is started"
    assert "unowned" in [message.get("resourceName") for message in told]
    assert audited.api.get(CONNECTION)["status"]["byPod"][0]["active"] is True

    others = {"collector-tls", "collector-user", "kube-patrol-export"} - set(names)
    assert [may_read(audited, name) for name in names] == [True] * len(names)
    assert not any(may_read(audited, name) for name in others)
    for verb in ("watch", "update", "patch", "delete", "create"):  # what is audited may be listed
        assert not audited.api.may(ACCOUNT, verb, "", "secrets", namespace=NAMESPACE)
    assert not audited.api.may(ACCOUNT, "get", "", "secrets", namespace="default", name=names[0])
    assert PASSWORD.decode() not in outcome.log.path.read_text() + outcome.stderr


def test_a_secret_that_is_not_there_is_told_in_the_status_and_all_waits_for_it(
    audited: Cluster, helm: Helm, tmp_path: Path
) -> None:
    with syslog(self_signed(tmp_path)) as collector:
        values = {
            "enableViolationExport": True,
            "exportBackend": "syslog",
            "audit": {"exportConnection": {**collector.config, "tls": {"secretName": "nobodys"}}},
        }
        helm.does("upgrade", "kube-patrol", str(CHART), f"--namespace={NAMESPACE}", values=values)
        [audit] = audited.api.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
        flags = (*audit["args"][1:], *QUIET, f"--export-spill-dir={tmp_path / 'spill'}", "--shutdown-delay=1")
        outcome = audited.patrol().once(*flags)
    told = audited.api.get(CONNECTION)["status"]["byPod"][0]["errors"]
    assert {"type": "Publish", "message": f"there is no Secret {NAMESPACE}/nobodys"} in told
    assert any("could not be published and wait" in event["msg"] for event in outcome.log.events())
    assert list((tmp_path / "spill").iterdir())
