"""Finds the API server and the credentials for it, by the kubernetes package, and carries requests there.

The package is imported inside the functions that need it: it takes a second, and `patrol test` has no cluster.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from threading import Lock
from typing import Any

from audit.errors import ConfigError, Unreachable
from audit.kube.client import NOT_SENT, UNTRUSTED
from audit.kube.request import Reply, Request

LOG = logging.getLogger(__name__)

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
NO_TOKEN = "NoToken"
"""The `reason` of an Unreachable for which the credentials could not be read."""

_TOKEN_AGE = 60.0
# What the kubernetes package raises for a kubeconfig of an unexpected shape, besides its own ConfigException.
_SHAPE_ERRORS = (AttributeError, KeyError, OSError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Access:
    """Which cluster, and how to talk to it.

    `kubeconfig` is a path, empty for what the environment says: KUBECONFIG, then the service account of the pod, then
    `~/.kube/config`. `context` is empty for the current one. Time-outs are in seconds; a reply may take longer than
    `read_timeout` in all, but no pause in it may. `connections` are kept open for as many threads.
    """

    kubeconfig: str = ""
    context: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 90.0
    connections: int = 8
    service_account: str = SERVICE_ACCOUNT
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    elapsed: Callable[[], float] = time.monotonic


def connect(access: Access) -> Connection:
    """A connection to the cluster that `access` names. Raises ConfigError that names the path and the problem."""
    paths = kubeconfig_paths(access)
    configuration, token = _from_files(access, paths) if paths else _in_cluster(access)
    configuration.connection_pool_maxsize = access.connections
    configuration.retries = False  # the client repeats requests itself, and a redirect would carry the token away
    configuration.keep_alive = True
    return Connection(configuration, token, access)


def kubeconfig_paths(access: Access) -> list[str]:
    """The kubeconfig files to read, in order; none means the service account. Raises ConfigError."""
    if access.kubeconfig:
        return [_existing(access.kubeconfig, "kubeconfig")]
    if named := [path for path in access.environ.get("KUBECONFIG", "").split(os.pathsep) if path]:
        found = [path for path in named if Path(path).expanduser().exists()]
        return found or [_existing(named[0], "kubeconfig (from KUBECONFIG)")]
    if access.environ.get("KUBERNETES_SERVICE_HOST"):
        return []
    home = Path(access.environ.get("HOME", "~"), ".kube", "config").expanduser()
    if home.exists():
        return [str(home)]
    raise ConfigError(
        f"no cluster: --kubeconfig and KUBECONFIG are empty, {home} does not exist, "
        "and KUBERNETES_SERVICE_HOST is not set as it would be in a pod"
    )


class TokenFile:
    """A bearer token in a file that somebody else renews, as kubelet does; read again each minute.

    `elapsed` is a monotonic clock in seconds.
    """

    def __init__(self, path: Path, elapsed: Callable[[], float]) -> None:
        self._path = path
        self._elapsed = elapsed
        self._token = ""
        self._read_at = 0.0

    def token(self) -> str:
        """The token. Raises Unreachable when the file cannot be read or is empty."""
        if not self._token or self._elapsed() - self._read_at >= _TOKEN_AGE:
            self.renew()
        return self._token

    def renew(self) -> bool:
        """Read the file now; true when the token is another one. Raises Unreachable as above."""
        try:
            fresh = self._path.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Unreachable(f"token file {self._path}: {_why(error)}", reason=NO_TOKEN) from error
        if not fresh:
            raise Unreachable(f"token file {self._path}: the file is empty", reason=NO_TOKEN)
        changed = fresh != self._token
        self._token, self._read_at = fresh, self._elapsed()
        return changed


class Connection:
    """Carries requests to one API server over a pool of connections; a Transport of the client.

    `configuration` is a kubernetes.client.Configuration. Bodies stay bytes in both directions.
    """

    def __init__(self, configuration: Any, token: TokenFile | None, access: Access) -> None:
        from kubernetes.client.rest import RESTClientObject

        self._configuration = configuration
        self._token = token
        self._access = access
        self._pool = RESTClientObject(configuration).pool_manager
        self._lock = Lock()
        self._agent = f"kube-patrol/{_version()}"
        if not configuration.verify_ssl:
            _say_unverified(configuration.host)

    @property
    def server(self) -> str:
        """The URL of the API server."""
        return str(self._configuration.host)

    def exchange(self, request: Request) -> Reply:
        """Send once, and once more where 401 is due to a token that has been renewed. Raises Unreachable."""
        reply = self._exchange(request)
        if reply.status == 401 and self._token and self._renewed(self._token):
            return self._exchange(request)
        return reply

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def _exchange(self, request: Request) -> Reply:
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        timeout = Timeout(
            connect=min(self._access.connect_timeout, request.timeout or self._access.connect_timeout),
            read=request.timeout or self._access.read_timeout,
        )
        headers = self._headers(request)
        try:
            response = self._pool.request(
                request.method, self.server + request.target, body=request.body, headers=headers, timeout=timeout
            )
        except HTTPError as error:
            raise _unreachable(request, self.server, error) from error
        return Reply(response.status, {key.lower(): value for key, value in response.headers.items()}, response.data)

    def _headers(self, request: Request) -> dict[str, str]:
        # Not compressed: within a cluster the bytes are cheap and packing them loads the API server.
        headers = {"Accept": request.accept, "User-Agent": self._agent, "Accept-Encoding": "identity"}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if authorization := self._authorization():
            headers["Authorization"] = authorization
        return headers

    def _authorization(self) -> str:
        with self._lock:
            if self._token:
                value = f"Bearer {self._token.token()}"
            else:  # runs the package's own refresh, e.g. of an exec plugin's token that has expired
                value = self._configuration.get_api_key_with_prefix("BearerToken", alias="authorization") or ""
        if not (value.strip().isascii() and value.strip().isprintable()):
            raise Unreachable(f"the token for {self.server} has characters that no header can carry", reason=NO_TOKEN)
        return value.strip()

    def _renewed(self, token: TokenFile) -> bool:
        with self._lock:
            return token.renew()


def _from_files(access: Access, paths: list[str]) -> tuple[Any, TokenFile | None]:
    from kubernetes.client import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger
    from yaml import YAMLError

    where = f"kubeconfig {os.pathsep.join(paths)}"
    configuration = Configuration()
    try:
        _check_shape(paths)
        merged = KubeConfigMerger(os.pathsep.join(paths)).config
        user = _check(merged, access.context, where)
        KubeConfigLoader(merged, active_context=access.context or None, config_base_path=None).load_and_set(
            configuration
        )
    except YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML: {_one_line(error)}") from error
    except (ConfigException, *_SHAPE_ERRORS) as error:
        raise ConfigError(f"{where}: {_why(error)}") from error
    _check_plugin(user, configuration, where)
    return configuration, _token_file(user, access)


def _check_shape(paths: list[str]) -> None:
    import yaml

    for path in paths:
        if not isinstance(yaml.safe_load(Path(path).read_text(encoding="utf-8")), dict):
            raise ConfigError(f"kubeconfig {path}: not a kubeconfig: it is not a mapping")


def _check(merged: Any, context: str, where: str) -> Any:
    """Refuse what the package would let pass or explain badly; gives the user's part, None where there is none."""
    name = context or merged.safe_get("current-context")
    if not name:
        raise ConfigError(f"{where}: no current context: current-context is not set")
    chosen = _entry(merged, "contexts", name, where)["context"]
    server = _entry(merged, "clusters", chosen["cluster"], where)["cluster"].safe_get("server")
    if not str(server).startswith(("https://", "http://")):
        raise ConfigError(f"{where}: cluster {chosen['cluster']!r}: server {server!r} is not a http or https URL")
    user = chosen.safe_get("user")
    return _entry(merged, "users", user, where)["user"] if user else None


