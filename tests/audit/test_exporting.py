"""The export of whole audits of the embedded cluster: Connections that come, change and go, and processes that are
killed.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exporting import eventually
from policybuilders import samples_with
from prometheus_client import generate_latest
from targets import Reply, Taken, http_target

from audit.app import assemble, exporting, serve
from audit.auditor import Auditor
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.embedded.faults import Fault
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.model import Outcome
from audit.outcomes import ending
from audit.process.leading import Duty
from audit.process.signals import ExportLeaving, Stop
from audit.settings.config import AuditConfig, ClusterConfig, Config, ExportConfig, LogConfig
from constraints import Kind

HOME = "patrol"
CONNECTION = Kind("connection.gatekeeper.sh", "v1alpha1", "Connection")
NAME = "audit-connection"


@pytest.fixture
def few(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The embedded cluster with the sample objects and two of the policies."""
    load(cluster, samples_with(["K8sContainerLimits", "K8sHttpsOnly"]))
    cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}])
    return cluster


@pytest.fixture
def config(few: EmbeddedCluster, tmp_path: Path) -> Config:
    return Config(
        audit=AuditConfig(once=True, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(
            kubeconfig=str(few.kubeconfig(tmp_path / "kubeconfig")),
            leader_elect=False,
            pod_name="patrol-0",
            pod_namespace=HOME,
        ),
        log=LogConfig(file=str(tmp_path / "log")),
        export=ExportConfig(enabled=True, spill_dir=str(tmp_path / "spill")),
    )


@contextmanager
def auditing(config: Config) -> Iterator[tuple[Auditor, Metrics]]:
    """An auditor that exports, and can run several times."""
    config = replace(config, audit=replace(config.audit, once=False))
    handler = configure_logging(config.log)
    stop, metrics = Stop(), Metrics()
    connection = connect(Access(kubeconfig=config.cluster.kubeconfig))
    client = Client(connection, clock=Clock(sleep=lambda seconds: None))
    with exporting(config, client, metrics, ExportLeaving(stop, lambda: True, ExitStack(), 10.0)) as export:
        yield assemble(config, client, metrics, Duty(stop), export), metrics
    connection.close()
    handler.close()


def connection(path: Path, name: str = NAME, namespace: str = HOME, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": CONNECTION.api_version,
        "kind": CONNECTION.kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"driver": "disk", "config": {"path": str(path), "maxAuditResults": 3}, **spec},
    }


def config_map(config: str, driver: str = "disk") -> dict[str, Any]:
    metadata = {"name": NAME, "namespace": HOME}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"driver": driver, "config": config}}


def replaced(cluster: EmbeddedCluster, obj: dict[str, Any]) -> None:
    cluster.delete("Connection", obj["metadata"]["name"], HOME)
    cluster.load([obj])


def entry(cluster: EmbeddedCluster, name: str = NAME, namespace: str = HOME) -> dict[str, Any]:
    """What this pod says in the status of a Connection, nothing yet where it says nothing."""
    found = cluster.get("Connection", name, namespace) or {}
    by_pod = found.get("status", {}).get("byPod", [{}])
    assert len(by_pod) == 1
    return dict(by_pod[0])


def runs(path: Path) -> list[list[dict[str, Any]]]:
    """The messages of each run that has ended, by the files in the folder."""
    files = sorted((path / "audit-channel").glob("*.log"))
    return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]


def is_whole(messages: list[dict[str, Any]]) -> bool:
    return (messages[0]["message"], messages[-1]["message"], len(messages)) == (
        "audit is started",
        "audit is completed",
        7,
    )


def log_lines(config: Config) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(config.log.file).read_text().splitlines()]


