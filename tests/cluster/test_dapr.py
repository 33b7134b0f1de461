"""The driver dapr with the real daprd and redis: what a subscriber gets of an audit."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest
import yaml
from cluster.programs import program
from exporting import RUN, eventually, publish
from targets import HttpTarget, http_target

from audit.errors import ExportError
from audit.export.dapr import Dapr, DaprSettings
from audit.export.fields import Fields

pytestmark = [pytest.mark.cluster, pytest.mark.program("redis-server")]
TOPIC = "audit-channel"
TOKEN = "s3cret"
START = json.dumps({"id": RUN, "message": "audit is started"}).encode()
END = json.dumps({"id": RUN, "message": "audit is completed"}).encode()


@dataclass
class Sidecar:
    """daprd with a component, and what its app was given of the topic."""

    port: int
    app: HttpTarget
    redis: subprocess.Popen[bytes]

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.app.taken if request.path == "/taken"]

    def driver(self, component: str = "pubsub", token: str = TOKEN, **config: Any) -> Dapr:
        environ = {"DAPR_HTTP_PORT": str(self.port), "DAPR_API_TOKEN": token}
        return Dapr(DaprSettings.of(Fields("config", {"component": component, **config}), TOPIC, environ))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def component(redis: int) -> dict[str, Any]:
    values = {"redisHost": f"127.0.0.1:{redis}", "concurrency": "1"}
    return {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "pubsub"},
        "spec": {
            "type": "pubsub.redis",
            "version": "v1",
            "metadata": [{"name": name, "value": value} for name, value in values.items()],
        },
    }


def subscription() -> dict[str, Any]:
    return {
        "apiVersion": "dapr.io/v1alpha1",
        "kind": "Subscription",
        "metadata": {"name": "taken"},
        "spec": {"pubsubname": "pubsub", "topic": TOPIC, "route": "/taken"},
    }


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    binary, folder = program("daprd"), tmp_path_factory.mktemp("dapr")
    redis, port, grpc, internal = (free_port() for _ in range(4))
    (folder / "component.yaml").write_text(yaml.safe_dump(component(redis)))
    (folder / "subscription.yaml").write_text(yaml.safe_dump(subscription()))
    store = ["redis-server", "--port", str(redis), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    ports = [f"--dapr-http-port={port}", f"--dapr-grpc-port={grpc}", f"--dapr-internal-grpc-port={internal}"]
    with http_target() as app, subprocess.Popen(store, stdout=subprocess.DEVNULL) as stored:
        arguments = [
            "--app-id=patrol",
            f"--app-port={app.port}",
            f"--resources-path={folder}",
            "--enable-metrics=false",
        ]
        with (folder / "log").open("wb") as log:
            run = [str(binary), *arguments, *ports]
            daprd = subprocess.Popen(run, stdout=log, stderr=log, env={**os.environ, "DAPR_API_TOKEN": TOKEN})
        try:
            eventually(lambda: healthy(port), 60)
            yield Sidecar(port, app, stored)
        finally:
            daprd.kill()
            daprd.wait()
            stored.kill()


def healthy(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/v1.0/healthz", headers={"dapr-api-token": TOKEN})
        return connection.getresponse().status == 204
    except OSError:
        return False
    finally:
        connection.close()


def run_of(number: int) -> list[bytes]:
    found = [{"id": RUN, "eventType": "violation_audited", "resourceName": f'"{n}" \u00e4'} for n in range(number)]
    return [START, *(json.dumps(message).encode() for message in found), END]


def delivered(sidecar: Sidecar, messages: list[bytes], **config: Any) -> list[dict[str, Any]]:
    """What the subscriber gets of these messages."""
    before, made = len(sidecar.events), sidecar.driver(**config)
    made.open("")
    assert publish(made, [*messages]) == []
    made.end(RUN)
    eventually(lambda: len(sidecar.events) >= before + len(messages), 60)
    return sidecar.events[before:]


def test_a_subscriber_gets_every_message_in_its_order_as_a_text(sidecar: Sidecar) -> None:
    messages = run_of(200)
    got = delivered(sidecar, messages)
    assert [event["data"] for event in got] == [message.decode() for message in messages]
    assert {event["datacontenttype"] for event in got} == {"text/plain"}
    assert {(event["type"], event["topic"], event["pubsubname"]) for event in got} == {
        ("com.dapr.event.sent", TOPIC, "pubsub")
    }


def test_in_bulk_the_same_messages_come_with_the_first_and_the_last_in_their_places(sidecar: Sidecar) -> None:
    messages = run_of(200)
    got = [event["data"].encode() for event in delivered(sidecar, messages, bulk=True)]
    assert (got[0], got[-1]) == (START, END)
    assert sorted(got) == sorted(messages)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"component": "other"}, "the dapr sidecar answers 404 .*; dapr has no pub/sub component of that name"),
        ({"component": "other", "bulk": True}, "the dapr sidecar answers 404 .*; dapr has no pub/sub component of"),
        ({"token": "wrong"}, "the dapr sidecar answers 401 .*; see DAPR_API_TOKEN"),
    ],
)
def test_what_is_not_as_the_connection_says_is_told(sidecar: Sidecar, given: dict[str, Any], told: str) -> None:
    made = sidecar.driver(**given)
    with pytest.raises(ExportError, match=told):
        publish(made, run_of(2)[1:3])
    made.close(for_good=True)


def test_a_message_that_is_too_large_for_the_sidecar_takes_no_other_with_it(sidecar: Sidecar) -> None:
    before, made = len(sidecar.events), sidecar.driver()
    [refused] = publish(made, [START, json.dumps({"id": RUN, "message": "x" * (5 << 20)}).encode(), END])
    made.close(for_good=True)
    assert refused.startswith("the dapr sidecar refuses them: ")
    eventually(lambda: len(sidecar.events) >= before + 2)


def test_a_broker_that_is_down_is_told(sidecar: Sidecar) -> None:
    sidecar.redis.kill()
    sidecar.redis.wait()
    made = sidecar.driver()
    with pytest.raises(ExportError, match=r"the dapr sidecar answers 500 .*; dapr could not publish, see its log"):
        publish(made, [START])
    made.close(for_good=True)
