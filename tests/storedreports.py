"""A transport that keeps reports as an API server does: resourceVersions, preconditions, conflicts, lists by label."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from audit.embedded.patching import merge_patch
from audit.kube.client import Client, Clock
from audit.kube.replies import PARTIAL
from audit.kube.request import Reply, Request

Key = tuple[str, str, str]  # plural, namespace, name
Answer = Callable[[Request], Reply | None]
READS = {"list", "get"}


def status(code: int, reason: str, message: str, name: str = "", **headers: str) -> Reply:
    """What an API server refuses with."""
    details = {"name": name} if name else {}
    body = {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "details": details}
    return Reply(code, headers, json.dumps(body).encode())


def nothing(request: Request) -> Reply | None:
    """Nobody is in the way."""
    return None


@dataclass
class StoredReports:
    """`objects` are by plural, namespace and name; `before` may answer in the place of the server."""

    objects: dict[Key, dict[str, Any]] = field(default_factory=dict)
    before: Answer = nothing
    asked: list[Request] = field(default_factory=list)
    largest: int = 3 << 19
    _version: int = 0
    _lock: RLock = field(default_factory=RLock)

    @property
    def client(self) -> Client:
        return Client(self, clock=Clock(sleep=lambda seconds: None))

    def put(self, plural: str, obj: dict[str, Any]) -> dict[str, Any]:
        """Store an object as somebody else would; gives it as it is then."""
        with self._lock:
            self._version += 1
            made = deepcopy(obj)
            made["metadata"]["resourceVersion"] = str(self._version)
            self.objects[plural, made["metadata"].get("namespace", ""), made["metadata"]["name"]] = made
            return made

    def verbs(self) -> Counter[str]:
        """What was asked since the last call."""
        asked, self.asked = self.asked, []
        return Counter(request.verb for request in asked)

    def writes(self) -> int:
        """How many writes were asked for since the last call."""
        return sum(number for verb, number in self.verbs().items() if verb not in READS)

    def reports(self) -> dict[tuple[str, str], dict[str, Any]]:
        """All of them by namespace and name, without what the server adds."""
        return {key[1:]: _plain(obj) for key, obj in sorted(self.objects.items())}

    def exchange(self, request: Request) -> Reply:
        with self._lock:
            self.asked.append(request)
            reply = self.before(request)
            if reply is not None:
                return reply
            key = _place(request)
            return getattr(self, f"_{request.verb}")(request, key)

    def _list(self, request: Request, key: Key) -> Reply:
        query = dict(request.query)
        name, _, value = query.get("labelSelector", "=").partition("=")
        found = [o for (plural, *_), o in sorted(self.objects.items()) if plural == key[0]]
        found = [o for o in found if not name or o["metadata"].get("labels", {}).get(name) == value]
        start, limit = int(query.get("continue", 0)), int(query.get("limit", 0)) or len(found)
        kind = request.expected.kind
        assert kind is not None
        items = [{"metadata": o["metadata"]} if kind == PARTIAL else o for o in found[start : start + limit]]
        more = {"continue": str(start + limit)} if start + limit < len(found) else {}
        return _reply({"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": more, "items": items})

    def _get(self, request: Request, key: Key) -> Reply:
        found = self.objects.get(key)
        return _reply(found) if found else status(404, "NotFound", f"{key[2]} not found", key[2])

    def _create(self, request: Request, key: Key) -> Reply:
        made = json.loads(request.body or b"")
        name = made["metadata"]["name"]
        if (*key[:2], name) in self.objects:
            return status(409, "AlreadyExists", f"{name} already exists", name)
        if len(request.body or b"") > self.largest:
            return status(413, "RequestEntityTooLarge", "too large")
        return _reply(self.put(key[0], made), 201)

    def _patch(self, request: Request, key: Key) -> Reply:
        found, patch = self.objects.get(key), json.loads(request.body or b"")
        if found is None:
            return status(404, "NotFound", f"{key[2]} not found", key[2])
        if patch["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
            return status(409, "Conflict", "the object has been modified", key[2])
        return _reply(self.put(key[0], merge_patch(found, patch)))

    def _delete(self, request: Request, key: Key) -> Reply:
        found = self.objects.get(key)
        if found is None:
            return status(404, "NotFound", f"{key[2]} not found", key[2])
        wanted = json.loads(request.body or b"")["preconditions"]["resourceVersion"]
        if wanted != found["metadata"]["resourceVersion"]:
            return status(409, "Conflict", "Precondition failed", key[2])
        del self.objects[key]
        return _reply({"kind": "Status", "apiVersion": "v1", "status": "Success"})


def _place(request: Request) -> Key:
    parts = request.path.strip("/").split("/")[3:]
    namespace = parts[1] if parts[0] == "namespaces" and len(parts) > 2 else ""
    rest = parts[2:] if namespace else parts
    return rest[0], namespace, rest[1] if len(rest) > 1 else ""


def _reply(value: Any, code: int = 200) -> Reply:
    return Reply(code, {}, json.dumps(value).encode())


def _plain(obj: dict[str, Any]) -> dict[str, Any]:
    made = deepcopy(obj)
    made["metadata"].pop("resourceVersion", None)
    if not made["metadata"].get("ownerReferences"):
        made["metadata"].pop("ownerReferences", None)
    return made
