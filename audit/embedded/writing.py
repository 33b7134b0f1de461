"""Creating, replacing and patching objects: what the API server sets, keeps, refuses and leaves alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from audit.embedded import crds
from audit.embedded.bodies import Body
from audit.embedded.events import shown, stored
from audit.embedded.managing import APPLY, UPDATE, Applied, applied, place_of, updated
from audit.embedded.naming import generated, name_problem
from audit.embedded.ownership import Owner
from audit.embedded.patching import json_patch, merge_patch
from audit.embedded.refusals import Refusal, already_exists, bad_request, conflict, invalid, not_found
from audit.embedded.registry import Registry, Served
from audit.embedded.removing import Remover
from audit.embedded.routing import Options, Target
from audit.embedded.shaping import shaped
from audit.embedded.store import Entry, Store, encoded
from audit.embedded.strategic import strategic_merge
from constraints.model import Json

_SET_BY_SERVER: Final = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_APPLY_TYPE: Final = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write: the entry as it is now, the HTTP status, what to warn the client of."""

    entry: Entry
    status: int = 200
    warnings: tuple[str, ...] = ()


class Writer:
    """Everything that changes objects; `clock` gives Unix seconds."""

    def __init__(self, store: Store, registry: Registry, clock: Callable[[], float]) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._remover = Remover(store, registry, self.now)

    @property
    def remover(self) -> Remover:
        """What takes objects away again."""
        return self._remover

    def now(self) -> str:
        """The time as the API writes it."""
        return datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def create(self, target: Target, body: Body, options: Options) -> Written:
        """POST. Raises Refusal: 400, 404 for a missing namespace, 409, 422."""
        served = target.served
        obj = _placed(target, body.object_of(served))
        name = _checked_name(served, obj)
        with self._store.lock:
            self._need_namespace(target)
            key = served.key(target.namespace, name)
            if self._store.get(served.storage, key):
                raise already_exists(served, name)
            if served.subresource:
                obj.pop("status", None)
            obj, warnings = shaped(served, obj, options.validation)
            obj = self._born(served, obj)
            owner = self._owner(target, options, UPDATE)
            obj["metadata"]["managedFields"] = updated(None, obj, owner, place_of(served))
            return Written(self._keep(served, key, obj, options), 201, tuple(warnings))

    def load(self, served: Served, obj: Mapping[str, Json]) -> Entry:
        """Store `obj` as it is, with its status, replacing one of the same name; raises Refusal like `create`."""
        obj = {**obj, "metadata": dict(obj["metadata"])}
        metadata = obj["metadata"]
        target = Target(served, metadata.get("namespace", "") if served.namespaced else "")
        _checked_name(served, obj)
        with self._store.lock:
            self._need_namespace(target)
            key = served.key(target.namespace, metadata["name"])
            before = self._store.get(served.storage, key)
            status = obj.get("status")
            obj, _ = shaped(served, obj)
            obj = self._born(served, obj) | ({} if status is None else {"status": status})
            if before:
                obj["metadata"]["uid"] = before.uid
            return self._keep(served, key, obj, Options())

    def replace(self, target: Target, body: Body, options: Options) -> Written:
        """PUT, on the object or on its status. Raises Refusal: 400, 404, 409, 422."""
        served = target.served
        with self._store.lock:
            entry = self.existing(target)
            obj = _placed(target, body.object_of(served))
            given = obj["metadata"].get("name", target.name)
            if given != target.name:
                raise bad_request(
                    f"the name of the object ({given}) does not match the name on the URL ({target.name})"
                )
            if served.custom and not obj["metadata"].get("resourceVersion"):
                raise invalid(
                    served, target.name, ["metadata.resourceVersion: Invalid value: 0: must be specified for an update"]
                )
            return self._change(target, entry, obj, options)

    def patch(self, target: Target, body: Body, options: Options) -> Written:
        """PATCH of any kind; server-side apply creates what is missing. Raises Refusal: 400, 404, 409, 415, 422."""
        if body.content_type == _APPLY_TYPE:
            return self._apply(target, body, options)
        patched = _PATCHES.get(body.content_type)
        if patched is None or (target.served.custom and patched is strategic_merge):
            known = ", ".join(kind for kind in (*_PATCHES, _APPLY_TYPE))
            message = f"the body of the request was in an unknown format - accepted media types include: {known}"
            raise Refusal(415, "UnsupportedMediaType", message)
        with self._store.lock:
            entry = self.existing(target)
            obj = patched(_whole(target.served, entry), body.json())
            if not isinstance(obj, dict) or not isinstance(obj.get("metadata"), dict):
                raise bad_request("the patched object is not an object with metadata")
            if obj["metadata"].get("name") != target.name:
                raise bad_request(
                    f"the name of the object ({obj['metadata'].get('name')}) does not match the name on the URL ({target.name})"
                )
            return self._change(target, entry, obj, options)

    def existing(self, target: Target) -> Entry:
        """The object that the path names; raises Refusal (404)."""
        entry = self._store.get(target.served.storage, target.key)
        if entry is None:
            raise not_found(target.served, target.name)
        return entry

    def _apply(self, target: Target, body: Body, options: Options) -> Written:
        if not options.manager:
            raise bad_request(
                "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch"
            )
        obj = _placed(target, body.object_of(target.served))
        obj["metadata"].setdefault("name", target.name)
        obj["metadata"].pop("managedFields", None)
        owner = self._owner(target, options, APPLY)
        with self._store.lock:
            entry = self._store.get(target.served.storage, target.key)
            if entry is None:
                return self._apply_new(target, obj, options)
            result = applied(target.served, _whole(target.served, entry), Applied(owner, obj, options.force))
            return self._change(target, entry, result, options)

    def _apply_new(self, target: Target, obj: dict[str, Json], options: Options) -> Written:
        if target.subresource:
            raise not_found(target.served, target.name)
        served = target.served
        self._need_namespace(target)
        _checked_name(served, obj)
        owner = self._owner(target, options, APPLY)
        kept = {name: value for name, value in obj.items() if name != "status" or not served.subresource}
        managed = applied(served, {"metadata": {}}, Applied(owner, kept))["metadata"]["managedFields"]
        shape, warnings = shaped(served, kept, options.validation)
        born = self._born(served, shape)
        born["metadata"]["managedFields"] = managed
        return Written(self._keep(served, target.key, born, options), 201, tuple(warnings))

    def _change(self, target: Target, entry: Entry, obj: dict[str, Json], options: Options) -> Written:
        """Store `obj` in place of `entry`, as far as this path may change it; the same again is not a write."""
        served, before = target.served, _whole(target.served, entry)
        _preconditions(served, target.name, before, obj)
        obj = _only(target, before, obj)
        obj, warnings = shaped(served, obj, options.validation)
        obj = _carried(served, before, obj)
        if _content(obj) == _content(before):
            return Written(entry, 200, tuple(warnings))
        if obj["metadata"].get("managedFields") == before["metadata"].get("managedFields"):
            owner = self._owner(target, options, UPDATE)
            obj["metadata"]["managedFields"] = updated(before, obj, owner, place_of(served))
        if obj["metadata"].get("deletionTimestamp") and not obj["metadata"].get("finalizers"):
            return Written(self._remover.finish(served, entry.key), 200, tuple(warnings))
        return Written(self._keep(served, entry.key, obj, options), 200, tuple(warnings))

    def _keep(self, served: Served, key: str, obj: dict[str, Json], options: Options) -> Entry:
        if served.storage == crds.STORAGE:
            obj = self._define(served, obj)
        obj = stored(served, obj)
        if options.dry_run:
            return encoded(key, obj, self._store.revision)
        entry = self._store.put(served.storage, key, obj)
        if served.storage == crds.STORAGE:
            crds.serve(self._registry, obj)
        return entry

    def _define(self, served: Served, obj: dict[str, Json]) -> dict[str, Json]:
        problems = crds.problems(obj)
        if problems:
            raise invalid(served, obj["metadata"].get("name", ""), problems)
        return crds.established(obj, self.now())

    def _born(self, served: Served, obj: dict[str, Json]) -> dict[str, Json]:
        """With what every new object gets."""
        metadata = dict(obj["metadata"])
        for name in (
            "resourceVersion",
            "deletionTimestamp",
            "selfLink",
            "generateName" if not metadata.get("generateName") else "",
        ):
            metadata.pop(name, None)
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": metadata.get("creationTimestamp") or self.now()}
        if served.generation:
            metadata["generation"] = 1
        born = {**obj, "metadata": metadata}
        return _new_namespace(born) if served.storage == "/namespaces" else born

    def _need_namespace(self, target: Target) -> None:
        if not target.served.namespaced:
            return
        namespaces = self._registry.at("", "v1", "namespaces")
        if namespaces and not self._store.get(namespaces.storage, target.namespace):
            raise not_found(namespaces, target.namespace)

    def _owner(self, target: Target, options: Options, operation: str) -> Owner:
        manager = options.manager or "unknown"
        return Owner(manager, operation, target.served.kind.api_version, target.subresource, self.now())


