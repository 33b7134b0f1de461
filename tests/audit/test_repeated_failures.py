"""What makes every run fail for hours is said once, in one line, and then only counted; runs begin and end as
before.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import yaml
from certificates import self_signed
from policybuilders import samples_with

from audit.app import assemble
from audit.auditor import Auditor
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.embedded.faults import Fault
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock, Retries
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.model import Outcome
from audit.outcomes import ending
from audit.process.leading import Duty
from audit.settings.config import AuditConfig, ClusterConfig, Config, LogConfig

Start = Callable[..., Auditor]
ONCE = Retries(attempts=1)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Makes an auditor of the API server at a URL; its log is `log`."""
    handler = configure_logging(LogConfig(file=str(tmp_path / "log")))
    connections = []

    def begin(server: str, retries: Retries = ONCE) -> Auditor:
        (tmp_path / "kubeconfig").write_text(yaml.safe_dump(kubeconfig(server)))
        config = Config(
            audit=AuditConfig(once=True, cache_dir=str(tmp_path / "cache")),
            cluster=ClusterConfig(kubeconfig=str(tmp_path / "kubeconfig"), leader_elect=False),
        )
        connections.append(connect(Access(kubeconfig=config.cluster.kubeconfig)))
        client = Client(connections[0], retries=retries, clock=Clock(sleep=lambda seconds: None))
        return assemble(config, client, Metrics(), Duty(Event()))

    yield begin
    for connection in connections:
        connection.close()
    handler.close()


def kubeconfig(server: str) -> dict[str, Any]:
    return {
        "current-context": "x",
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {"server": server}}],
        "users": [{"name": "x", "user": {"token": "wrong"}}],
    }


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


def is_told_once(auditor: Auditor, folder: Path) -> None:
    for _ in range(8):
        auditor.run()
    text = (folder / "log").read_text()
    kinds = Counter(line.get("event_type", line["msg"]) for line in lines(folder))
    assert kinds == {"audit_started": 8, "audit_gap": 1, "audit_finished": 8}
    assert {line["outcome"] for line in lines(folder) if "outcome" in line} == {"failed"}
    assert "Traceback" not in text
    assert len(text) < 16 * 600


def test_a_token_that_is_refused_is_told_once(cluster: EmbeddedCluster, start: Start, tmp_path: Path) -> None:
    cluster.faults.append(Fault(status=401, times=None))
    is_told_once(start(cluster.url), tmp_path)


def test_a_server_that_is_not_there_is_told_once(start: Start, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    is_told_once(start(f"http://127.0.0.1:{port}"), tmp_path)


def test_a_server_that_speaks_no_tls_is_told_once(
    cluster: EmbeddedCluster, start: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "uvicorn.error")  # what that server says of it itself
    is_told_once(start(cluster.url.replace("http://", "https://")), tmp_path)


@pytest.mark.program("openssl")
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_server_of_another_authority_or_spoken_to_without_tls_is_told_once(
    scheme: str, start: Start, tmp_path: Path
) -> None:
    with secure_server(*self_signed(tmp_path)) as port:
        is_told_once(start(f"{scheme}://127.0.0.1:{port}"), tmp_path)


def test_policies_that_cannot_be_read_are_told_once(cluster: EmbeddedCluster, start: Start, tmp_path: Path) -> None:
    load(cluster, samples_with({"K8sDisallowedTags"}))
    cluster.faults.append(Fault("/apis/templates.gatekeeper.sh/*", status=403, times=None))
    auditor = start(cluster.url)
    for _ in range(4):
        auditor.run()
    told = [line["gap_reason"] for line in lines(tmp_path) if line.get("event_type") == "audit_gap"]
    assert len(told) == len({line["msg"] for line in lines(tmp_path) if line.get("event_type") == "audit_gap"})


def test_the_end_of_it_is_told_with_the_count_and_what_comes_then_is_told_anew(
    cluster: EmbeddedCluster, start: Start, tmp_path: Path
) -> None:
    load(cluster, samples_with({"K8sDisallowedTags"}))
    auditor = start(cluster.url)
    for _ in range(2):
        cluster.faults.append(Fault(status=401, times=None))
        for _ in range(3):
            auditor.run()
        cluster.faults.clear()
        auditor.run()
    told = [line["msg"] for line in lines(tmp_path) if "audit" not in line.get("event_type", "") or "gap_cause" in line]
    told = [text for text in told if "GET /api" in text or "well again" in text]
    assert told == 2 * [told[0], "audits: well again after 3 failures"]
    assert "401" in told[0]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        pytest.param("/apis/config.gatekeeper.sh/*/configs/config", "GET", id="the Config"),
        pytest.param("/apis/constraints.gatekeeper.sh/*/no-latest-tag/status", "PATCH", id="a status"),
        pytest.param("/api", "GET", id="discovery"),
    ],
)
@pytest.mark.parametrize("reply", [{"status": 500}, {"status": 200, "body": b"<html>"}])
def test_what_had_no_good_answer_in_the_last_run_is_tried_less_often_until_it_has_one_again(
    path: str, method: str, reply: dict[str, Any], cluster: EmbeddedCluster, start: Start
) -> None:
    load(cluster, samples_with({"K8sDisallowedTags"}))
    auditor = start(cluster.url, retries=Retries())
    auditor.run()
    tries = []
    for _ in range(2):
        cluster.faults.append(Fault(path, method=method, times=None, **reply))
        before = len(cluster.asked)
        auditor.run()
        asked = [each for each in cluster.asked[before:] if each.method == method and fnmatchcase(each.path, path)]
        tries.append(len(asked))
        cluster.faults.clear()
    assert tries == [6, 3]
    assert ending(auditor.run()).outcome is Outcome.COMPLETE
    cluster.faults.append(Fault(path, method=method, times=4, **reply))
    assert ending(auditor.run()).outcome is Outcome.COMPLETE


@contextmanager
def secure_server(certificate: Path, key: Path) -> Iterator[int]:
    """Takes connections with TLS and says nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                try:
                    context.wrap_socket(connection, server_side=True).close()
                except OSError:
                    connection.close()

        thread = Thread(target=take, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
