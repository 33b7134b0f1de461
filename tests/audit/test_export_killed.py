"""Processes that are killed while they export: what they had found is delivered after the next start, or counted."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from exporting import eventually
from policybuilders import samples_with
from targets import OK, Reply, Taken, http_target

from audit.demo import load
from audit.embedded import EmbeddedCluster

ROOT = Path(__file__).parents[2]
HOME = "patrol"
PODS = 200
Found = dict[str, set[tuple[str, str]]]


@pytest.fixture
def many(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """A cluster with many violations, to be exported to a folder."""
    load(cluster, samples_with(["K8sContainerLimits"]))
    cluster.load([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": HOME}}])
    cluster.load([pod(number) for number in range(PODS)])
    return cluster


def pod(number: int) -> dict[str, Any]:
    metadata = {"name": f"pod-{number}", "namespace": "shop"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "main"}]}}


def connection(path: Path) -> dict[str, Any]:
    return connected("disk", path=str(path), maxAuditResults=5)


def connected(driver: str, **config: Any) -> dict[str, Any]:
    metadata = {"name": "audit-connection", "namespace": HOME}
    spec = {"driver": driver, "config": config}
    return {"apiVersion": "connection.gatekeeper.sh/v1alpha1", "kind": "Connection", "metadata": metadata, "spec": spec}


@contextmanager
def patrol(cluster: EmbeddedCluster, folder: Path, life: int, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    """An audit every second, in small pages; each life has a log of its own."""
    flags = [
        f"--kubeconfig={cluster.kubeconfig(folder / 'kubeconfig')}",
        f"--api-cache-dir={folder / 'cache'}",
        f"--export-spill-dir={folder / 'spill'}",
        f"--log-file={folder / f'log-{life}'}",
        f"--pod-namespace={HOME}",
        *("--health-addr=0", "--prometheus-port=0", "--leader-elect=false", "--enable-violation-export"),
        *("--audit-interval=1", "--audit-chunk-size=5", "--audit-on-policy-change=false", *more),
    ]
    process = subprocess.Popen([sys.executable, "-m", "audit", "run", *flags], cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def lines(path: Path) -> list[dict[str, Any]]:
    """Whole lines only: the last one of a log may have been cut by the kill."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def logged(folder: Path) -> Found:
    """What each run is known to have found, by all logs."""
    found: Found = defaultdict(set)
    for path in folder.glob("log-*"):
        for line in lines(path):
            if line.get("event_type") == "violation_audited":
                found[line["audit_id"]].add((line["resource_name"], line["msg"]))
    return found


def collect(folder: Path, into: Found) -> None:
    """Take what was delivered by now: later runs push the files of earlier ones out."""
    for path in (folder / "out" / "audit-channel").glob("2*"):
        for message in lines(path):
            into[message["id"]].add((message.get("resourceName", ""), message["message"]))


def begun(folder: Path, life: int) -> bool:
    """Whether a run has begun; of the first life, whether it has found something, however slow the machine is."""
    wanted = "audit_started" if life else "violation_audited"
    return any(line.get("event_type") == wanted for line in lines(folder / f"log-{life}"))


def killed_again_and_again(cluster: EmbeddedCluster, folder: Path, times: int) -> tuple[Found, Found]:
    """What was found and what was written to the folder when the last process has left in good order."""
    delivered: Found = defaultdict(set)
    chance = random.Random(times)
    for life in range(times):
        with patrol(cluster, folder, life) as process:
            eventually(lambda life=life: begun(folder, life))
            sleep(chance.uniform(0.0, 0.8))
            process.kill()
        collect(folder, delivered)
    with patrol(cluster, folder, times) as process:
        eventually(lambda: len(lines(folder / f"log-{times}")) > PODS)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    collect(folder, delivered)
    return logged(folder), delivered


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_what_killed_runs_had_found_is_delivered_and_no_file_is_left_behind(
    many: EmbeddedCluster, tmp_path: Path, times: int
) -> None:
    many.load([connection(tmp_path / "out")])
    found, delivered = killed_again_and_again(many, tmp_path, times)
    assert len(found) >= 2
    assert {run: rows - delivered[run] for run, rows in found.items() if rows - delivered[run]} == {}
    told = [line["msg"] for path in tmp_path.glob("log-*") for line in lines(path)]
    assert [text for text in told if "in the spill folder" in text] == []  # a kill damages nothing
    there = [path.name for path in (tmp_path / "out" / "audit-channel").iterdir()]
    assert [name for name in there if name.endswith(".txt")] == []
    assert list((tmp_path / "spill").glob("*.spool")) == []


@pytest.mark.parametrize(("path", "flags"), [("elsewhere", ()), ("out", ("--audit-channel=other",))])
def test_no_file_is_left_behind_although_the_next_process_exports_elsewhere(
    many: EmbeddedCluster, tmp_path: Path, path: str, flags: tuple[str, ...]
) -> None:
    many.load([connection(tmp_path / "out")])
    with patrol(many, tmp_path, 0) as process:
        eventually(lambda: stopped_with_a_file(process, tmp_path / "out"))
        process.kill()
    many.load([connection(tmp_path / path)])
    with patrol(many, tmp_path, 1, "--once", *flags) as process:
        assert process.wait(timeout=30) == 0
    assert list(tmp_path.glob("*/*/*.txt")) == []
    assert len(list(tmp_path.glob("*/*/*.log"))) >= 2


