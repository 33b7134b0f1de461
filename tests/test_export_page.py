"""docs/export.md: its examples do what they say, and it knows every driver with its fields."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
import yaml
from certificates import self_signed
from exporting import eventually
from policybuilders import samples_with
from targets import http_target, syslog_stream

from audit.app import serve
from audit.cli import main
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.export.drivers import DRIVERS
from audit.settings.arguments import parse
from audit.settings.config import AuditConfig, ClusterConfig, Config, ExportConfig, LogConfig

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "export.md").read_text()
OBJECTS: list[dict[str, Any]] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
EXAMPLES = [obj for obj in OBJECTS if obj["kind"] in ("Connection", "ConfigMap")]
[READER] = [obj for obj in OBJECTS if obj["kind"] == "Deployment"]
MESSAGES = [json.loads(line) for line in re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()]  # type: ignore[index]


def driver(example: dict[str, Any]) -> str:
    return str((example.get("spec") or example["data"])["driver"])


def examples(name: str) -> list[dict[str, Any]]:
    return [example for example in EXAMPLES if driver(example) == name]


def exported(cluster: EmbeddedCluster, folder: Path, example: dict[str, Any], old: str, new: str) -> None:
    """Audit with a Connection as in an example, but for where it leads."""
    load(cluster, samples_with(["K8sRequiredLabels"]))
    cluster.load([yaml.safe_load(json.dumps(example).replace(old, new))])
    home = example["metadata"]["namespace"]
    config = Config(
        audit=AuditConfig(once=True, cache_dir=str(folder / "cache")),
        cluster=ClusterConfig(str(cluster.kubeconfig(folder / "kubeconfig")), False, pod_namespace=home),
        log=LogConfig(file=str(folder / "log")),
        export=ExportConfig(enabled=True, spill_dir=str(folder / "spill")),
    )
    assert serve(config) == 0


def check(written: list[dict[str, Any]]) -> None:
    """They are what the page shows."""
    assert [written[0]["message"], written[-1]["message"]] == [MESSAGES[0]["message"], MESSAGES[-1]["message"]]
    [shown] = [each for each in written if each.get("resourceName") == MESSAGES[1]["resourceName"]]
    kept = [name for name in shown if name not in ("constraintAnnotations", "resourceLabels")]
    assert list(MESSAGES[1]) == kept
    assert {**MESSAGES[1], "id": ""}.items() <= {**shown, "id": ""}.items()


@pytest.mark.parametrize("example", examples("disk"), ids=lambda example: str(example["kind"]))
def test_each_example_writes_files_as_the_page_shows(
    cluster: EmbeddedCluster, tmp_path: Path, example: dict[str, Any]
) -> None:
    exported(cluster, tmp_path, example, "/tmp/violations", str(tmp_path / "violations"))
    [file] = (tmp_path / "violations" / "audit-channel").glob("*.log")
    check([json.loads(line) for line in file.read_text().splitlines()])


def load_secret(cluster: EmbeddedCluster, example: dict[str, Any], **held: bytes) -> None:
    metadata = {"name": "kube-patrol-export", "namespace": example["metadata"]["namespace"]}
    data = {name: b64encode(value).decode() for name, value in held.items()}
    cluster.load([{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}])


@pytest.mark.program("openssl")
def test_the_example_posts_events_with_what_its_secret_holds(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    [example] = examples("http")
    certificate = self_signed(tmp_path)
    load_secret(cluster, example, **{"ca.crt": certificate[0].read_bytes(), "authorization": b"Bearer s3cret"})
    with http_target(certificate) as server:
        exported(cluster, tmp_path, example, "https://collector.logging:8443", server.url)
    check(server.messages)
    assert {request.headers["authorization"] for request in server.taken} == {"Bearer s3cret"}
    assert {(request.path, request.headers["content-encoding"]) for request in server.taken} == {("/events", "gzip")}


def test_the_example_publishes_to_the_sidecar(
    cluster: EmbeddedCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [example] = examples("dapr")
    with http_target() as server:
        monkeypatch.setenv("DAPR_HTTP_PORT", str(server.port))
        exported(cluster, tmp_path, example, "", "")
    check([json.loads(request.body) for request in server.taken])
    assert {request.path for request in server.taken} == {"/v1.0/publish/pubsub/audit-channel"}


@pytest.mark.program("openssl")
def test_the_example_sends_lines_of_syslog(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    [example] = examples("syslog")
    certificate = self_signed(tmp_path)
    load_secret(cluster, example, **{"ca.crt": certificate[0].read_bytes()})
    with syslog_stream(certificate) as receiver:
        exported(cluster, tmp_path, example, "tls://collector.logging:6514", receiver.address)
        eventually(lambda: receiver.data[-1:] and receiver.data[-1]["message"] == MESSAGES[-1]["message"])
    check(receiver.data)
    shown = re.search(r"```text\n<132>1 \S+ \S+ (.*?)] \{", PAGE)[1]  # type: ignore[index]
    [line] = [text.decode() for text in receiver.messages if b'resourceName="monitoring"' in text]
    written = re.sub(r' id="[^"]*"', "", line)
    assert re.sub(r' id="[^"]*"', "", shown).partition("[")[0] in written
    assert set(re.findall(r'\w+="[^"]*"', shown)) - set(re.findall(r'\w+="[^"]*"', line)) == {
        'id="2026-11-20T23:17:21Z"'
    }


@pytest.mark.program("openssl")
def test_the_example_produces_to_its_topic_with_what_its_secret_holds(cluster: EmbeddedCluster, tmp_path: Path) -> None:
    pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    from kafkabrokers import kafka_broker
    from kafkagateways import kafka_gateway

    [example] = examples("kafka")
    certificate = self_signed(tmp_path)
    load_secret(cluster, example, **{"ca.crt": certificate[0].read_bytes(), "password": b"s3cret"})
    with kafka_broker() as broker:
        users = {"users": {"kube-patrol": "s3cret"}, "mechanism": "SCRAM-SHA-512"}
        with kafka_gateway(broker, certificate, **users) as gateway:
            exported(cluster, tmp_path, example, "kafka-bootstrap.kafka:9093", gateway.address)
        records = broker.records("violations")
    check([json.loads(record.value) for record in records])
    assert {record.key for record in records} == {json.loads(records[0].value)["id"].encode()}


def test_every_driver_is_in_the_table_and_has_an_example() -> None:
    assert re.findall(r"^\| `(\w+)` \| .*\| .* \|$", PAGE.split("### disk")[0], re.MULTILINE) == list(DRIVERS)
    assert {driver(example) for example in EXAMPLES} == set(DRIVERS) - {"stdout"}  # which has no fields


def test_the_reader_is_a_patch_of_our_deployment_that_turns_export_on_and_reads_what_comes(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    [deployment] = yaml.safe_load_all((ROOT / "manifests" / "deployment.yaml").read_text())
    assert READER["metadata"].items() <= deployment["metadata"].items()
    audit, reader = READER["spec"]["template"]["spec"]["containers"]
    [ours] = deployment["spec"]["template"]["spec"]["containers"]
    assert (audit["name"], reader["image"]) == (ours["name"], ours["image"])
    assert Config.of(parse([], {each["name"]: each["value"] for each in audit["env"]})).export.enabled
    folder = tmp_path / "audit-channel"
    folder.mkdir()
    (folder / "2026-11-20T23_17_21Z.log").write_text("{}\n")
    arguments = [word.replace("/tmp/violations", str(tmp_path)) for word in reader["args"]]
    assert main([*arguments, "--once"]) == 0
    assert capfdbinary.readouterr().out == b"{}\n"
