"""Finds the API server and the credentials for it, by the kubernetes package.

The package is imported inside the functions that need it: it takes a second, and `patrol test` has no cluster.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from audit.errors import ConfigError
from audit.kube.causes import one_line, why
from audit.kube.connection import Bounds, Connection, TokenFile
from constraints.dataclass import dataclass

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
# What the kubernetes package raises for a kubeconfig of an unexpected shape, besides its own ConfigException.
_SHAPE_ERRORS = (AttributeError, KeyError, OSError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Access:
    """Which cluster, and how to talk to it.

    `kubeconfig` is a path, empty for what the environment says: KUBECONFIG, then the service account of the pod, then
    `~/.kube/config`. `context` is empty for the current one. Time-outs are in seconds; a reply may take longer than
    `read_timeout` in all, but no pause in it may. No reply may have more than `largest_reply` bytes (0 = no bound).
    `connections` are kept open for as many threads.
    """

    kubeconfig: str = ""
    context: str = ""
    connect_timeout: float = 10.0
    read_timeout: float = 90.0
    largest_reply: int = 0
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
    bounds = Bounds(access.connect_timeout, access.read_timeout, access.largest_reply, access.elapsed)
    return Connection(configuration, token, bounds)


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
        raise ConfigError(f"{where}: not valid YAML: {one_line(error)}") from error
    except (ConfigException, *_SHAPE_ERRORS) as error:
        raise ConfigError(f"{where}: {why(error)}") from error
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
        raise ConfigError(f"service account {access.service_account}: {why(error)}") from error
    return configuration, TokenFile(token, access.elapsed)


def _existing(path: str, what: str) -> str:
    expanded = Path(path).expanduser()
    if not expanded.is_file():
        problem = "is not a file" if expanded.exists() else "does not exist"
        raise ConfigError(f"{what} {path}: {problem}")
    return str(expanded)
