"""Messages to a real client library's own broker: librdkafka's mock cluster, and TLS and SASL before it."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from certificates import self_signed
from exporting import RUN, no_secrets, publish

pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
from kafkabrokers import INIT_PRODUCER_ID, PRODUCE, KafkaBroker, kafka_broker
from kafkagateways import kafka_gateway

from audit.errors import ExportError
from audit.export.cloudevents import headers
from audit.export.driver import Secrets
from audit.export.fields import Fields
from audit.export.kafka import Kafka
from audit.export.kafkasettings import MECHANISMS, KafkaSettings

TOPIC = "audit-channel"
START = json.dumps({"id": RUN, "message": "audit is started"}).encode()
END = json.dumps({"id": RUN, "message": "audit is completed"}).encode()
TOO_LARGE = "the broker refuses what is larger than maxMessageBytes or the topic's max.message.bytes: audit-channel"
OPENED: list[Kafka] = []


def violation(name: str, **more: Any) -> bytes:
    return json.dumps({"id": RUN, "eventType": "violation_audited", "resourceName": name, **more}).encode()


A, B, C = map(violation, "abc")


@pytest.fixture
def broker() -> Iterator[KafkaBroker]:
    with kafka_broker() as made:
        yield made


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close(for_good=True)


def driver(address: str, secrets: Secrets = no_secrets, **config: Any) -> Kafka:
    fields = Fields("spec.config", {"brokers": address, "timeout": "10s", **config})
    made = Kafka(KafkaSettings.of(fields, TOPIC), secrets)
    fields.end()
    OPENED.append(made)
    made.open("")
    return made


def test_the_messages_of_a_run_come_in_their_order_as_they_are(broker: KafkaBroker) -> None:
    broker.create(TOPIC, 8)
    many = [violation(f"pod-{number}") for number in range(5000)]
    made = driver(broker.address)
    assert publish(made, [START, *many]) == []
    assert publish(made, [END]) == []
    made.end(RUN)
    records = broker.records(TOPIC)
    assert [record.value for record in records] == [START, *many, END]
    assert {(record.key, len(record.headers)) for record in records} == {(RUN.encode(), 0)}


def test_keys_lead_to_partitions_and_what_has_the_same_key_stays_in_its_order(broker: KafkaBroker) -> None:
    broker.create("violations", 4)
    sent = [violation(f"pod-{number % 20}", message=number) for number in range(200)]
    publish(driver(broker.address, topic="violations", key="resource"), [START, *sent, END])
    records = broker.records("violations")
    assert len({record.partition for record in records}) == 4
    for number in range(20):
        key = f"///pod-{number}".encode()
        assert [record.value for record in records if record.key == key] == sent[number::20]


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_what_is_compressed_comes_as_it_was(broker: KafkaBroker, compression: str) -> None:
    publish(driver(broker.address, compression=compression), [START, *[A] * 100, END])
    assert broker.values(TOPIC) == [START, *[A] * 100, END]


def test_headers_say_that_a_message_is_a_cloudevent_where_that_is_wanted(broker: KafkaBroker) -> None:
    publish(driver(broker.address, cloudEvents=True), [START, A])
    start, found = broker.records(TOPIC)
    assert found.value == A
    assert found.headers == headers(RUN, A, f"/kube-patrol/{TOPIC}")
    assert (start.headers["ce_type"], found.headers["ce_type"]) == (
        b"kube-patrol.audit_started",
        b"kube-patrol.violation_audited",
    )
    assert (found.headers["ce_time"], found.headers["content-type"]) == (RUN.encode(), b"application/json")


def test_a_message_that_is_larger_than_allowed_is_refused_alone(broker: KafkaBroker) -> None:
    made = driver(broker.address, maxMessageBytes=10_000)
    refused = publish(made, [START, A, violation("x" * 20_000), B, END])
    assert refused == [TOO_LARGE]
    assert broker.values(TOPIC) == [START, A, B, END]


def test_a_batch_that_the_broker_finds_too_large_is_cut_and_one_message_that_is_so_alone_is_refused(
    broker: KafkaBroker,
) -> None:
    broker.refuse(PRODUCE, 10, 10)
    assert publish(driver(broker.address), [A, B, C, END]) == [TOO_LARGE]
    assert broker.values(TOPIC) == [B, C, END]


def test_a_record_that_the_broker_finds_wrong_is_found_and_refused(broker: KafkaBroker) -> None:
    broker.refuse(PRODUCE, 87, 87)
    assert publish(driver(broker.address), [A, B]) == ["the broker finds records invalid: audit-channel"]
    assert broker.values(TOPIC) == [B]


def test_a_leader_that_moves_is_waited_for(broker: KafkaBroker) -> None:
    broker.refuse(PRODUCE, 6, 7, 20)
    assert publish(driver(broker.address), [START, A, END]) == []
    assert broker.values(TOPIC) == [START, A, END]


@pytest.mark.parametrize(
    ("request_kind", "error", "told"),
    [
        (PRODUCE, 29, "the broker does not let this user write to the topic: audit-channel"),
        (INIT_PRODUCER_ID, 31, "the broker does not let this user write: audit-channel: it needs the right Idempotent"),
        (PRODUCE, 44, "the broker does not take them now: audit-channel: POLICY_VIOLATION"),
    ],
)
def test_what_the_broker_does_not_allow_is_told_and_waits(
    broker: KafkaBroker, request_kind: int, error: int, told: str
) -> None:
    broker.refuse(request_kind, error)
    made = driver(broker.address)
    messages = [START, A, END]
    with pytest.raises(ExportError, match=told) as failure:
        publish(made, messages)
    assert failure.value.reason == "TargetFailed"
    made.close(for_good=False)
    made.open(RUN)
    assert publish(made, messages) == []
    assert broker.values(TOPIC) == [START, A, END]


@pytest.mark.parametrize(
    ("error", "told"), [(3, "there is no such topic: t"), (29, "does not let this user write to the topic: t")]
)
def test_a_topic_that_is_not_there_or_not_for_this_user_is_told(broker: KafkaBroker, error: int, told: str) -> None:
    broker.lacks("t", error)
    with pytest.raises(ExportError, match=told):
        publish(driver(broker.address, topic="t", timeout="2s"), [A])


def test_replicas_that_are_not_there_are_waited_for_no_longer_than_told(broker: KafkaBroker) -> None:
    broker.refuse(PRODUCE, *[19] * 1000)
    told = rf"the broker does not confirm them: {broker.address}: nothing within 2 s"
    with pytest.raises(ExportError, match=told):
        publish(driver(broker.address, timeout="2s"), [A])


def test_a_broker_that_goes_and_comes_back_has_each_message_in_its_order(broker: KafkaBroker) -> None:
    made = driver(broker.address)
    publish(made, [START, A])
    broker.down()
    rest = [B, C, END]
    with pytest.raises(ExportError, match=r"the broker (cannot be reached|hangs up): "):
        publish(made, rest)
    made.close(for_good=False)
    broker.up()
    made.open(RUN)
    publish(made, rest)
    made.end(RUN)
    assert broker.values(TOPIC) == [START, A, B, C, END]


def test_a_broker_that_is_not_there_is_told_soon() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(ExportError, match=rf"^the broker cannot be reached: {address}: Connection refused$"):
        publish(driver(address, timeout="5m"), [A])


def test_one_broker_of_those_named_is_enough(broker: KafkaBroker) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"127.0.0.1:{gone.getsockname()[1]}"
    publish(driver(f"{address},{broker.address}"), [A])
    assert broker.values(TOPIC) == [A]


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(ExportError, match=r"the broker cannot be reached: nowhere\.invalid:9092: "):
        publish(driver("nowhere.invalid:9092"), [A])


def test_a_broker_that_says_nothing_is_waited_for_no_longer_than_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ExportError, match=f"the broker does not answer: {address}: nothing in time"):
            publish(driver(address, timeout="2s"), [A])


def test_a_broker_that_falls_silent_takes_nothing_and_gets_everything_later(broker: KafkaBroker) -> None:
    with kafka_gateway(broker) as gateway:
        made = driver(gateway.address, timeout="2s")
        publish(made, [START])
        gateway.silent = True
        rest = [A, END]
        with pytest.raises(ExportError, match="the broker does not "):
            publish(made, rest)
        made.close(for_good=False)
        gateway.silent = False
        made.open(RUN)
        publish(made, rest)
    assert broker.values(TOPIC) == [START, A, END]


@pytest.mark.program("openssl")
def test_tls_with_an_authority_and_a_certificate_of_its_own(broker: KafkaBroker, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    crt, key = (path.read_bytes() for path in certificate)
    held = {"ca.crt": crt, "tls.crt": crt, "tls.key": key}
    with kafka_gateway(broker, certificate, clients=certificate[0]) as gateway:
        publish(driver(gateway.address, lambda name: held, tls={"secretName": "tls"}), [A])
        untrusted = f"the certificate of the broker is not trusted: {gateway.address}: see tls of the Connection"
        with pytest.raises(ExportError, match=untrusted):
            publish(driver(gateway.address, tls={}), [B])
        with pytest.raises(ExportError, match=r"find no way to speak TLS: .*certificate"):
            publish(driver(gateway.address, lambda name: {"ca.crt": crt}, tls={"secretName": "tls"}), [B])
        with pytest.raises(ExportError, match=f"the broker hangs up: {gateway.address}: see tls and sasl of the"):
            publish(driver(gateway.address), [B])
    assert broker.values(TOPIC) == [A]


def test_a_broker_that_speaks_no_tls_is_told(broker: KafkaBroker) -> None:
    with pytest.raises(ExportError, match=f"find no way to speak TLS: {broker.address}: "):
        publish(driver(broker.address, tls={}), [A])


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x01\0\0\0" + b"x" * 100])
def test_what_is_no_broker_is_told(answer: bytes) -> None:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 10)
            self.request.sendall(answer)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        address = f"127.0.0.1:{server.server_address[1]}"
        with pytest.raises(ExportError, match=f"^what the broker answers is not Kafka's protocol: {address}$"):
            driver(address).publish(RUN, [A])
        server.shutdown()


def sasl(mechanism: str) -> dict[str, Any]:
    return {
        "mechanism": mechanism,
        "username": "patrol",
        "password": {"secretName": "kafka", "key": "password"},
    }


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_user_is_let_in_by_the_password_in_the_secret(broker: KafkaBroker, mechanism: str) -> None:
    with kafka_gateway(broker, users={"patrol": "s3cret"}, mechanism=mechanism) as gateway:
        publish(driver(gateway.address, lambda name: {"password": b"s3cret\n"}, sasl=sasl(mechanism)), [A])
    assert set(gateway.entered) == {"patrol"}
    assert broker.values(TOPIC) == [A]


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("said", [b"patrol:wr0ng is not welcome", b"\xff wr0ng"])
def test_a_wrong_password_is_told_without_it_whatever_the_broker_says(
    broker: KafkaBroker, caplog: pytest.LogCaptureFixture, mechanism: str, said: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    with kafka_gateway(broker, users={"patrol": "s3cret"}, mechanism=mechanism, said=said) as gateway:
        made = driver(gateway.address, lambda name: {"password": b"wr0ng"}, sasl=sasl(mechanism))
        with pytest.raises(ExportError) as error:
            publish(made, [A])
        told = f"the broker does not let this user in: {gateway.address}: see sasl of the Connection"
        assert str(error.value) in (told, f"the broker says what is no text: {gateway.address}")
    assert "wr0ng" not in caplog.text


def test_another_mechanism_than_the_brokers_is_told(broker: KafkaBroker) -> None:
    with (
        kafka_gateway(broker, users={"patrol": "s3cret"}, mechanism="PLAIN") as gateway,
        pytest.raises(ExportError, match="the broker does not let this user in: "),
    ):
        publish(driver(gateway.address, lambda name: {"password": b"s3cret"}, sasl=sasl("SCRAM-SHA-256")), [A])


def test_librdkafkas_log_is_ours_and_nothing_goes_to_standard_error(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"127.0.0.1:{gone.getsockname()[1]}"
    with pytest.raises(ExportError):
        publish(driver(address), [A])
    assert {(record.name, record.levelname) for record in caplog.records} == {("kube_patrol.export", "DEBUG")}
    assert "Connection refused" in caplog.text
    assert capfd.readouterr().err == ""


def threads_and_files() -> tuple[int, int]:
    return len(list(Path("/proc/self/task").iterdir())), len(list(Path("/proc/self/fd").iterdir()))


def settled(before: tuple[int, int]) -> tuple[int, int]:
    """The numbers once threads that end have ended."""
    end = time.monotonic() + 10
    while (now := threads_and_files()) > before and time.monotonic() < end:
        time.sleep(0.05)
    return now


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.slow)])
def test_neither_threads_nor_files_are_left_after_many_connections(broker: KafkaBroker, times: int) -> None:
    publish(driver(broker.address), [A])
    OPENED.pop().close(for_good=True)
    before = settled(threads_and_files())
    for _ in range(times):
        made = driver(broker.address)
        publish(made, [A])
        made.end(RUN)
        made.close(for_good=True)
    assert settled(before) <= before
    assert len(broker.values(TOPIC)) == times + 1


def test_a_driver_that_is_closed_while_the_broker_is_silent_leaves_nothing_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        before = settled(threads_and_files())
        for _ in range(3):
            made = driver(f"127.0.0.1:{silent.getsockname()[1]}", timeout="2s")
            with pytest.raises(ExportError):
                publish(made, [A])
            made.close(for_good=True)
        assert settled(before)[0] <= before[0]


def test_it_can_be_ended_and_closed_at_any_time() -> None:
    made = driver("kafka")
    made.end(RUN)
    made.close(for_good=False)
    made.close(for_good=True)
    with pytest.raises(ExportError, match="the driver is not open"):
        publish(made, [A])
    assert "rdk" not in "".join(thread.name for thread in threading.enumerate())
