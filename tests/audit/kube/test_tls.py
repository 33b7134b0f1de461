"""Certificates are checked, in both directions, unless the kubeconfig says otherwise."""

from __future__ import annotations

import base64
import ssl
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from certificates import self_signed

from audit.errors import Unreachable
from audit.kube.auth import Access, connect
from audit.kube.client import UNTRUSTED
from audit.kube.request import read

pytestmark = pytest.mark.program("openssl")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def secure(canned, pair):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair)
    context.load_verify_locations(pair[0])
    canned.socket = context.wrap_socket(canned.socket, server_side=True)
    return canned, context


@pytest.fixture
def connecting(secure, tmp_path):
    """A connection to the server with a cluster and a user of these fields."""

    def connected(cluster, user):
        path = tmp_path / "config"
        server = secure[0].url.replace("http://", "https://")
        config = {
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": server, **cluster}}],
            "users": [{"name": "u", "user": user}],
        }
        path.write_text(yaml.safe_dump(config))
        return connect(Access(str(path), environ={}, read_timeout=5))

    return connected


@pytest.fixture
def reach(connecting):
    """Ask the server with a cluster and a user of these fields."""
    return lambda cluster, user: connecting(cluster, user).exchange(read("/version")).status


def encoded(path):
    return base64.b64encode(path.read_bytes()).decode()


def test_a_certificate_of_the_named_authority_is_trusted(reach, pair):
    assert reach({"certificate-authority": str(pair[0])}, {}) == 200
    assert reach({"certificate-authority-data": encoded(pair[0])}, {}) == 200


def test_an_unknown_certificate_is_not(reach):
    with pytest.raises(Unreachable, match=r"^GET /version: https://127.* has no trusted certificate: ") as caught:
        reach({}, {"token": "secret"})
    assert caught.value.reason == UNTRUSTED


def test_a_certificate_for_another_name_is_not(reach, pair):
    with pytest.raises(Unreachable) as caught:
        reach({"certificate-authority": str(pair[0]), "tls-server-name": "elsewhere.example"}, {})
    assert caught.value.reason == UNTRUSTED


def test_it_is_not_checked_when_the_kubeconfig_says_so_which_is_logged(reach, caplog):
    assert reach({"insecure-skip-tls-verify": True}, {}) == 200
    assert "says not to verify the certificate of https://127" in caplog.text


def test_a_client_certificate_is_shown(reach, secure, pair):
    secure[1].verify_mode = ssl.CERT_REQUIRED
    authority = {"certificate-authority": str(pair[0])}
    files = {"client-certificate": str(pair[0]), "client-key": str(pair[1])}
    data = {"client-certificate-data": encoded(pair[0]), "client-key-data": encoded(pair[1])}
    assert reach(authority, files) == 200
    assert reach(authority, data) == 200


def test_a_connection_is_kept_for_whichever_thread_asks_next(connecting, secure, pair, write):
    server, ports = secure[0], set()
    server.answer = lambda handler: (ports.add(handler.client_address), write(handler, 200, b"{}"))
    connection = connecting({"certificate-authority": str(pair[0])}, {})
    for _ in range(3):
        with ThreadPoolExecutor(1) as threads:
            assert threads.submit(connection.exchange, read("/version")).result().status == 200
    assert len(ports) == 1
