"""What is read without the kubernetes package is what the package reads."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.kube.auth import Access, kubeconfig_paths, packaged, usual
from audit.kube.connection import ApiServer

PEM = b"-----BEGIN CERTIFICATE-----\n"
DATA = base64.b64encode(PEM).decode()


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ca.crt", "tls.crt", "tls.key"):
        (tmp_path / name).write_bytes(PEM + name.encode())
    (tmp_path / "token").write_text("from-file")
    return tmp_path


def access(folder: Path, user: dict[str, Any], cluster: dict[str, Any], **changes: Any) -> Access:
    config = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1:6443/", **cluster}}],
        "users": [{"name": "u", "user": user}],
        **changes,
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(config))
    return Access(str(path), environ={})


def told(server: ApiServer | None) -> dict[str, Any]:
    """All that counts in what proves who asks; files by what is in them."""
    assert server is not None
    pool = dict(server.pool.connection_pool_kw)
    files = {name: pool.pop(name, None) for name in ("ca_certs", "cert_file", "key_file")}
    return {
        "url": server.url,
        "header": server.token.token() if server.token else server.authorization(),
        "verified": server.verified,
        **{name: path and Path(path).read_bytes() for name, path in files.items()},
        "required": pool.pop("cert_reqs") in ("CERT_REQUIRED", 2),
        **{name: repr(value) for name, value in pool.items() if value is not None},
    }


@pytest.mark.parametrize(
    ("user", "cluster"),
    [
        pytest.param({}, {}, id="nothing but a server"),
        pytest.param({"token": "abc"}, {"server": "http://10.0.0.1:8080"}, id="a token"),
        pytest.param({"tokenFile": "token"}, {"certificate-authority": "ca.crt"}, id="a file with a token"),
        pytest.param({"token": "abc"}, {"certificate-authority-data": DATA}, id="an authority in the file itself"),
        pytest.param({"client-certificate": "tls.crt", "client-key": "tls.key"}, {}, id="files of a certificate"),
        pytest.param(
            {"client-certificate-data": DATA, "client-key-data": DATA, "token": "abc"},
            {"certificate-authority": "ca.crt", "tls-server-name": "kubernetes"},
            id="a certificate and a token for a server of another name",
        ),
        pytest.param({"token": "abc"}, {"insecure-skip-tls-verify": True}, id="a server that need not prove itself"),
        pytest.param(
            {"client-certificate": "tls.crt", "client-key": "tls.key"},
            {"server": "http://10.0.0.1", "certificate-authority": "ca.crt"},
            id="certificates that plain HTTP has no use for",
        ),
    ],
)
def test_a_usual_kubeconfig_says_the_same(folder: Path, user: dict[str, Any], cluster: dict[str, Any]) -> None:
    named = access(folder, user, cluster)
    paths = kubeconfig_paths(named)
    assert told(usual(named, paths)) == told(packaged(named, paths))


@pytest.mark.parametrize(
    "environ",
    [
        {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"},
        {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"},
    ],
)
def test_a_service_account_says_the_same(folder: Path, environ: dict[str, str]) -> None:
    named = Access(environ=environ, service_account=str(folder))
    assert told(usual(named, [])) == told(packaged(named, []))


@pytest.mark.parametrize(
    ("user", "cluster", "changes"),
    [
        pytest.param({"exec": {"command": "true"}}, {}, {}, id="a plugin"),
        pytest.param({"auth-provider": {"name": "oidc"}}, {}, {}, id="a provider"),
        pytest.param({"username": "me", "password": "pw"}, {}, {}, id="a password"),
        pytest.param({"token": "a", "tokenFile": "token"}, {}, {}, id="two tokens"),
        pytest.param({"token": 7}, {}, {}, id="a token that is no text"),
        pytest.param({"client-certificate": "no.crt"}, {}, {}, id="a missing file"),
        pytest.param({"client-certificate": "tls.crt", "client-certificate-data": DATA}, {}, {}, id="two certificates"),
        pytest.param({"client-key-data": "&&&"}, {}, {}, id="no base64"),
        pytest.param({}, {"proxy-url": "http://proxy"}, {}, id="a proxy"),
        pytest.param({}, {"server": "example.org"}, {}, id="a server that is no URL"),
        pytest.param({}, {"insecure-skip-tls-verify": "yes"}, {}, id="no truth"),
        pytest.param({}, {}, {"users": []}, id="no user of that name"),
        pytest.param({}, {}, {"clusters": 7}, id="clusters that are no list"),
        pytest.param({}, {}, {"current-context": ""}, id="no context"),
        pytest.param({}, {}, {"contexts": [{"name": "here", "context": {"cluster": "c"}}] * 2}, id="a context twice"),
    ],
)
def test_whatever_is_unusual_or_wrong_is_left_to_the_package(
    folder: Path, user: dict[str, Any], cluster: dict[str, Any], changes: dict[str, Any]
) -> None:
    named = access(folder, user, cluster, **changes)
    assert usual(named, kubeconfig_paths(named)) is None


def test_several_files_and_proxies_are_left_to_the_package(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = access(folder, {"token": "abc"}, {})
    pod = Access(environ={"KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "1"}, service_account=str(folder))
    assert usual(named, [named.kubeconfig, named.kubeconfig]) is None
    monkeypatch.setenv("https_proxy", "http://proxy")
    assert usual(named, [named.kubeconfig]) is None
    assert usual(pod, []) is None


def test_a_usual_kubeconfig_needs_no_kubernetes_package(folder: Path) -> None:
    named = access(folder, {"token": "abc"}, {"certificate-authority": "ca.crt"})
    code = (
        "import sys; from audit.kube.auth import Access, connect; "
        f"connect(Access({named.kubeconfig!r}, environ={{}})); print('kubernetes' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_is_in_a_kubeconfig_is_for_this_user_alone(folder: Path) -> None:
    named = access(folder, {"client-key-data": DATA, "client-certificate-data": DATA}, {})
    server = usual(named, [named.kubeconfig])
    assert server is not None
    written = Path(server.pool.connection_pool_kw["key_file"])
    assert (written.parent.stat().st_mode & 0o777, written.read_bytes()) == (0o700, PEM)
