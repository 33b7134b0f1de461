"""A small cluster with a template, and its policies loaded as runs do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Event
from typing import Any

from policybuilders import template
from storedcluster import CRDS, NAMESPACES, TEMPLATES, StoredCluster, resource

from audit.controller.controller import Controller, ControllerSettings
from audit.kube.client import Client
from audit.model import Resource
from audit.policies.book import Loaded, Policies, PolicySettings
from audit.policies.reading import Listed, Reader
from audit.policies.templates import by_version
from audit.preparing import held_against

FOUND = [
    resource("templates.gatekeeper.sh/v1", "ConstraintTemplate", "constrainttemplates"),
    resource("v1", "Namespace", "namespaces"),
    resource("v1", "Pod", "pods", namespaced=True),
    resource("networking.k8s.io/v1", "Ingress", "ingresses", namespaced=True),
]
AT_ONCE = ControllerSettings("patrol-0", crd_seconds=0.0)


def with_template() -> StoredCluster:
    """A cluster with the template K8sTest, no CRDs, and three Namespaces."""
    made = StoredCluster()
    made.put(TEMPLATES, template())
    made.put(CRDS)
    made.put(NAMESPACES, namespace("a"), namespace("b"), namespace("c"))
    return made


def of_templates(*objects: dict[str, Any]) -> Sequence[Listed]:
    """Templates as they are listed."""
    return by_version(objects)


class Loading:
    """The policies of one cluster, loaded again and again with the same Policies, as runs do."""

    def __init__(
        self,
        client: Client,
        policies: PolicySettings | None = None,
        controller: ControllerSettings | None = None,
        stop: Event | None = None,
    ) -> None:
        self._client = client
        self._policies = Policies(policies or PolicySettings())
        self._controller = Controller(client, controller or AT_ONCE, stop or Event())

    def load(self, resources: Iterable[Resource], chunk: int = 2) -> Loaded:
        """What `resources`, which discovery has found, are held against now."""
        return held_against(Reader(self._client, tuple(resources), chunk), self._policies, self._controller)


def namespace(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"name": name}}}


def policies(stored: StoredCluster, manage_crds: str = "auto", stop: Event | None = None, **settings: Any) -> Loading:
    controller = ControllerSettings("patrol-0", manage_crds=manage_crds, crd_seconds=0.0)
    return Loading(stored.client, PolicySettings("patrol", **settings), controller, stop)


def load(stored: StoredCluster, manage_crds: str = "auto", **settings: Any) -> Loaded:
    return policies(stored, manage_crds, **settings).load(FOUND)


def keys(loaded: Loaded) -> list[str]:
    return [record.key for record in loaded.records]


def entry(obj: dict[str, Any]) -> dict[str, Any]:
    [found] = obj["status"]["byPod"]
    return dict(found)