_PATCHES: Final[Mapping[str, Callable[[Json, Json], Json]]] = {
    "application/json-patch+json": json_patch,
    "application/merge-patch+json": merge_patch,
    "application/strategic-merge-patch+json": strategic_merge,
}


def _whole(served: Served, entry: Entry) -> dict[str, Json]:
    return {"apiVersion": served.kind.api_version, "kind": served.kind.kind, **shown(served, entry.decoded())}


def _placed(target: Target, obj: dict[str, Json]) -> dict[str, Json]:
    """With the namespace of the path, which the object may repeat but not contradict."""
    metadata = dict(obj["metadata"])
    given = metadata.get("namespace")
    if target.served.namespaced:
        if given and given != target.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = target.namespace
    elif given:
        raise bad_request("namespace is not allowed on a cluster-scoped object")
    return {**obj, "metadata": metadata}


def _checked_name(served: Served, obj: dict[str, Json]) -> str:
    """The object's name, made from generateName where there is none."""
    metadata = obj["metadata"]
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated(metadata["generateName"])
    name: str = metadata.get("name") or ""
    if not name:
        raise invalid(served, "", ["metadata.name: Required value: name or generateName is required"])
    loose = served.kind.group == "rbac.authorization.k8s.io"
    problem = name_problem(name, loose=loose)
    if problem:
        raise invalid(served, name, [f'metadata.name: Invalid value: "{name}": {problem}'])
    return name