def test_one_audit_exports_all_that_it_found_before_it_ends(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    few.load([connection(tmp_path / "out")])
    assert serve(config) == 0
    [messages] = runs(tmp_path / "out")
    assert is_whole(messages)
    logged = [line for line in log_lines(config) if line.get("event_type") == "violation_audited"]
    assert [(m["message"], m["resourceName"]) for m in messages[1:-1]] == [
        (line["msg"], line["resource_name"]) for line in logged
    ]


def test_the_status_of_the_connection_tells_in_both_shapes_how_publishing_goes(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    few.load([connection(tmp_path / "out")])
    assert serve(config) == 0
    told = entry(few)
    metadata = few.get("Connection", NAME, HOME)["metadata"]  # type: ignore[index]
    assert told["id"] == "patrol-0"
    assert told["connectionUID"] == metadata["uid"]
    assert told["active"] is True
    [source] = told["publishStatuses"]
    assert (source["source"], source["active"]) == ("audit", True)
    assert set(source) == {"source", "active", "lastAttemptTime", "lastSuccessTime"}
    assert "errors" not in told


def test_a_connection_is_heeded_from_the_run_after_it_came_changed_or_went(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with auditing(config) as (auditor, _):
        nowhere = auditor.run()
        assert ending(nowhere).outcome is Outcome.UNWRITTEN
        assert [gap.reason for gap in nowhere.gaps] == ["NoConnection"]
        few.load([connection(first)])
        assert ending(auditor.run()).outcome is Outcome.COMPLETE
        eventually(lambda: len(runs(first)) == 1)
        replaced(few, connection(second))
        auditor.run()
        eventually(lambda: len(runs(second)) == 1)
        few.delete("Connection", NAME, HOME)
        assert [gap.reason for gap in auditor.run().gaps] == ["NoConnection"]
        few.load([config_map(json.dumps({"path": str(second), "maxAuditResults": 3}))])
        auditor.run()
    assert [is_whole(messages) for messages in (*runs(first), *runs(second))] == [True] * 3


def test_other_connections_are_told_that_they_are_not_heeded(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    few.load(
        [connection(tmp_path / "a"), connection(tmp_path / "b", "other"), connection(tmp_path / "c", NAME, "shop")]
    )
    assert serve(config) == 0
    message = "only the Connection audit-connection is heeded (--audit-connection)"
    assert entry(few, "other")["errors"] == [{"type": "UpsertConnection", "message": message}]
    assert entry(few, "other")["connectionErrors"] == entry(few, "other")["errors"]
    assert entry(few, NAME, "shop") == {}  # another namespace is not ours
    assert sorted(path.name for path in tmp_path.iterdir() if path.name in "abc") == ["a"]


def test_a_connection_that_makes_no_sense_is_told_where_a_user_looks_and_leaves_the_export_as_it_was(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    few.load([connection(tmp_path / "out")])
    with auditing(config) as (auditor, metrics):
        auditor.run()
        replaced(few, connection(tmp_path / "out", config={"path": str(tmp_path / "out"), "maxAuditResults": 9}))
        told = auditor.run()
    scraped = generate_latest(metrics.registry).decode()
    text = "Connection patrol/audit-connection: spec.config.maxAuditResults must be a whole number from 0 to 5, not 9"
    assert [(gap.reason, gap.message) for gap in told.gaps] == [("InvalidConnection", f"sink export: {text}")]
    assert entry(few)["errors"] == entry(few)["connectionErrors"] == [{"type": "UpsertConnection", "message": text}]
    assert entry(few)["active"] is True  # what it was before it was changed still takes messages
    assert any(line["msg"] == f"export: {text}" and line["level"] == "error" for line in log_lines(config))
    assert 'kube_patrol_gaps{cause="sink",reason="InvalidConnection"} 1.0' in scraped
    assert "kube_patrol_export_sent_total 14.0" in scraped
    assert len(runs(tmp_path / "out")) == 2


def test_a_driver_whose_library_is_not_installed_is_told_where_a_user_looks_and_the_audit_goes_on(
    few: EmbeddedCluster, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "audit.export.kafka", raising=False)
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    few.load([connection(Path(), driver="kafka", config={"brokers": "kafka:9092"})])
    with auditing(config) as (auditor, metrics):
        told = auditor.run()
    text = "Connection patrol/audit-connection: spec.driver kafka needs confluent-kafka: install kube-patrol[kafka]"
    assert [gap.reason for gap in told.gaps] == ["InvalidConnection"]
    assert entry(few)["errors"][0]["message"].startswith(text)
    assert any(line["msg"].startswith(f"export: {text}") for line in log_lines(config))
    assert 'kube_patrol_gaps{cause="sink",reason="InvalidConnection"} 1.0' in generate_latest(metrics.registry).decode()
    [constraint] = few.objects(Kind("constraints.gatekeeper.sh", "v1beta1", "K8sContainerLimits"))
    assert constraint["status"]["totalViolations"] == 3


def test_a_config_map_with_broken_json_stops_no_audit(few: EmbeddedCluster, config: Config) -> None:
    few.load([config_map("{,")])
    assert serve(config) == 4  # not written
    gaps = [line for line in log_lines(config) if line.get("event_type") == "audit_gap"]
    assert [line["gap_reason"] for line in gaps] == ["InvalidConnection"]
    assert "data.config is no JSON" in gaps[0]["msg"]
    [constraint] = few.objects(Kind("constraints.gatekeeper.sh", "v1beta1", "K8sContainerLimits"))
    assert constraint["status"]["totalViolations"] == 3


def test_a_target_that_fails_is_told_in_the_status_and_gets_everything_once_it_is_well(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.write_text("in the way")
    few.load([connection(out)])
    with auditing(config) as (auditor, _):
        assert ending(auditor.run()).outcome is Outcome.COMPLETE  # nothing is lost yet
        eventually(lambda: entry(few).get("errors"))
        told = entry(few)
        assert told["active"] is False
        assert told["errors"] == told["publishStatuses"][0]["errors"]
        assert told["errors"][0]["type"] == "Publish"
        assert f"{out}/audit-channel: out is a link or a file" in told["errors"][0]["message"]
        out.unlink()
        eventually(lambda: entry(few)["active"])
    assert [is_whole(messages) for messages in runs(out)] == [True]


def test_one_audit_of_which_the_target_refuses_a_message_was_not_written_everywhere(
    few: EmbeddedCluster, config: Config
) -> None:
    def judged(request: Taken) -> Reply:
        return Reply(413 if b"debug-alice" in request.body else 204)

    with http_target() as server:
        server.judge = judged
        few.load([connection(Path(), driver="http", config={"url": server.url, "extended": True})])
        assert serve(config) == 4
    end = server.messages[-1]["extended"]
    assert (end["complete"], end["counts"]["sent"], end["counts"]["dropped"]) == (False, 3, 2)
    gaps = [line for line in log_lines(config) if line.get("event_type") == "audit_gap"]
    assert [(gap["gap_reason"], gap["msg"]) for gap in gaps] == [
        ("ExportDropped", "sink export: 2 messages are refused by their target, and dropped")
    ]
    assert log_lines(config)[-1]["outcome"] == "unwritten"


def test_a_connection_that_cannot_be_read_now_is_as_it_was(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    few.load([connection(tmp_path / "out")])
    with auditing(config) as (auditor, _):
        auditor.run()
        few.faults.append(Fault("/apis/connection.gatekeeper.sh/*", "GET", status=403, times=None))
        told = auditor.run()
    assert [gap.reason for gap in told.gaps if "export" in gap.message] == ["Forbidden"]
    assert [is_whole(messages) for messages in runs(tmp_path / "out")] == [True, True]


def test_a_status_that_may_not_be_written_keeps_nothing_back(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    few.load([connection(tmp_path / "out"), connection(tmp_path / "other", "other")])
    few.faults.append(Fault("/apis/connection.gatekeeper.sh/*", "PATCH", status=403, times=None))
    assert serve(config) == 0
    assert [is_whole(messages) for messages in runs(tmp_path / "out")] == [True]
    assert len([line for line in log_lines(config) if "status of" in line["msg"]]) == 2


def test_changes_are_told_once_and_with_what_was_asked_for(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    path = str(tmp_path / "out")
    few.load([connection(tmp_path, config={"path": path, "maxAuditResults": 3, "extended": True})])
    with auditing(replace(config, export=replace(config.export, mode="changes", cluster="east"))) as (auditor, _):
        auditor.run()
        few.delete("Pod", "debug-alice", "payments")
        auditor.run()
    first, second = runs(tmp_path / "out")
    assert [message["extended"]["of"] for message in (first[0], second[0])] == ["all", "changes"]
    assert len(first) == 7
    resolved = second[1:-1]
    assert {(m["eventType"], m["extended"]["resolved"], m["extended"]["first_seen"]) for m in resolved} == {
        ("violation_resolved", "object_gone", first[0]["id"])
    }
    told = {message["extended"]["id"] for message in first[1:-1] if message["resourceName"] == "debug-alice"}
    assert {message["extended"]["id"] for message in resolved} == told
    assert second[-1]["extended"]["counts"]["sent"] == len(resolved) == 2
    assert second[-1]["extended"]["cluster"] == "east"


def test_without_the_flag_nothing_is_read_or_made(few: EmbeddedCluster, config: Config, tmp_path: Path) -> None:
    few.load([connection(tmp_path / "out")])
    assert serve(replace(config, export=ExportConfig(spill_dir=str(tmp_path / "spill")))) == 0
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "spill").exists()
    assert entry(few) == {}


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        ([], "there is no Secret patrol/collector"),
        (
            [Fault("/api/v1/namespaces/patrol/secrets/*", "GET", status=403, times=None)],
            "the Secret patrol/collector cannot be read: Forbidden; the service account needs to get it",
        ),
    ],
)
def test_a_secret_that_cannot_be_read_is_told_in_the_status_and_waited_for(
    few: EmbeddedCluster, config: Config, faults: list[Fault], told: str
) -> None:
    with http_target() as server, auditing(config) as (auditor, _):
        headers = {"Authorization": {"secretName": "collector", "key": "token"}}
        few.load([connection(Path(), driver="http", config={"url": server.url, "headers": headers})])
        for fault in faults:
            few.faults.append(fault)
        assert ending(auditor.run()).outcome is Outcome.COMPLETE
        eventually(lambda: entry(few).get("errors"))
        assert entry(few)["errors"] == [{"type": "Publish", "message": told}]
        few.faults.clear()
        data = {"token": b64encode(b"s3cret").decode()}
        metadata = {"name": "collector", "namespace": HOME}
        few.load([{"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}])
        eventually(lambda: len(server.messages) == 7)
        assert is_whole(server.messages)
    assert {request.headers["authorization"] for request in server.taken} == {"s3cret"}
    assert "s3cret" not in Path(config.log.file).read_text()
