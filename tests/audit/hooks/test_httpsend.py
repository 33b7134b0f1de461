from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from audit.hooks.httpsend import INTERNAL, NETWORK, http_send
from constraints.rego.builtins import BuiltinError
from constraints.rego.values.kinds import RegoObject, RegoSet

ANSWERS: dict[str, tuple[str, bytes]] = {
    "/json": ("application/json; charset=utf-8", b'{"a": [1, 1.5, 12345678901234567890123]}'),
    "/merge": ("application/merge-patch+json", b"[1]"),
    "/wrong": ("application/json", b"{"),
    "/yaml": ("application/yaml", b"a: [x, 1]"),
    "/text": ("text/plain", b'["not", "decoded"]'),
    "/long": ("text/plain", b"x" * ((10 << 20) + 1)),
    "/bytes": ("application/octet-stream", b"\xff\xfe"),
}


class Handler(BaseHTTPRequestHandler):
    """Answers by ANSWERS; `/echo` says what was sent, `/moved` leads to `/json`, `/loop` to itself."""

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path in ("/moved", "/loop"):
            self.answer(302, "text/plain", b"", "/json" if self.path == "/moved" else "/loop")
        elif self.path == "/slow":
            STOP.wait(5)
        elif self.path in ANSWERS:
            self.answer(200, *ANSWERS[self.path])
        else:
            seen = {"method": self.command, "path": self.path, "body": body.decode(), "token": self.headers["X-Token"]}
            self.answer(200 if self.path == "/echo" else 404, "application/json", json.dumps(seen).encode())

    do_GET = do_POST = do_DELETE = respond

    def answer(self, status: int, kind: str, body: bytes, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Twice", "a")
        self.send_header("X-Twice", "b")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests' output is theirs."""


STOP = Event()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        STOP.set()
        serving.shutdown()
        thread.join()


def get(url: str, **more: Any) -> Any:
    """The response to a GET."""
    return http_send({"method": "get", "url": url, **more})


def test_a_response_has_status_headers_and_body(server: str) -> None:
    response = get(f"{server}/json")
    assert (response["status"], response["status_code"]) == ("200 OK", 200)
    assert response["raw_body"] == '{"a": [1, 1.5, 12345678901234567890123]}'
    assert response["body"] == {"a": [1, 1.5, 12345678901234567890123]}
    assert response["headers"]["x-twice"] == ["a", "b"]
    assert response["headers"]["content-type"] == ["application/json; charset=utf-8"]


@pytest.mark.parametrize(
    ("path", "options", "body"),
    [
        ("/merge", {}, [1]),
        ("/wrong", {}, None),
        ("/yaml", {}, {"a": ["x", 1]}),
        ("/text", {}, None),
        ("/text", {"force_json_decode": True}, ["not", "decoded"]),
        ("/text", {"force_yaml_decode": True}, ["not", "decoded"]),
        ("/bytes", {"force_json_decode": True}, None),
    ],
)
def test_a_body_is_decoded_where_it_is_said_to_be_json_or_yaml(
    server: str, path: str, options: dict[str, Any], body: Any
) -> None:
    assert get(f"{server}{path}", **options)["body"] == body


def test_an_error_of_the_server_is_a_response_too(server: str) -> None:
    response = get(f"{server}/absent?x=1")
    assert (response["status"], response["body"]["path"]) == ("404 Not Found", "/absent?x=1")


def test_method_headers_and_body_are_sent(server: str) -> None:
    request = {
        "method": "post",
        "url": f"{server}/echo",
        "headers": {"X-Token": "t"},
        "body": {"b": RegoSet.of([2, 1])},
    }
    assert http_send(request)["body"] == {"method": "POST", "path": "/echo", "body": '{"b":[1,2]}', "token": "t"}
    assert http_send({**request, "raw_body": "as it is"})["body"]["body"] == "as it is"
    assert http_send({"method": "delete", "url": f"{server}/echo"})["body"]["body"] == ""


def test_redirects_are_followed_on_demand(server: str) -> None:
    assert get(f"{server}/moved")["status_code"] == 302
    assert get(f"{server}/moved", enable_redirect=True)["status_code"] == 200
    with pytest.raises(BuiltinError, match="too many redirects"):
        get(f"{server}/loop", enable_redirect=True)


def test_options_for_caches_have_no_effect(server: str) -> None:
    assert get(f"{server}/json", cache=True, force_cache=True, force_cache_duration_seconds=9)["status_code"] == 200


@pytest.mark.parametrize("timeout", ["50ms", 50_000_000, "50000000"])
def test_a_server_that_does_not_answer_is_given_up(server: str, timeout: Any) -> None:
    with pytest.raises(BuiltinError, match=r"GET http://.*/slow: .*[Rr]ead timed out"):
        get(f"{server}/slow", timeout=timeout)


def test_a_reply_that_is_too_long_is_not_read_to_its_end(server: str) -> None:
    with pytest.raises(BuiltinError, match="the response is longer than 10485760 bytes"):
        get(f"{server}/long")


def test_a_failure_is_a_response_when_that_is_wanted() -> None:
    response = get("http://127.0.0.1:1/", raise_error=False)
    assert response["status_code"] == 0
    assert response["error"]["code"] == NETWORK
    assert "refused" in response["error"]["message"]
    assert get("http://127.0.0.1:1/", raise_error=False, bogus=1)["error"] == {
        "code": INTERNAL,
        "message": 'operand 1 invalid request parameters(s): {"bogus"}',
    }


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"url": "http://x"}, 'operand 1 missing required request parameters(s): {"method"}'),
        ({}, 'operand 1 missing required request parameters(s): {"method", "url"}'),
        (RegoObject({1: (1, 2)}), 'operand 1 invalid request parameters(s): {"1"}'),
        ({"method": "get", "url": 5}, '"url" must be a string'),
        ({"method": "get", "url": "http://x", "raw_body": {}}, '"raw_body" must be a string'),
        ({"method": "get", "url": "http://x", "enable_redirect": "yes"}, '"enable_redirect" must be a boolean'),
        ({"method": "get", "url": "http://x", "headers": []}, "invalid type for headers key"),
        ({"method": "get", "url": "http://x", "timeout": "5 weeks"}, "invalid timeout value '5 weeks'"),
        ({"method": "get", "url": "http://x", "timeout": None}, "'timeout' must be one of {string, number}"),
        ({"method": "get", "url": "http://x", "tls_ca_cert_file": "/etc/passwd"}, "invalid request parameters"),
    ],
)
def test_what_is_no_request_is_refused(request_: Any, text: str) -> None:
    with pytest.raises(BuiltinError) as caught:
        http_send(request_)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    "more",
    [
        {"url": "file:///etc/passwd"},
        {"url": "not a url"},
        {"url": "http://127.0.0.1:1", "method": "GET\r\nX: y"},
        {"url": "http://127.0.0.1:1", "headers": {"X": "a\r\nY: b"}},
        {"url": "http://127.0.0.1:1", "timeout": "-1s"},
        {"url": "https://127.0.0.1:1", "tls_ca_cert": "no certificate"},
        {"url": "https://127.0.0.1:1", "tls_insecure_skip_verify": True, "tls_server_name": "x"},
    ],
)
def test_a_request_that_cannot_be_sent_is_an_error(more: dict[str, Any]) -> None:
    with pytest.raises(BuiltinError):
        http_send({"method": "get", **more})