def _new_namespace(obj: dict[str, Json]) -> dict[str, Json]:
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    return {
        **obj,
        "metadata": {**metadata, "labels": labels},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _preconditions(served: Served, name: str, before: Mapping[str, Json], obj: Mapping[str, Json]) -> None:
    had, given = before["metadata"], obj["metadata"]
    if given.get("resourceVersion") and given["resourceVersion"] != had["resourceVersion"]:
        raise conflict(served, name)
    if given.get("uid") and given["uid"] != had.get("uid"):
        why = f"Precondition failed: UID in precondition: {given['uid']}, UID in object meta: {had.get('uid')}"
        raise conflict(served, name, why)


def _only(target: Target, before: Mapping[str, Json], obj: dict[str, Json]) -> dict[str, Json]:
    """`obj` with what this path may not change as it was before."""
    if target.subresource:
        status = {"status": obj["status"]} if "status" in obj else {}
        managed = obj["metadata"].get("managedFields")
        metadata = {**before["metadata"]} | ({"managedFields": managed} if managed is not None else {})
        return {name: part for name, part in before.items() if name != "status"} | {"metadata": metadata} | status
    if target.served.subresource:
        without = {name: part for name, part in obj.items() if name != "status"}
        return without | ({"status": before["status"]} if "status" in before else {})
    return obj


def _carried(served: Served, before: Mapping[str, Json], obj: dict[str, Json]) -> dict[str, Json]:
    """With the metadata that the server sets; the generation counts changes of what is not metadata or status."""
    had = before["metadata"]
    metadata = {name: part for name, part in obj["metadata"].items() if name not in _SET_BY_SERVER}
    metadata |= {name: had[name] for name in _SET_BY_SERVER if name in had}
    if "managedFields" not in metadata and "managedFields" in had:
        metadata["managedFields"] = had["managedFields"]
    if served.generation and _desired(obj) != _desired(before):
        metadata["generation"] = had.get("generation", 1) + 1
    return {**obj, "metadata": metadata}


def _desired(obj: Mapping[str, Json]) -> dict[str, Json]:
    return {name: part for name, part in obj.items() if name not in {"metadata", "status", "kind", "apiVersion"}}


def _content(obj: Mapping[str, Json]) -> dict[str, Json]:
    """Everything but what a write always changes."""
    metadata = {name: part for name, part in obj["metadata"].items() if name != "resourceVersion"}
    return {name: part for name, part in obj.items() if name not in {"kind", "apiVersion"}} | {"metadata": metadata}
