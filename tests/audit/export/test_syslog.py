"""Lines to real receivers over UDP, TCP and TLS."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from certificates import self_signed
from exporting import RUN, eventually, no_secrets, publish
from targets import syslog_datagrams, syslog_stream

from audit.errors import ExportError
from audit.export.driver import Secrets
from audit.export.fields import Fields
from audit.export.syslog import Syslog, SyslogSettings
from audit.export.syslogline import Sender, line

START = json.dumps({"id": RUN, "message": "audit is started"}).encode()
END = json.dumps({"id": RUN, "message": "audit is completed"}).encode()
SENDER = Sender(16, 32473, "patrol-0")


def violation(name: str, **more: Any) -> bytes:
    return json.dumps({"id": RUN, "eventType": "violation_audited", "resourceName": name, **more}).encode()


A, B, C = map(violation, "abc")


OPENED: list[Syslog] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close(for_good=True)


def settings_of(**config: Any) -> SyslogSettings:
    fields = Fields("spec.config", config)
    made = SyslogSettings.of(fields)
    fields.end()
    return made


def driver(address: str, secrets: Secrets = no_secrets, **config: Any) -> Syslog:
    made = Syslog(settings_of(address=address, **config), secrets)
    OPENED.append(made)
    made.open("")
    return made


def data(*messages: bytes) -> list[Any]:
    return [json.loads(message) for message in messages]


def test_a_line_has_the_header_and_the_structured_data_of_the_standard() -> None:
    start = b"<134>1 2026-11-20T23:17:21Z patrol-0 kube-patrol - audit_started "
    assert line(SENDER, RUN, START) == start + b'[audit@32473 id="2026-11-20T23:17:21Z"] ' + START
    text = line(SENDER, RUN, A)
    assert text.startswith(b"<132>1 2026-11-20T23:17:21Z patrol-0 kube-patrol - violation_audited [violation@32473 id=")
    assert text.endswith(b' resourceName="a"] ' + A)
    resolved = json.dumps({"id": RUN, "eventType": "violation_resolved"}).encode()
    assert line(SENDER, RUN, resolved).startswith(b"<133>1 ")


def test_what_has_a_meaning_in_structured_data_is_escaped_and_the_message_is_ascii() -> None:
    message = json.dumps(
        {"id": RUN, "eventType": "violation_audited", "name": 'a"]\\ä', "message": "ö"}, ensure_ascii=False
    )
    found = line(SENDER, RUN, message.encode())
    assert ' name="a\\"\\]\\\\ä"] '.encode() in found
    said = found.partition('ä"] '.encode())[2]
    assert said.isascii()
    assert json.loads(said) == json.loads(message)


@pytest.mark.parametrize(("name", "told"), [("", b" - kube-patrol"), ("a b\n", b" ab kube-patrol")])
def test_a_host_has_no_name_or_one_without_spaces(name: str, told: bytes) -> None:
    assert told in line(Sender(16, 1, name), RUN, START)


def test_each_message_is_a_datagram() -> None:
    with syslog_datagrams() as receiver:
        made = driver(receiver.address, facility="user", enterpriseNumber=4711)
        assert publish(made, [START, A, B, END]) == []
        eventually(lambda: len(receiver.messages) == 4)
        assert receiver.data == data(START, A, B, END)
        assert receiver.messages[0].startswith(b"<14>1 ")
        assert b"[audit@4711 " in receiver.messages[0]


def test_a_message_that_is_too_long_for_a_datagram_is_refused_alone() -> None:
    with syslog_datagrams() as receiver:
        refused = publish(driver(receiver.address), [START, violation("x" * 70_000), END])
        assert refused == [f"UDP takes no message as long as this: {receiver.address}"]
        eventually(lambda: receiver.data == data(START, END))


def test_over_tcp_octets_are_counted() -> None:
    long = violation("\u00e4" * 70_000)
    with syslog_stream() as receiver:
        made = driver(receiver.address)
        assert publish(made, [START, A, long, B, END]) == []
        made.end(RUN)
        eventually(lambda: len(receiver.messages) == 5)
        assert receiver.data == data(START, A, long, B, END)


def test_a_receiver_that_has_hung_up_is_called_again_before_the_next_message() -> None:
    with syslog_stream() as receiver:
        receiver.hang_up_after = 1
        made = driver(receiver.address)
        for ended, message in enumerate((START, A, END), 1):
            publish(made, [message])
            eventually(lambda ended=ended: receiver.ended == ended)
        assert receiver.data == data(START, A, END)


@pytest.mark.program("openssl")
def test_tls_with_an_authority_and_a_certificate_of_its_own(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    crt, key = (path.read_bytes() for path in certificate)
    held = {"ca.crt": crt, "tls.crt": crt, "tls.key": key}
    with syslog_stream(certificate, clients=certificate[0]) as receiver:
        made = driver(receiver.address, lambda name: held, tls={"secretName": "tls"})
        publish(made, [START, A])
        publish(made, [END])
        eventually(lambda: receiver.data == data(START, A, END))
        told = f"the certificate of the syslog receiver is not trusted: {receiver.address}: self-signed certificate"
        with pytest.raises(ExportError, match=told):
            publish(driver(receiver.address), [A])


@pytest.mark.parametrize("scheme", ["tcp", "tls", "udp"])
def test_a_receiver_that_is_not_there_is_told(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"{scheme}://127.0.0.1:{closed.getsockname()[1]}"
    told = f"the syslog receiver cannot be reached: {address}: Connection refused"
    made = driver(address)
    with pytest.raises(ExportError, match=told):
        publish(made, [A] * 1000)  # over UDP it is told by the network, soon


def test_a_receiver_that_speaks_no_tls_is_told() -> None:
    with syslog_stream() as receiver, pytest.raises(ExportError, match="the syslog receiver "):
        publish(driver(receiver.address.replace("tcp:", "tls:"), timeout="1s"), [A])


def test_a_receiver_that_reads_nothing_is_told_and_gets_everything_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made = driver(f"tcp://127.0.0.1:{silent.getsockname()[1]}", timeout="1s")
        with pytest.raises(ExportError, match=r"the syslog receiver does not answer: .*: nothing within 1 s"):
            publish(made, [violation("x" * 1_000_000)] * 20)


def test_names_are_looked_up() -> None:
    with pytest.raises(ExportError, match=r"the syslog receiver cannot be reached: udp://nowhere\.invalid:514: "):
        publish(driver("udp://nowhere.invalid"), [A])


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "address is missing"),
        ({"address": "collector:514"}, "address must be a udp://, tcp:// or tls:// address of a host and a port"),
        ({"address": "http://collector"}, "address must be a udp://"),
        ({"address": "tcp://me:s3cret@collector"}, "address must be a udp://"),
        ({"address": "tcp://collector/path"}, "address must be a udp://"),
        (
            {"address": "tcp://collector", "facility": "cluster"},
            "facility must be one of kern, user, .*, not 'cluster'",
        ),
        ({"address": "tcp://collector", "enterpriseNumber": 0}, "enterpriseNumber must be a whole number from 1 to"),
        ({"address": "tcp://collector", "enterpriseNumber": None}, "enterpriseNumber must be a whole number"),
        ({"address": "tcp://collector", "timeout": "0s"}, "timeout must be a duration from 1s to 5m, not '0s'"),
        ({"address": "tcp://collector", "tls": {"secretName": "x"}}, "tls must be left out where address is no tls://"),
        ({"address": "tls://collector", "tls": {"secret": "x"}}, "tls.secretName is missing"),
        ({"address": "tls://collector", "port": 3}, "port is no field of this driver"),
    ],
)
def test_what_makes_no_sense_is_named(config: Mapping[str, Any], told: str) -> None:
    with pytest.raises(ExportError, match=rf"spec\.config\.{told}") as error:
        settings_of(**config)
    assert error.value.reason == "InvalidConnection"
    assert "s3cret" not in str(error.value)


def test_ports_have_defaults() -> None:
    assert str(settings_of(address="udp://collector").address) == "udp://collector:514"
    assert str(settings_of(address="tls://collector").address) == "tls://collector:6514"
