"""Errors of the libraries are told without their classes, numbers and addresses in memory."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from audit.errors import KubeError
from audit.kube.auth import Access, connect
from audit.kube.causes import why
from audit.kube.request import read


def asking(server: str, tmp_path: Path, **access: float) -> str:
    """What is said where `server` cannot be asked."""
    path = tmp_path / "kubeconfig"
    path.write_text(
        "{current-context: x, contexts: [{name: x, context: {cluster: x}}], users: [],"
        f" clusters: [{{name: x, cluster: {{server: {server!r}}}}}]}}"
    )
    connection = connect(Access(kubeconfig=str(path), **access))
    try:
        with pytest.raises(KubeError) as caught:
            connection.exchange(read("/api"))
    finally:
        connection.close()
    return str(caught.value)


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_a_connection_that_is_refused(free: int, tmp_path: Path) -> None:
    server = f"http://127.0.0.1:{free}"
    assert asking(server, tmp_path) == f"GET /api: no connection to {server}: Connection refused"


def test_a_host_that_has_no_address(tmp_path: Path) -> None:
    said = asking("http://nowhere.invalid:1", tmp_path)
    assert said.startswith("GET /api: no connection to http://nowhere.invalid:1: ")
    assert not any(word in said for word in ("Errno", "HTTPConnection", "Failed to resolve"))


def test_a_server_that_says_nothing(canned, tmp_path: Path) -> None:
    canned.answer = lambda handler: handler.connection.recv(1)
    said = asking(canned.url, tmp_path, read_timeout=0.1)
    assert said == f"GET /api: no reply from {canned.url} in time"


def test_a_server_that_hangs_up(canned, tmp_path: Path) -> None:
    canned.answer = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
    said = asking(canned.url, tmp_path)
    assert said == f"GET /api: the connection to {canned.url} was cut: Remote end closed connection without response"


def test_a_body_that_is_cut(canned, tmp_path: Path) -> None:
    def cut(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n12345")
        handler.connection.shutdown(socket.SHUT_RDWR)

    canned.answer = cut
    said = asking(canned.url, tmp_path)
    assert said == f"GET /api: the connection to {canned.url} was cut: 5 bytes of the body came, and not the others"


def test_a_server_without_tls(canned, tmp_path: Path) -> None:
    said = asking(canned.url.replace("http:", "https:"), tmp_path)
    assert said.endswith("was cut: wrong version number")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError(2, "No such file or directory", "/nope"), "No such file or directory: /nope"),
        (KeyError("server"), "'server' is missing"),
        (ValueError("two\n  lines"), "two lines"),
        (ValueError(), "no more is known"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1016)"), "wrong version number"),
    ],
)
def test_an_error_is_told_in_one_plain_line(error: Exception, said: str) -> None:
    assert why(error) == said
