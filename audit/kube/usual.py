"""The usual ways to an API server: one kubeconfig with a token or a certificate, or a service account.

They need no kubernetes package, whose import takes longer than a small audit. Whatever is unusual (plugins, providers,
passwords, proxies, several files), and whatever is wrong, is left to the package: None says so.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any, Final

from audit.kube.connection import ApiServer, TokenFile
from constraints.model import Json

_OF_CLUSTERS: Final = frozenset(
    (
        *("server", "certificate-authority", "certificate-authority-data"),
        *("insecure-skip-tls-verify", "tls-server-name", "extensions"),
    )
)
_OF_USERS: Final = frozenset(
    (
        *("token", "tokenFile", "client-certificate", "client-certificate-data"),
        *("client-key", "client-key-data", "extensions"),
    )
)
_TRUTHS: Final = {"insecure-skip-tls-verify": bool}
_KEEP_ALIVE: Final = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 9))  # as client-go asks for


@dataclass(frozen=True, slots=True)
class Pool:
    """How many connections are kept open, and the clock of token files, in seconds."""

    connections: int
    elapsed: Callable[[], float]


def of_kubeconfig(path: str, context: str, pool: Pool) -> ApiServer | None:
    """The API server of a context of one kubeconfig, of the current one where `context` is empty."""
    chosen = None if _has_proxies() else _chosen(path, context)
    if chosen is None:
        return None
    cluster, user = chosen
    folder, secure = Path(path).absolute().parent, cluster["server"].startswith("https")
    files = _Files(folder)
    try:
        named = {
            "ca_certs": files.named(cluster, "certificate-authority") if secure else None,
            "cert_file": files.named(user, "client-certificate") if secure else None,
            "key_file": files.named(user, "client-key") if secure else None,
        }
    except ValueError:
        return None
    verified = not cluster.get("insecure-skip-tls-verify", False)
    more = {"server_hostname": name} if (name := cluster.get("tls-server-name")) else {}
    token = TokenFile(folder / user["tokenFile"], pool.elapsed) if user.get("tokenFile") else None
    bearer = f"Bearer {user['token']}" if user.get("token") else ""
    made = _pool(pool, verified, **named, **more)
    return ApiServer(cluster["server"].rstrip("/"), made, lambda: bearer, token, verified)


def of_service_account(folder: str, environ: Mapping[str, str], pool: Pool) -> ApiServer | None:
    """The API server of the cluster that this Pod is in."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "")
    token, authority = Path(folder, "token"), Path(folder, "ca.crt")
    if not (host and port and _has_content(token) and _has_content(authority)) or _has_proxies():
        return None
    bracketed = f"[{host}]" if ":" in host or "%" in host else host
    made = _pool(pool, verified=True, ca_certs=str(authority))
    return ApiServer(f"https://{bracketed}:{port}", made, str, TokenFile(token, pool.elapsed))


class _Files:
    """The files that TLS reads; what is in a kubeconfig itself is written into a folder that goes with this process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._own = ""

    def named(self, part: Mapping[str, Json], field: str) -> str | None:
        """The file of a field, None where there is none. Raises ValueError for what is no file or no base64."""
        data, name = part.get(f"{field}-data"), part.get(field)
        if data and name:
            raise ValueError(field)
        if data:
            return self._written(field, b64decode("".join(data.split()), validate=True))
        if not name:
            return None
        path: str = os.path.normpath(self._folder / name)
        if not Path(path).is_file():
            raise ValueError(field)
        return path

    def _written(self, name: str, content: bytes) -> str:
        if not self._own:
            self._own = mkdtemp(prefix="kube-patrol-")  # for this user alone
            atexit.register(rmtree, self._own, ignore_errors=True)
        path = Path(self._own, name)
        path.write_bytes(content)
        return str(path)


def _chosen(path: str, context: str) -> tuple[Mapping[str, Json], Mapping[str, Json]] | None:
    """The parts of a kubeconfig that count, where they have nothing but what is known here."""
    import yaml

    try:
        config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        chosen = _entry(config["contexts"], context or config["current-context"], "context")
        cluster = _entry(config["clusters"], chosen["cluster"], "cluster")
        user = _entry(config["users"], chosen["user"], "user") if chosen.get("user") else {}
    except (AttributeError, KeyError, OSError, TypeError, ValueError, yaml.YAMLError):
        return None
    known = (
        _is_known(cluster, _OF_CLUSTERS) and _is_known(user, _OF_USERS) and not (user.keys() >= {"token", "tokenFile"})
    )
    is_url = str(cluster.get("server")).startswith(("https://", "http://"))
    return (cluster, user) if known and is_url else None


def _entry(entries: Sequence[Mapping[str, Json]], name: Json, part: str) -> Mapping[str, Json]:
    """The only entry of that name. Raises what a wrong shape makes Python raise."""
    (found,) = [entry[part] for entry in entries if entry["name"] == name and isinstance(name, str)]
    if not isinstance(found, dict):
        raise TypeError(part)
    return found


def _is_known(part: Mapping[str, Json], fields: frozenset[str]) -> bool:
    return part.keys() <= fields and all(
        name == "extensions" or isinstance(value, _TRUTHS.get(name, str)) for name, value in part.items()
    )


def _has_content(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 0
    except OSError:
        return False


def _has_proxies() -> bool:
    """Whether a proxy may have to be asked: some systems know of one elsewhere."""
    return sys.platform != "linux" or any(
        value and name.lower().endswith("_proxy") for name, value in os.environ.items()
    )


def _pool(pool: Pool, verified: bool, **more: Any) -> Any:
    """As the package makes it, without redirects and repetitions, and with keep-alive."""
    from urllib3 import PoolManager
    from urllib3.connection import HTTPConnection

    options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    options += [(socket.IPPROTO_TCP, getattr(socket, name), value) for name, value in _KEEP_ALIVE]
    needed = "CERT_REQUIRED" if verified else "CERT_NONE"
    return PoolManager(cert_reqs=needed, retries=False, socket_options=options, maxsize=pool.connections, **more)
