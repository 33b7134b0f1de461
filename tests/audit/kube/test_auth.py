"""Where credentials come from, and how requests travel."""

from __future__ import annotations

import base64
import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.errors import ConfigError, Unreachable
from audit.kube.auth import Access, connect
from audit.kube.client import NOT_SENT
from audit.kube.connection import NO_TOKEN, TokenFile
from audit.kube.request import Request, read


def kubeconfig(path: Path, server: str, user: dict[str, Any] | None = None, **changes: Any) -> str:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user or {}}],
        **changes,
    }
    path.write_text(yaml.safe_dump(config))
    return str(path)


def error(access: Access) -> str:
    with pytest.raises(ConfigError) as caught:
        connect(access)
    return str(caught.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config"


def test_a_request_arrives_as_it_was_built(path, canned):
    connection = connect(Access(kubeconfig(path, canned.url, {"token": "abc"}), environ={}))
    request = Request("PATCH", "/apis/a/v1/x%20y", (("force", "true"),), b'{"a":1}', "application/merge-patch+json")
    assert connection.exchange(request).body == b"{}"
    (asked,) = canned.asked
    assert (asked.command, asked.path, asked.body) == ("PATCH", "/apis/a/v1/x%20y?force=true", b'{"a":1}')
    assert asked.headers["Content-Type"] == "application/merge-patch+json"
    assert asked.headers["Authorization"] == "Bearer abc"
    assert asked.headers["User-Agent"].startswith("kube-patrol/")
    connection.close()


def test_any_status_is_a_reply_and_redirects_are_not_followed(path, canned, write):
    canned.answer = lambda handler: write(handler, 302, b"away", Location="/elsewhere")
    reply = connect(Access(kubeconfig(path, canned.url), environ={})).exchange(read("/version"))
    assert (reply.status, reply.body, reply.headers["location"]) == (302, b"away", "/elsewhere")
    assert len(canned.asked) == 1


def test_a_body_that_is_cut_is_unreachable(path, canned, write):
    def cut(handler):
        handler.close_connection = True
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{")

    canned.answer = cut
    with pytest.raises(Unreachable, match=r"^GET /version: the connection to http://127.* was cut: ") as caught:
        connect(Access(kubeconfig(path, canned.url), environ={})).exchange(read("/version"))
    assert caught.value.reason == "Cut"


def test_a_silent_server_times_out(path):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = f"http://127.0.0.1:{silent.getsockname()[1]}"
        connection = connect(Access(kubeconfig(path, server), environ={}, read_timeout=0.05))
        with pytest.raises(Unreachable, match=r"^GET /version: no reply from http://127.* in time") as caught:
            connection.exchange(read("/version"))
    assert caught.value.reason == "Timeout"


def test_a_refused_connection_says_that_nothing_was_sent(path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        server = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(Unreachable, match=r"^GET /version: no connection to http://127") as caught:
        connect(Access(kubeconfig(path, server), environ={})).exchange(read("/version"))
    assert caught.value.reason == NOT_SENT


def test_a_kubeconfig_that_does_not_exist(path):
    assert error(Access(str(path), environ={})) == f"kubeconfig {path}: does not exist"


def test_a_kubeconfig_that_is_a_folder(tmp_path):
    assert error(Access(str(tmp_path), environ={})) == f"kubeconfig {tmp_path}: is not a file"


def test_a_kubeconfig_that_is_not_yaml(path):
    path.write_text("a: [1")
    assert error(Access(str(path), environ={})).startswith(f"kubeconfig {path}: not valid YAML: while parsing")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not a kubeconfig: it is not a mapping"),
        ("just words", "not a kubeconfig: it is not a mapping"),
        ("- 1", "not a kubeconfig: it is not a mapping"),
        ("kind: Config", "no current context: current-context is not set"),
        ("current-context: ''", "no current context: current-context is not set"),
        ("current-context: x", "there is no 'x' in contexts"),
        ("{current-context: x, contexts: 7}", "'int' object is not iterable"),
        ("{current-context: x, contexts: [{context: {}}]}", "Expected all values in"),
        ("{current-context: x, contexts: [{name: x}]}", "Expected key context in"),
        ("{current-context: x, contexts: [{name: x, context: {cluster: c}}]}", "there is no 'c' in clusters"),
    ],
)
def test_a_kubeconfig_of_the_wrong_shape_is_named_with_its_problem(text, problem, path):
    path.write_text(text)
    message = error(Access(str(path), environ={}))
    assert message.startswith(f"kubeconfig {path}: ")
    assert problem in message


def test_a_kubeconfig_that_may_not_be_read(path):
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    kubeconfig(Path(path), "http://x")
    path.chmod(0)
    assert error(Access(str(path), environ={})) == f"kubeconfig {path}: Permission denied: {path}"


def test_a_context_that_is_not_there(path):
    name = kubeconfig(path, "http://x")
    assert error(Access(name, context="there", environ={})) == f"kubeconfig {path}: there is no 'there' in contexts"


def test_a_user_that_is_not_there(path):
    name = kubeconfig(path, "http://x", users=[])
    assert error(Access(name, environ={})) == f"kubeconfig {path}: there is no 'u' in users"


def test_a_server_that_is_not_a_url(path):
    name = kubeconfig(path, "example.org")
    message = f"kubeconfig {path}: cluster 'c': server 'example.org' is not a http or https URL"
    assert error(Access(name, environ={})) == message


def test_a_certificate_that_is_not_base64(path):
    name = kubeconfig(path, "https://x", {"client-certificate-data": "&&&", "client-key-data": "x"})
    assert error(Access(name, environ={})).startswith(f"kubeconfig {path}: ")


def test_a_client_certificate_file_that_is_missing(path, tmp_path):
    name = kubeconfig(path, "https://x", {"client-certificate": "no.crt", "client-key": "no.key"})
    assert error(Access(name, environ={})) == f"kubeconfig {path}: File does not exist: {tmp_path / 'no.crt'}"


def test_an_exec_plugin_that_gives_nothing(path):
    plugin = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", "interactiveMode": "Never"}}
    message = f"kubeconfig {path}: the exec plugin 'false' gave no credentials"
    assert error(Access(kubeconfig(path, "http://x", plugin), environ={})) == message


def test_the_token_of_an_exec_plugin_is_sent(path, tmp_path, canned):
    script = tmp_path / "plugin"
    script.write_text(
        '#!/bin/sh\necho \'{"apiVersion":"client.authentication.k8s.io/v1",'
        '"kind":"ExecCredential","status":{"token":"from-plugin"}}\'\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script)}}
    connect(Access(kubeconfig(path, canned.url, user), environ={})).exchange(read("/version"))
    assert canned.asked[0].headers["Authorization"] == "Bearer from-plugin"


def test_no_cluster_at_all_says_what_was_tried(tmp_path):
    message = error(Access(environ={"HOME": str(tmp_path)}))
    assert message == (
        f"no cluster: --kubeconfig and KUBECONFIG are empty, {tmp_path}/.kube/config does not exist, "
        "and KUBERNETES_SERVICE_HOST is not set as it would be in a pod"
    )


def test_the_environment_names_several_files_and_missing_ones_are_passed_over(tmp_path, canned):
    first = kubeconfig(tmp_path / "a", "http://not-this", users=[], clusters=[], contexts=[])
    second = kubeconfig(tmp_path / "b", canned.url)
    environ = {"KUBECONFIG": os.pathsep.join([str(tmp_path / "missing"), first, second])}
    assert connect(Access(environ=environ)).server == canned.url


def test_an_environment_that_names_only_missing_files(tmp_path):
    environ = {"KUBECONFIG": str(tmp_path / "no")}
    assert error(Access(environ=environ)) == f"kubeconfig (from KUBECONFIG) {tmp_path / 'no'}: does not exist"


def test_the_home_folder_is_the_last_resort(tmp_path, canned):
    (tmp_path / ".kube").mkdir()
    kubeconfig(tmp_path / ".kube" / "config", canned.url)
    assert connect(Access(environ={"HOME": str(tmp_path)})).server == canned.url


def test_user_and_password_are_sent(path, canned):
    name = kubeconfig(path, canned.url, {"username": "me", "password": "pw"})
    connect(Access(name, environ={})).exchange(read("/version"))
    assert canned.asked[0].headers["Authorization"] == "Basic " + base64.b64encode(b"me:pw").decode()


def test_a_token_file_is_read_again_each_minute(tmp_path):
    now = [0.0]
    file = tmp_path / "token"
    file.write_text("one\n")
    token = TokenFile(file, lambda: now[0])
    assert token.token() == "one"
    file.write_text("two\n")
    now[0] = 59.0
    assert token.token() == "one"
    now[0] = 60.0
    assert token.token() == "two"


def test_a_relative_token_file_of_a_kubeconfig_is_read_again_after_401(path, tmp_path, canned, write):
    (tmp_path / "token").write_text("old")
    connection = connect(Access(kubeconfig(path, canned.url, {"tokenFile": "token"}), environ={}))
    connection.exchange(read("/version"))
    (tmp_path / "token").write_text("new")
    canned.answer = lambda handler: write(
        handler, 200 if handler.headers["Authorization"] == "Bearer new" else 401, b"{}"
    )
    assert connection.exchange(read("/version")).status == 200
    assert [asked.headers["Authorization"] for asked in canned.asked] == ["Bearer old", "Bearer old", "Bearer new"]


def test_an_unchanged_token_is_not_sent_twice_after_401(path, tmp_path, canned, write):
    (tmp_path / "token").write_text("old")
    connection = connect(Access(kubeconfig(path, canned.url, {"tokenFile": "token"}), environ={}))
    canned.answer = lambda handler: write(handler, 401, b"{}")
    assert connection.exchange(read("/version")).status == 401
    assert len(canned.asked) == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "the file is empty", id="empty"),
        pytest.param(b"\xff\xfe", "'ascii' codec", id="not text"),
        pytest.param(None, "No such file or directory", id="missing"),
    ],
)
def test_a_token_file_that_cannot_be_used_is_named(content, problem, tmp_path):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unreachable) as caught:
        TokenFile(file, lambda: 0.0).token()
    assert str(caught.value).startswith(f"token file {file}: {problem}")
    assert caught.value.reason == NO_TOKEN


def test_a_token_with_a_line_break_inside_is_not_sent_and_not_shown(path, canned):
    connection = connect(Access(kubeconfig(path, canned.url, {"token": "secret\nX-Evil: 1"}), environ={}))
    with pytest.raises(Unreachable) as caught:
        connection.exchange(read("/version"))
    assert "secret" not in str(caught.value)
    assert canned.asked == []


def pod(tmp_path: Path) -> Access:
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    return Access(environ=environ, service_account=str(tmp_path))


def test_in_a_pod_the_service_account_is_used(tmp_path):
    (tmp_path / "token").write_text("abc")
    (tmp_path / "ca.crt").write_text("pem")
    assert connect(pod(tmp_path)).server == "https://10.0.0.1:443"


def test_a_pod_without_a_token_says_where_it_was_sought(tmp_path):
    assert error(pod(tmp_path)) == f"service account {tmp_path}: Service token file does not exist."