def stopped_with_a_file(process: subprocess.Popen[bytes], path: Path) -> bool:
    """Stop a process; gives whether a run is being written, and lets it go on where none is."""
    process.send_signal(signal.SIGSTOP)
    if list(path.glob("*/*.txt")):
        return True
    process.send_signal(signal.SIGCONT)
    return False


def test_a_leader_that_leaves_tells_what_it_leaves_behind_although_it_leads_no_more(
    many: EmbeddedCluster, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("in the way")
    many.load([connection(tmp_path / "out")])
    with patrol(many, tmp_path, 0, "--shutdown-delay=8", "--leader-elect=true") as process:
        eventually(lambda: any(line.get("event_type") == "audit_finished" for line in lines(tmp_path / "log-0")))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    told = many.get("Connection", "audit-connection", HOME)
    assert told is not None
    [entry] = told["status"]["byPod"]
    assert "could not be published and wait for the next start" in entry["errors"][-1]["message"]


def test_a_process_that_cannot_deliver_leaves_in_time_and_the_next_one_does(
    many: EmbeddedCluster, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("in the way")
    many.load([connection(tmp_path / "out")])
    with patrol(many, tmp_path, 0, "--shutdown-delay=8") as process:
        eventually(lambda: any(line.get("event_type") == "audit_finished" for line in lines(tmp_path / "log-0")))
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert any("could not be published and wait" in line["msg"] for line in lines(tmp_path / "log-0"))
    (tmp_path / "out").unlink()
    with patrol(many, tmp_path, 1, "--once") as process:
        assert process.wait(timeout=30) == 0
    delivered: Found = defaultdict(set)
    collect(tmp_path, delivered)
    assert {run: rows - delivered[run] for run, rows in logged(tmp_path).items() if rows - delivered[run]} == {}


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_what_killed_runs_had_found_is_in_the_topic_with_each_run_in_its_order(
    many: EmbeddedCluster, tmp_path: Path, times: int
) -> None:
    pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    from kafkabrokers import kafka_broker

    with kafka_broker() as broker:
        many.load([connected("kafka", brokers=broker.address)])
        found, _ = killed_again_and_again(many, tmp_path, times)
        messages = [json.loads(value) for value in broker.values("audit-channel")]
    delivered: Found = defaultdict(set)
    for message in messages:
        delivered[message["id"]].add((message.get("resourceName", ""), message["message"]))
    assert len(found) >= 2
    assert {run: rows - delivered[run] for run, rows in found.items() if rows - delivered[run]} == {}
    for run in found:
        told = [message["message"] for message in messages if message["id"] == run]
        assert told[0] == "audit is started"
        assert told[-1] == "audit is completed" or "audit is completed" not in told  # a run that was killed has no end
    assert list((tmp_path / "spill").glob("*.spool")) == []


def judged(request: Taken) -> Reply:
    """A server takes no half of a request, as one is of a client that was killed."""
    return OK if len(request.body) == int(request.headers["content-length"]) else Reply(400)


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_what_killed_runs_had_found_is_posted_and_each_of_them_is_said_to_be_interrupted(
    many: EmbeddedCluster, tmp_path: Path, times: int
) -> None:
    with http_target() as target:
        target.judge = judged
        many.load([connected("http", url=target.url, mode="batched", extended=True)])
        found, _ = killed_again_and_again(many, tmp_path, times)
        messages = target.messages
    delivered: Found = defaultdict(set)
    for message in messages:
        delivered[message["id"]].add((message.get("resourceName", ""), message["message"]))
    assert len(found) >= 2
    assert {run: rows - delivered[run] for run, rows in found.items() if rows - delivered[run]} == {}
    for run in delivered:
        told = [message for message in messages if message["id"] == run]
        assert told[0]["message"] == "audit is started"
        starts = [number for number, message in enumerate(told) if message["message"] == "audit is started"]
        told = told[starts[-1] :]  # a process that is there again within the second begins a run of the same name
        end = told[-1]
        assert end["message"] in ("audit is completed", "audit is interrupted")
        ids = {message["extended"]["id"] for message in told if "eventType" in message}
        # A kill may have come between the messages that were put in last and the note of how many there are.
        assert 0 <= len(ids) - end["extended"]["counts"]["sent"] <= (5 * 64 if end["message"].endswith("rupted") else 0)
    assert list((tmp_path / "spill").glob("*.spool")) == []


def test_a_process_whose_broker_is_silent_leaves_in_time_and_the_next_one_delivers(
    many: EmbeddedCluster, tmp_path: Path
) -> None:
    pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    from kafkabrokers import kafka_broker
    from kafkagateways import kafka_gateway

    with kafka_broker() as broker:
        with kafka_gateway(broker) as gateway:
            gateway.silent = True
            many.load([connected("kafka", brokers=gateway.address)])
            with patrol(many, tmp_path, 0, "--shutdown-delay=6") as process:
                eventually(
                    lambda: any(line.get("event_type") == "audit_finished" for line in lines(tmp_path / "log-0"))
                )
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=20) == 0
            assert any("could not be published and wait" in line["msg"] for line in lines(tmp_path / "log-0"))
            gateway.silent = False
            with patrol(many, tmp_path, 1, "--once") as process:
                assert process.wait(timeout=30) == 0
        messages = [json.loads(value) for value in broker.values("audit-channel")]
    found = {(run, name) for run, rows in logged(tmp_path).items() for name, _ in rows}
    assert found - {(message["id"], message.get("resourceName")) for message in messages} == set()
