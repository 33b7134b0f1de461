"""A transport that is a cluster of plain dictionaries: for tests of what is read and written, without HTTP."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from audit.kube.client import Client, Retries
from audit.kube.request import Reply, Request
from audit.model import Resource
from constraints import Kind

TEMPLATES = "apis/templates.gatekeeper.sh/v1/constrainttemplates"
CONSTRAINTS = "apis/constraints.gatekeeper.sh/v1beta1"
CONFIGS = "apis/config.gatekeeper.sh/v1alpha1/configs"
SYNC_SETS = "apis/syncset.gatekeeper.sh/v1alpha1/syncsets"
CRDS = "apis/apiextensions.k8s.io/v1/customresourcedefinitions"
POD_STATUSES = "apis/status.gatekeeper.sh/v1beta1/constraintpodstatuses"
TEMPLATE_POD_STATUSES = "apis/status.gatekeeper.sh/v1beta1/constrainttemplatepodstatuses"
NAMESPACES = "api/v1/namespaces"
READS = {"GET"}


@dataclass
class StoredCluster:
    """`collections` are by path, objects in them by `namespace/name`; only these paths are served.

    `faults` are HTTP statuses by method and resource word (`constrainttemplates.templates.gatekeeper.sh/status`),
    `documents` replies by path, `refused_verbs` verbs that are forbidden. `establishes` says whether a new CRD is
    served at once.
    """

    collections: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    faults: dict[tuple[str, str], int] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    establishes: bool = True
    refused_verbs: set[str] = field(default_factory=set)
    documents: dict[str, Any] = field(default_factory=dict)

    def put(self, path: str, *objects: dict[str, Any]) -> None:
        """Store objects, and serve their collection."""
        collection = self.collections.setdefault(path, {})
        for each in objects:
            collection[self._key(each)] = deepcopy(each)

    def get(self, path: str, key: str) -> dict[str, Any]:
        return self.collections[path][key if "/" in key else f"/{key}"]

    @property
    def client(self) -> Client:
        return Client(self, retries=Retries(attempts=1))

    def written(self) -> list[str]:
        """The writes so far, as `PATCH <path>`."""
        return [f"{each.method} {each.path}" for each in self.asked if each.method not in READS]

    def exchange(self, request: Request) -> Reply:
        self.asked.append(request)
        refused = 403 if request.verb in self.refused_verbs else 0
        status = refused or self.faults.get((request.method, request.resource))
        if status:
            return self._refused(status, "on request")
        if request.path in self.documents:
            return self._document(request)
        if not request.resource:  # discovery
            return self._refused(404, "the server could not find the requested resource")
        path, key = self._place(request.path.strip("/"))
        if path not in self.collections:
            return self._refused(404, "the server could not find the requested resource")
        return getattr(self, f"_{request.verb}")(request, path, key)

    def _list(self, request: Request, path: str, key: str) -> Reply:
        named = self._kind(request)
        items = [each | named if "kind" in each else each for each in self.collections[path].values()]
        query = dict(request.query)
        for part in query.get("labelSelector", "").split(","):
            name, _, value = part.partition("=")
            items = [each for each in items if not name or each["metadata"].get("labels", {}).get(name) == value]
        start, limit = int(query.get("continue", 0)), int(query.get("limit", 0))
        more = {"continue": str(start + limit)} if limit and start + limit < len(items) else {}
        document = {"metadata": more, "items": items[start : start + limit if limit else None]}
        return self._reply(self._kind(request, "List") | document)

    def _get(self, request: Request, path: str, key: str) -> Reply:
        found = self.collections[path].get(key)
        return self._reply(found | self._kind(request)) if found else self._refused(404, f"{key} not found")

    def _create(self, request: Request, path: str, key: str) -> Reply:
        made = json.loads(request.body or b"")
        if self._key(made) in self.collections[path]:
            return self._refused(409, "already exists")
        made["metadata"] |= {"resourceVersion": "1"}
        if path == CRDS and self.establishes:
            made["status"] = {"conditions": [{"type": "Established", "status": "True"}]}
            self.put(f"{CONSTRAINTS}/{made['spec']['names']['plural']}")
        self.put(path, made)
        return self._reply(self._kind(request) | made)

    def _update(self, request: Request, path: str, key: str) -> Reply:
        made = json.loads(request.body or b"")
        stored = self.collections[path][key]
        self.collections[path][key] = {**made, "status": stored.get("status")}
        return self._reply(self._kind(request) | made)

    def _patch(self, request: Request, path: str, key: str) -> Reply:
        if key not in self.collections[path]:
            return self._refused(404, f"{key} not found")
        patch = json.loads(request.body or b"")
        stored = self.collections[path][key]
        stored["status"] = {**stored.get("status", {}), **patch["status"]}
        return self._reply(self._kind(request) | stored)

    def _place(self, path: str) -> tuple[str, str]:
        """The collection, without its namespace, and `namespace/name`, empty for all."""
        parts = path.removesuffix("/status").split("/")
        root, rest = parts[: 2 if parts[0] == "api" else 3], parts[2 if parts[0] == "api" else 3 :]
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2:
            namespace, rest = rest[1], rest[2:]
        return "/".join([*root, rest[0]]), f"{namespace}/{rest[1]}" if len(rest) > 1 else ""

    def _key(self, obj: dict[str, Any]) -> str:
        return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"

    def _document(self, request: Request) -> Reply:
        value = self.documents[request.path]
        kinds = request.expected.kinds
        return self._reply({"kind": kinds[-1], **value} if kinds and isinstance(value, dict) else value)

    def _kind(self, request: Request, suffix: str = "") -> dict[str, Any]:
        """What a server would call its reply: objects in these tests need not say what they are."""
        kind = request.expected.kind
        return {"apiVersion": kind.api_version, "kind": kind.kind + suffix} if kind else {}

    def _reply(self, value: Any) -> Reply:
        return Reply(200, {}, json.dumps(value).encode())

    def _refused(self, status: int, message: str) -> Reply:
        return Reply(status, {}, json.dumps({"kind": "Status", "message": message}).encode())


def resource(api_version: str, kind: str, plural: str, namespaced: bool = False) -> Resource:
    """As discovery would have found it."""
    return Resource(Kind.of(api_version, kind), plural, namespaced, ("get", "list"))
