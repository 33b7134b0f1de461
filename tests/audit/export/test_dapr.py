"""What goes to dapr's HTTP API, of which a server of the tests answers as much as is used here."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from exporting import RUN, publish
from targets import HttpTarget, Reply, http_target

from audit.errors import ExportError
from audit.export.dapr import Dapr, DaprSettings
from audit.export.fields import Fields

START = json.dumps({"id": RUN, "message": "audit is started"}).encode()
END = json.dumps({"id": RUN, "message": "audit is completed"}).encode()
A, B, C = (json.dumps({"id": RUN, "message": f'{name} is \u00e4 "bad" one'}).encode() for name in "abc")
SINGLE = "/v1.0/publish/pub%2Fsub/audit-channel"
BULK = "/v1.0-alpha1/publish/bulk/pub%2Fsub/audit-channel"


@pytest.fixture
def sidecar() -> Iterator[HttpTarget]:
    with http_target() as found:
        yield found


OPENED: list[Dapr] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close(for_good=True)


def settings_of(environ: Mapping[str, str], **config: Any) -> DaprSettings:
    return DaprSettings.of(Fields("spec.config", config), "audit-channel", environ)


def driver(port: int, token: str = "", **config: Any) -> Dapr:
    environ = {"DAPR_HTTP_PORT": str(port), "DAPR_API_TOKEN": token}
    made = Dapr(settings_of(environ, component="pub/sub", **config))
    OPENED.append(made)
    made.open("")
    return made


def test_each_message_is_published_as_a_text_in_its_order(sidecar: HttpTarget) -> None:
    assert publish(driver(sidecar.port, "s3cret"), [START, A, B, END]) == []
    assert [request.body for request in sidecar.taken] == [START, A, B, END]
    for request in sidecar.taken:
        assert request.path == SINGLE
        assert request.headers["content-type"] == "text/plain"
        assert request.headers["dapr-api-token"] == "s3cret"


def test_in_bulk_the_first_and_the_last_message_of_a_run_keep_their_places(sidecar: HttpTarget) -> None:
    made = driver(sidecar.port, bulk=True)
    publish(made, [START, A, B, C])
    publish(made, [A, B, END])
    assert [request.path for request in sidecar.taken] == [SINGLE, BULK, BULK, SINGLE]
    entries = json.loads(sidecar.taken[1].body)
    assert [entry["event"].encode() for entry in entries] == [A, B, C]
    assert {entry["contentType"] for entry in entries} == {"text/plain"}
    assert len({entry["entryId"] for entry in entries}) == 3
    assert "dapr-api-token" not in sidecar.taken[0].headers


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (404, {"errorCode": "ERR_PUBSUB_NOT_FOUND"}, "404 Not Found: .*; dapr has no pub/sub component of that name$"),
        (400, {"errorCode": "ERR_PUBSUB_NOT_CONFIGURED"}, "400 Bad Request: .*; dapr has no pub/sub component at all$"),
        (
            403,
            {"errorCode": "ERR_PUBSUB_FORBIDDEN"},
            "403 Forbidden: .*; dapr lets this app not publish to that topic$",
        ),
        (500, {"errorCode": "ERR_PUBSUB_PUBLISH_MESSAGE"}, "500 .*; dapr could not publish, see its log$"),
        (401, {"message": "s3cret"}, "401 Unauthorized: .*; see DAPR_API_TOKEN$"),
        (500, {"errorCode": ["s3cret"]}, "500 Internal Server Error: [^;]*$"),
        (502, ["s3cret"], "502 Bad Gateway: [^;]*$"),
    ],
)
def test_whatever_dapr_refuses_is_told_and_goes_on_where_it_was(
    sidecar: HttpTarget, status: int, body: Any, told: str
) -> None:
    sidecar.replies.extend([Reply(204), Reply(status, body=json.dumps(body).encode())])
    made, messages = driver(sidecar.port), [START, A, END]
    with pytest.raises(ExportError, match=f"the dapr sidecar answers {told}") as error:
        publish(made, messages)
    assert "s3cret" not in str(error.value)
    assert publish(made, messages) == []
    assert [request.body for request in sidecar.taken] == [START, A, END]


@pytest.mark.parametrize("reply", [Reply(413), Reply(400, body=b"error reading request body: stream too large\n")])
def test_a_message_that_is_too_large_is_refused(sidecar: HttpTarget, reply: Reply) -> None:
    sidecar.replies.extend([Reply(204), reply])
    [told] = publish(driver(sidecar.port), [START, A, END])
    assert told.startswith(f"the dapr sidecar refuses them: {sidecar.url} answers {reply.status}")


def test_a_sidecar_that_is_not_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    told = f"the dapr sidecar cannot be reached: http://127.0.0.1:{port}: Connection refused"
    with pytest.raises(ExportError, match=told):
        publish(driver(port), [A])


@pytest.mark.parametrize(
    ("config", "environ", "told"),
    [
        ({}, {}, r"spec\.config\.component is missing"),
        ({"component": ""}, {}, "component must be a text, not ''"),
        ({"component": "p", "bulk": 1}, {}, "bulk must be true or false, not 1"),
        ({"component": "p"}, {"DAPR_HTTP_PORT": "tcp://x"}, "DAPR_HTTP_PORT must be a port, not 'tcp://x'"),
        ({"component": "p"}, {"DAPR_HTTP_PORT": "65536"}, "DAPR_HTTP_PORT must be a port, not '65536'"),
        ({"component": "p"}, {"DAPR_API_TOKEN": "s3cret\n"}, "DAPR_API_TOKEN has something in it"),
    ],
)
def test_what_makes_no_sense_is_named(config: Mapping[str, Any], environ: Mapping[str, str], told: str) -> None:
    with pytest.raises(ExportError, match=told) as error:
        settings_of(environ, **config)
    assert error.value.reason == "InvalidConnection"
    assert "s3cret" not in str(error.value)


def test_without_variables_it_is_the_usual_port() -> None:
    made = settings_of({}, component="p")
    assert (made.port, made.token, made.topic) == (3500, "", "audit-channel")
    assert "s3cret" not in repr(settings_of({"DAPR_API_TOKEN": "s3cret"}, component="p"))
