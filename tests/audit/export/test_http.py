"""CloudEvents to a real server, and what its answers do."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from certificates import self_signed
from exporting import RUN, Line, eventually, no_secrets, publish, some, target
from targets import HttpTarget, Reply, Taken, http_target

from audit.errors import ExportError
from audit.export.driver import Secrets
from audit.export.fields import Fields
from audit.export.http import Http, HttpSettings

START = json.dumps({"id": RUN, "message": "audit is started"}).encode()
END = json.dumps({"id": RUN, "message": "audit is completed"}).encode()
TOKEN = "Bearer s3cret"


def violation(name: str) -> bytes:
    return json.dumps({"id": RUN, "eventType": "violation_audited", "resourceName": name}).encode()


A, B, C, D = map(violation, "abcd")


@pytest.fixture
def server() -> Iterator[HttpTarget]:
    with http_target() as found:
        yield found


def secrets_of(**secrets: Mapping[str, bytes]) -> Secrets:
    return lambda name: secrets[name]


def settings_of(**config: Any) -> HttpSettings:
    fields = Fields("Connection patrol/audit-connection: spec.config", config)
    made = HttpSettings.of(fields, "audit-channel")
    fields.end()
    return made


OPENED: list[Http] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close(for_good=True)


def driver(url: str, secrets: Secrets = no_secrets, **config: Any) -> Http:
    made = Http(settings_of(url=url, **config), secrets)
    OPENED.append(made)
    made.open("")
    return made


def data(*messages: bytes) -> list[Any]:
    return [json.loads(message) for message in messages]


def test_structured_each_message_is_an_event_in_a_request_of_its_own(server: HttpTarget) -> None:
    made = driver(f"{server.url}/events?to=here")
    assert publish(made, [START, A, END]) == []
    made.close(for_good=True)
    assert server.messages == data(START, A, END)
    assert {request.path for request in server.came} == {"/events?to=here"}
    [first, second, last] = [event for request in server.came for event in request.events]
    assert list(first) == ["specversion", "id", "source", "type", "time", "datacontenttype", "data"]
    assert (first["specversion"], first["source"], first["time"]) == ("1.0", "/kube-patrol/audit-channel", RUN)
    assert [event["type"] for event in (first, second, last)] == [
        "kube-patrol.audit_started",
        "kube-patrol.violation_audited",
        "kube-patrol.audit_finished",
    ]
    assert len({event["id"] for event in (first, second, last)}) == 3
    assert len(server.clients) == 1  # one connection for all


def test_batched_messages_go_together_packed_where_that_is_wanted(server: HttpTarget) -> None:
    made = driver(server.url, mode="batched", gzip=True, source="urn:east")
    publish(made, [START, A, B])
    publish(made, [A])
    [first, second] = server.taken
    assert [event["data"] for event in first.events] == data(START, A, B)
    assert first.headers["content-encoding"] == "gzip"
    assert {event["source"] for event in first.events} == {"urn:east"}
    assert first.events[1]["id"] == second.events[0]["id"]  # so that whoever gets it twice can tell


def test_a_connection_that_the_target_has_closed_meanwhile_is_made_anew(server: HttpTarget) -> None:
    server.replies.append(Reply(204, {"Connection": "close"}))
    made = driver(server.url)
    publish(made, [A])
    publish(made, [B])
    assert server.messages == data(A, B)


def test_a_batch_that_is_too_large_is_cut_and_a_message_that_is_too_large_alone_is_dropped(server: HttpTarget) -> None:
    large = violation("x" * 3000)
    server.judge = lambda request: Reply(413) if len(request.body) > 1500 else Reply(200)
    made = driver(server.url, mode="batched")
    [refused] = publish(made, [START, A, large, B, C, D, END])
    assert refused.startswith(f"the target refuses them: {server.url} answers 413 ")
    assert server.messages == data(START, A, B, C, D, END)
    before = len(server.came)
    publish(made, [A, B, C, D])
    assert all(len(request.body) <= 1500 for request in server.came[before:])  # it has learnt


@pytest.mark.parametrize("status", [400, 422])
def test_one_message_that_the_target_finds_wrong_takes_no_other_with_it(server: HttpTarget, status: int) -> None:
    server.judge = lambda request: Reply(status) if b'"resourceName": "c"' in request.body else Reply(200)
    refused = publish(driver(server.url, mode="batched"), [START, A, B, C, D, END])
    assert len(refused) == 1
    assert server.messages == data(START, A, B, D, END)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (500, "the target answers 500 Internal Server Error: {url}$"),
        (503, "the target answers 503 Service Unavailable: {url}$"),
        (429, "the target answers 429 Too Many Requests: {url}$"),
        (401, "the target answers 401 Unauthorized: {url}; see the headers and certificates of the Connection"),
        (404, "the target answers 404 Not Found: {url}; see the address of the Connection"),
        (405, "the target answers 405 Method Not Allowed: {url}$"),
        (599, "the target answers 599: {url}$"),
    ],
)
def test_other_answers_are_told_and_what_was_taken_before_is_not_sent_again(
    server: HttpTarget, status: int, told: str
) -> None:
    server.replies.extend([Reply(200), Reply(status, body=b"with s3cret"), Reply(200), Reply(200)])
    made, messages = driver(f"{server.url}/hidden"), [A, B, C]
    with pytest.raises(ExportError, match=told.format(url=server.url)) as error:
        publish(made, messages)
    assert error.value.reason == "TargetFailed"
    made.close(for_good=False)
    made.open(RUN)
    assert publish(made, messages) == []
    assert server.messages == data(A, B, C)


def test_a_redirect_is_not_followed(server: HttpTarget) -> None:
    server.replies.append(Reply(307, {"Location": f"{server.url}/elsewhere"}))
    with pytest.raises(ExportError, match=r"307 Temporary Redirect: .*; redirects are not followed"):
        publish(driver(server.url), [A])
    assert len(server.came) == 1


@pytest.mark.parametrize("status", [429, 503])
def test_the_target_may_say_how_long_to_wait(server: HttpTarget, status: int) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    for value, least, most in (("7", 7.0, 7.0), (later, 50.0, 100.0), ("soon", 0.0, 0.0), ("", 0.0, 0.0)):
        server.replies.append(Reply(status, {"Retry-After": value}))
        with pytest.raises(ExportError) as error:
            publish(driver(server.url), [A])
        assert least <= error.value.retry_after <= most


def test_delivery_waits_as_long_as_the_target_asks(server: HttpTarget, tmp_path: Path) -> None:
    server.replies.append(Reply(429, {"Retry-After": "1"}))
    came: list[float] = []

    def judged(request: Taken) -> Reply:
        came.append(time.monotonic())
        return Reply(200)

    server.judge = judged
    line, began = Line(tmp_path), time.monotonic()
    line.delivery.aim(target(driver(server.url)))
    line.delivery.put(RUN, b"S", some([START]))
    eventually(lambda: came)
    line.delivery.close(10)
    assert came[0] - began >= 1.0
    assert {told.errors[0].partition(":")[0] for told in line.heard} == {"the target answers 429 Too Many Requests"}


def test_messages_that_are_refused_are_counted_told_and_logged(
    server: HttpTarget, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.judge = lambda request: Reply(400) if b'"a"' in request.body or b'"b"' in request.body else Reply(200)
    line = Line(tmp_path)
    line.delivery.aim(target(driver(server.url, mode="batched")))
    line.delivery.put(RUN, b"S", some([START]))
    line.delivery.put(RUN, b"V", some([A, B, C]))
    line.delivery.put(RUN, b"E", some([END]))
    line.delivery.close(10)
    counts = line.tally.counts()
    assert (counts.sent, counts.dropped, counts.waiting) == (3, 2, 0)
    assert line.tally.dropped(RUN) == 2
    text = f"the target refuses them: {server.url} answers 400 Bad Request"
    assert [error.partition(":")[0] for error in line.heard[-1].errors] == ["the target refuses them", "dropped"]
    assert line.heard[-1].errors[0] == text
    assert line.heard[-1].active
    assert f"export: 2 messages of the run {RUN} are dropped: {text}" in caplog.text


def test_a_target_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    told = f"the target cannot be reached: http://127.0.0.1:{port}: Connection refused"
    with pytest.raises(ExportError, match=told):
        publish(driver(f"http://127.0.0.1:{port}"), [A])


def test_a_target_that_does_not_answer_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ExportError, match=f"the target does not answer: {url}: nothing within 1 s"):
            publish(driver(url, timeout="1s"), [A])


def test_a_target_that_speaks_something_else_is_told(server: HttpTarget) -> None:
    server.replies.append(Reply(200, {"Content-Length": "-\r\n\r\n"}))
    with pytest.raises(ExportError, match="speak TLS: https://"):
        publish(driver(server.url.replace("http:", "https:")), [A])


@pytest.mark.program("openssl")
def test_tls_with_an_authority_and_a_certificate_of_its_own(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    crt, key = (path.read_bytes() for path in certificate)
    whole = secrets_of(tls={"ca.crt": crt, "tls.crt": crt, "tls.key": key})
    with http_target(certificate, clients=certificate[0]) as server:
        publish(driver(server.url, whole, tls={"secretName": "tls"}), [A])
        assert server.messages == data(A)
        untrusted = f"the certificate of the target is not trusted: {server.url}: self-signed certificate"
        with pytest.raises(ExportError, match=untrusted):
            publish(driver(server.url), [A])
        with pytest.raises(ExportError, match=f"{server.url}"):
            publish(driver(server.url, secrets_of(tls={"ca.crt": crt}), tls={"secretName": "tls"}), [A])
    assert len(server.taken) == 1


@pytest.mark.program("openssl")
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ca.crt": b"s3cret"}, "the Secret tls has no certificates in PEM at ca.crt"),
        ({"ca.crt": b""}, "the Secret tls has no certificates in PEM at ca.crt"),
        ({"tls.key": b"s3cret"}, "the Secret tls has no certificate and its key in PEM at tls.crt and tls.key"),
        ({"tls.crt": None}, "the Secret tls has no key tls.crt, but the other half of the pair"),
    ],
)
def test_a_secret_that_is_no_good_for_tls_is_told(
    tmp_path: Path, change: Mapping[str, bytes | None], told: str
) -> None:
    crt, key = (path.read_bytes() for path in self_signed(tmp_path))
    held = {"ca.crt": crt, "tls.crt": crt, "tls.key": key, **change}
    secrets = secrets_of(tls={name: value for name, value in held.items() if value is not None})
    with pytest.raises(ExportError, match=told) as error:
        driver("https://127.0.0.1:1", secrets, tls={"secretName": "tls"})
    assert "s3cret" not in str(error.value)


def test_headers_come_from_secrets_which_are_read_again_after_a_failure(server: HttpTarget) -> None:
    held = {"authorization": b"old\n"}
    server.judge = lambda request: Reply(204 if request.headers.get("authorization") == TOKEN else 401)
    headers = {"Authorization": {"secretName": "collector", "key": "authorization"}}
    made = driver(server.url, secrets_of(collector=held), headers=headers)
    with pytest.raises(ExportError, match="401 Unauthorized"):
        publish(made, [A])
    made.close(for_good=False)
    held["authorization"] = f"{TOKEN}\n".encode()
    made.open(RUN)
    publish(made, [A])
    assert server.messages == data(A)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        ({}, "the Secret collector has no key authorization"),
        (
            {"authorization": b"s3cret\r\nX: y"},
            "the Secret collector has something at authorization that cannot stand in",
        ),
        (
            {"authorization": "s3crét".encode()},
            "the Secret collector has something at authorization that cannot stand in",
        ),
        ({"authorization": b" "}, "the Secret collector has something at authorization that cannot stand in"),
    ],
)
def test_a_secret_that_is_no_good_for_a_header_is_told(held: Mapping[str, bytes], told: str) -> None:
    headers = {"Authorization": {"secretName": "collector", "key": "authorization"}}
    with pytest.raises(ExportError, match=told) as error:
        driver("http://127.0.0.1:1", secrets_of(collector=held), headers=headers)
    assert "s3cr" not in str(error.value)


URL = "http://collector/events"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "url is missing"),
        ({"url": 3}, "url must be a text, not 3"),
        ({"url": "collector/s3cret"}, "url must be an http:// or https:// address without user and password$"),
        ({"url": "ftp://collector/s3cret"}, "url must be an http:// or https:// address"),
        (
            {"url": "http://me:s3cret@collector"},
            "url must be an http:// or https:// address without user and password$",
        ),
        ({"url": "http://collector:s3cret/"}, "url must be an http:// or https:// address"),
        ({"url": "http://collector/\n"}, "url must be an http:// or https:// address"),
        ({"url": "http:///s3cret"}, "url must be an http:// or https:// address"),
        ({"url": URL, "mode": "binary"}, "mode must be one of structured, batched, not 'binary'"),
        ({"url": URL, "gzip": "yes"}, "gzip must be true or false, not 'yes'"),
        ({"url": URL, "timeout": "1h"}, "timeout must be a duration from 1s to 5m, not '1h'"),
        ({"url": URL, "source": ""}, "source must be a text, not ''"),
        ({"url": URL, "tls": {"secretName": "x"}}, "tls must be left out where url is no https:// address"),
        ({"url": "https://collector", "tls": "x"}, "tls must be an object, not a text"),
        ({"url": "https://collector", "tls": {}}, "tls.secretName is missing"),
        ({"url": "https://collector", "tls": {"secretName": "x", "ca": "y"}}, "tls.ca is no field"),
        ({"url": {"host": "s3cret"}}, "url must be a text, not an object"),
        ({"url": None}, "url must be a text, not null"),
        ({"url": URL, "timeout": True}, "timeout must be a duration from 1s to 5m, not true"),
        ({"url": URL, "headers": []}, "headers must be an object, not a list"),
        ({"url": URL, "headers": {"Authorization": "s3cret"}}, "headers.Authorization must be an object, not a text"),
        ({"url": URL, "headers": {"Authorization": None}}, "headers.Authorization must be an object, not null"),
        ({"url": URL, "headers": None}, "headers must be an object, not null"),
        ({"url": "https://collector", "tls": None}, "tls must be an object, not null"),
        ({"url": URL, "headers": {"A": {"secretName": "x"}}}, "headers.A.key is missing"),
        ({"url": URL, "headers": {"A": {"secretName": "x", "key": "y", "value": "s3cret"}}}, "headers.A.value is no"),
        (
            {"url": URL, "headers": {"Content-Type": {"secretName": "x", "key": "y"}}},
            "headers.Content-Type is no header",
        ),
        ({"url": URL, "headers": {"a b": {"secretName": "x", "key": "y"}}}, "headers.a b is no header"),
        ({"url": URL, "urls": []}, "urls is no field of this driver: did you mean url?"),
    ],
)
def test_what_makes_no_sense_is_named_and_no_value_that_may_be_secret_is_shown(
    config: Mapping[str, Any], told: str
) -> None:
    with pytest.raises(ExportError, match=rf"spec\.config\.{told}") as error:
        settings_of(**config)
    assert "s3cret" not in str(error.value)
    assert error.value.reason == "InvalidConnection"


def test_addresses_are_told_without_what_is_behind_the_host() -> None:
    made = settings_of(url="https://[::1]/hook/s3cret?token=s3cret")
    assert str(made.address) == "https://[::1]:443"
    assert made.address.path == "/hook/s3cret?token=s3cret"
    assert "s3cret" not in repr(made)