def _entry(merged: Any, section: str, name: str, where: str) -> Any:
    entry = merged[section].get_with_name(name, safe=True)
    if entry is None:
        raise ConfigError(f"{where}: there is no {name!r} in {section}")
    return entry


def _check_plugin(user: Any, configuration: Any, where: str) -> None:
    """The package only logs when an exec plugin fails; every request would then be refused without a word why."""
    if user is None or "exec" not in user or "token" in user or "tokenFile" in user:
        return
    if not configuration.api_key and not configuration.cert_file:
        raise ConfigError(f"{where}: the exec plugin {user['exec'].safe_get('command')!r} gave no credentials")


def _token_file(user: Any, access: Access) -> TokenFile | None:
    """The package reads a tokenFile only once, so it is ours to read again."""
    if user is None or user.safe_get("token") or not user.safe_get("tokenFile"):
        return None
    return TokenFile(Path(user.path or "").parent / user["tokenFile"], access.elapsed)


def _in_cluster(access: Access) -> tuple[Any, TokenFile]:
    from kubernetes.client import Configuration
    from kubernetes.config.config_exception import ConfigException
    from kubernetes.config.incluster_config import InClusterConfigLoader

    token, authority = Path(access.service_account, "token"), Path(access.service_account, "ca.crt")
    configuration = Configuration()
    loader = InClusterConfigLoader(str(token), str(authority), try_refresh_token=False, environ=access.environ)
    try:
        loader.load_and_set(configuration)
    except (ConfigException, OSError) as error:
        raise ConfigError(f"service account {access.service_account}: {_why(error)}") from error
    return configuration, TokenFile(token, access.elapsed)


def _existing(path: str, what: str) -> str:
    expanded = Path(path).expanduser()
    if not expanded.is_file():
        problem = "is not a file" if expanded.exists() else "does not exist"
        raise ConfigError(f"{what} {path}: {problem}")
    return str(expanded)


def _unreachable(request: Request, server: str, error: Exception) -> Unreachable:
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError, ReadTimeoutError, SSLError

    if isinstance(error, ReadTimeoutError):
        return Unreachable(f"{request}: no reply from {server} in time: {_one_line(error)}", reason="Timeout")
    if isinstance(error, SSLError):
        return Unreachable(f"{request}: no TLS connection to {server}: {_one_line(error)}", reason=UNTRUSTED)
    if isinstance(error, ConnectTimeoutError | NewConnectionError | ProxyError):
        return Unreachable(f"{request}: no connection to {server}: {_one_line(error)}", reason=NOT_SENT)
    return Unreachable(f"{request}: the connection to {server} was cut: {_one_line(error)}", reason="Cut")


def _say_unverified(host: str) -> None:
    from urllib3 import disable_warnings
    from urllib3.exceptions import InsecureRequestWarning

    disable_warnings(InsecureRequestWarning)  # it would come with each request; this is said once
    LOG.warning("The kubeconfig says not to verify the certificate of %s", host)


def _why(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return _one_line(error) or type(error).__name__


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())


def _version() -> str:
    try:
        return version("kube-patrol")
    except PackageNotFoundError:
        return "dev"
