"""The embedded cluster as its users see it: start it, fill it, ask it, stop it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import orjson
import yaml

from audit.embedded.access import Account, Rule
from audit.embedded.api import Api
from audit.embedded.app import application
from audit.embedded.events import shown
from audit.embedded.faults import Asked, Faults
from audit.embedded.refusals import Refusal
from audit.embedded.registry import Served
from audit.embedded.routing import Target
from audit.embedded.store import Entry
from audit.errors import AuditError, InputError
from audit.web.runner import Address, Runner, Site, listen
from constraints.model import Json, Kind, Object

_FIRST: Final = ("default", "kube-node-lease", "kube-public", "kube-system")
_ORDER: Final = {"Namespace": 0, "CustomResourceDefinition": 1}


class EmbeddedCluster:
    """A Kubernetes API server in this process, on a free port of the loopback interface.

    It is running inside a `with` block, or between `start` and `close`. `faults` are armed with `append`, `asked` is
    the log of requests, `accounts` maps bearer tokens to who may do what (empty: everybody may do everything) and
    `broken` holds API versions (`metrics.k8s.io/v1beta1`) whose backend is gone. `clock` gives Unix seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time, port: int = 0) -> None:
        self.faults = Faults()
        self.asked: list[Asked] = []
        self._clock = clock
        self._wanted_port = port
        self._api = self._new_api()
        self._runner: Runner | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Serve from now on; returns when requests are answered."""
        address = Address("127.0.0.1", self._wanted_port)
        try:
            listener = listen(address)
        except OSError as error:
            raise AuditError(f"the embedded cluster cannot listen on port {address.port}: {error}") from error
        self._port = listener.getsockname()[1]
        app = application(lambda: self._api, self.faults, self.asked)
        self._runner = Runner(Site(app, listener), name="embedded-cluster", patience=1)
        self._runner.start()

    def close(self) -> None:
        """Stop serving; watches end."""
        self._api.bell.close()
        if self._runner:
            self._runner.close()
        self._runner = None

    def reset(self) -> None:
        """Back to an empty cluster on the same port: no objects, no faults, no accounts, an empty log."""
        self._api.bell.close()
        self._api = self._new_api()
        self.faults.clear()
        self.asked.clear()

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def accounts(self) -> dict[str, Account]:
        """Who may do what, by bearer token."""
        return self._api.access.accounts

    @property
    def denied(self) -> list[Rule]:
        """What nobody may do."""
        return self._api.access.denied

    @property
    def broken(self) -> set[str]:
        """API versions whose backend is gone."""
        return self._api.broken

    @property
    def revision(self) -> int:
        """The resourceVersion of the last write."""
        return self._api.store.revision

    def kubeconfig(self, path: Path, token: str = "") -> Path:
        """Write a kubeconfig for this cluster to `path`, which comes back."""
        user = {"token": token} if token else {}
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "embedded", "cluster": {"server": self.url}}],
            "users": [{"name": "embedded", "user": user}],
            "contexts": [{"name": "embedded", "context": {"cluster": "embedded", "user": "embedded"}}],
            "current-context": "embedded",
        }
        path.write_text(yaml.safe_dump(content))
        return path

    def load(self, objects: Iterable[Object]) -> int:
        """Store objects as they are, with their status; returns how many.

        Namespaces and definitions go first, namespaces that nobody defines are created, objects of the same name are
        replaced. Raises InputError for an object whose kind is not served or that its schema does not allow.
        """
        count = 0
        for obj in sorted(objects, key=lambda one: _ORDER.get(one.get("kind", ""), 2)):
            self._load(obj)
            count += 1
        return count

    def get(self, kind: Kind | str, name: str, namespace: str = "") -> dict[str, Json] | None:
        """The object, None when there is none. A plain name of a kind is looked up in all groups."""
        served = self._served(kind)
        entry = self._api.store.get(served.storage, served.key(namespace, name))
        return _shown(served, entry) if entry else None

    def objects(self, kind: Kind | str, namespace: str = "") -> list[dict[str, Json]]:
        """All objects of a kind, in the order of their keys."""
        served = self._served(kind)
        snapshot = self._api.store.snapshot(served.storage)
        return [_shown(served, snapshot.entries[key]) for key in snapshot.between(*Target(served, namespace).span)]

    def delete(self, kind: Kind | str, name: str, namespace: str = "") -> None:
        """Delete the object; raises Refusal (404) when there is none."""
        self._api.writer.remover.delete(Target(self._served(kind), namespace, name), {})

    def expire(self) -> None:
        """Compact: all continue tokens and resourceVersions up to now are too old from here on."""
        self._api.store.compact(self._api.store.revision)

    def _new_api(self) -> Api:
        api = Api(self._clock)
        namespaces = api.registry.at("", "v1", "namespaces")
        if namespaces:
            for name in _FIRST:
                api.writer.load(namespaces, {"metadata": {"name": name}})
        return api

    def _served(self, kind: Kind | str) -> Served:
        registry = self._api.registry
        found = registry.named(kind) if isinstance(kind, str) else registry.of(kind)
        if found is None:
            raise InputError(f"the embedded cluster does not serve the kind {kind}")
        return found

    def _load(self, obj: Object) -> None:
        named = f"{obj.get('kind')} {(obj.get('metadata') or {}).get('name')}"
        if not isinstance(obj.get("metadata"), Mapping) or not obj.get("apiVersion"):
            raise InputError(f"{named}: an object needs apiVersion, kind and metadata")
        served = self._served(Kind.of(obj["apiVersion"], obj.get("kind", "")))
        metadata = dict(obj["metadata"])
        if served.namespaced:
            metadata["namespace"] = self._namespace(metadata.get("namespace") or "default")
        try:
            self._api.writer.load(served, {**obj, "metadata": metadata})
        except (Refusal, orjson.JSONEncodeError) as error:
            raise InputError(f"{named}: {error}") from error

    def _namespace(self, name: str) -> str:
        if self._api.store.get("/namespaces", name) is None:
            self._api.writer.load(self._served("Namespace"), {"metadata": {"name": name}})
        return name


def _shown(served: Served, entry: Entry) -> dict[str, Json]:
    return {"apiVersion": served.kind.api_version, "kind": served.kind.kind, **shown(served, entry.decoded())}
