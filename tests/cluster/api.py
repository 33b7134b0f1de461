"""A small client of the Kubernetes API that shares no code with the program under test."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlencode

Object = dict[str, Any]
JSON = "application/json"


class Refused(Exception):
    """The server answered with an error: the status, and what it said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


class Api:
    """One user of one API server."""

    def __init__(self, url: str, ca: str, token: str) -> None:
        self.url = url
        self.ca = ca
        self.token = token
        self._tls = ssl.create_default_context(cafile=ca)
        self.plural = cache(self._plural)

    def send(self, method: str, path: str, body: Object | None = None, **headers: str) -> Any:
        """The decoded reply; `content_type` and `accept` are JSON unless they are given. Raises Refused."""
        data = None if body is None else json.dumps(body).encode()
        types = {"Content-Type": headers.get("content_type", JSON), "Accept": headers.get("accept", JSON)}
        headers = {"Authorization": f"Bearer {self.token}", **types}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, error.read().decode()) from None

    def get(self, path: str) -> Any:
        """What stands at `path`."""
        return self.send("GET", path)

    def apply(self, obj: Object) -> Object:
        """Create or update by server-side apply; a kind whose CRD is new may take a moment to be served."""
        deadline = time.monotonic() + 15
        while True:
            try:
                path = f"{self.path(obj)}?fieldManager=tests&force=true"
                return self.send("PATCH", path, obj, content_type="application/apply-patch+yaml")
            except (Refused, KeyError) as error:
                missing = isinstance(error, KeyError) or error.status in (404, 503)
                if not missing or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def merge(self, path: str, patch: Object) -> Object:
        """A merge patch of what stands at `path`."""
        return self.send("PATCH", path, patch, content_type="application/merge-patch+json")

    def create(self, obj: Object, query: str = "") -> Object:
        """Create an object."""
        return self.send("POST", self.collection(obj) + query, obj)

    def path(self, obj: Object) -> str:
        """Where an object is."""
        return f"{self.collection(obj)}/{obj['metadata']['name']}"

    def collection(self, obj: Object) -> str:
        """Where the objects of its kind and namespace are."""
        version, namespace = obj["apiVersion"], obj["metadata"].get("namespace")
        inside = f"/namespaces/{namespace}" if namespace else ""
        return f"{root(version)}{inside}/{self.plural(version, obj['kind'])}"

    def items(self, path: str, limit: int = 500) -> Iterator[Object]:
        """All objects of a list, page by page, each with apiVersion and kind."""
        token = ""
        while True:
            page = self.get(f"{path}?{urlencode({'limit': limit, 'continue': token})}")
            kind = page["kind"].removesuffix("List")
            yield from ({"apiVersion": page["apiVersion"], "kind": kind, **item} for item in page["items"])
            token = page["metadata"].get("continue", "")
            if not token:
                return

    def everything(self) -> Iterator[Object]:
        """All objects of every kind that can be listed, in the version that their group prefers."""
        groups = self.get("/apis")["groups"]
        for version in ["v1", *(group["preferredVersion"]["groupVersion"] for group in groups)]:
            for resource in self.get(root(version))["resources"]:
                if "list" in resource["verbs"] and "/" not in resource["name"]:
                    yield from self.items(f"{root(version)}/{resource['name']}")

    def may(self, user: str, verb: str, group: str, resource: str, **more: str) -> bool:
        """Whether `user` is allowed to; `resource` may be `pods/status`. Asked as an administrator."""
        name, _, subresource = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": name, "subresource": subresource, **more}
        account = user.removeprefix("system:serviceaccount:").split(":")
        groups = ["system:authenticated", "system:serviceaccounts", f"system:serviceaccounts:{account[0]}"]
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "groups": groups, "resourceAttributes": attributes},
        }
        answer = self.send("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return bool(answer["status"]["allowed"])

    def _plural(self, version: str, kind: str) -> str:
        found = {r["kind"]: r["name"] for r in self.get(root(version))["resources"] if "/" not in r["name"]}
        return found[kind]


def root(version: str) -> str:
    """The path of a group and version."""
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def apply_all(api: Api, objects: Iterable[Object]) -> None:
    """Apply objects in their order."""
    for obj in objects:
        api.apply(obj)
