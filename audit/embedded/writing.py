"""Creating, replacing, patching and applying objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import orjson

from audit.embedded import admission, crds
from audit.embedded.bodies import Body
from audit.embedded.events import shown, stored
from audit.embedded.managing import APPLY, UPDATE, Applied, applied, place_of, updated
from audit.embedded.ownership import Owner
from audit.embedded.patching import json_patch, merge_patch
from audit.embedded.refusals import Refusal, already_exists, bad_request, invalid, not_found, unsupported
from audit.embedded.registry import Registry, Served
from audit.embedded.removing import Remover
from audit.embedded.routing import Options, Target
from audit.embedded.shaping import shaped
from audit.embedded.store import Entry, Store, encoded
from audit.embedded.strategic import strategic_merge
from audit.model import timestamp
from constraints.dataclass import dataclass
from constraints.model import Json, Object

LARGEST: Final = 3 << 19
"""The most bytes that etcd takes for one object, as it is set up without more ado."""
_APPLY_TYPE: Final = "application/apply-patch+yaml"


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a write: the entry as it is now, the HTTP status, what to warn the client of."""

    entry: Entry
    status: int = 200
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """An object on its way in; `managed` says that its managedFields are already what they should be."""

    obj: Mapping[str, Json]
    managed: bool = False


class Writer:
    """Everything that changes objects; `clock` gives Unix seconds."""

    def __init__(self, store: Store, registry: Registry, clock: Callable[[], float]) -> None:
        self.remover = Remover(store, registry, self.now)
        self._store = store
        self._registry = registry
        self._clock = clock

    def now(self) -> str:
        """The time as the API writes it."""
        return timestamp(self._clock())

    def existing(self, target: Target) -> Entry:
        """The object that the path names; raises Refusal (404)."""
        entry = self._store.get(target.served.storage, target.key)
        if entry is None:
            raise not_found(target.served, target.name)
        return entry

    def create(self, target: Target, body: Body, options: Options) -> Stored:
        """POST. Raises Refusal: 400, 404 for a missing namespace, 409, 422."""
        served = target.served
        obj = admission.named(served, admission.placed(target, body.object_of(served)))
        name = obj["metadata"]["name"]
        with self._store.lock:
            self._need_namespace(target)
            if self._store.get(served.storage, served.key(target.namespace, name)):
                raise already_exists(served, name)
            for field in ("uid", "creationTimestamp"):
                obj["metadata"].pop(field, None)
            return self._new(target, _Draft(admission.settable(target, obj)), options)

    def load(self, served: Served, obj: Object) -> Entry:
        """Store `obj` as it is, with its status, replacing one of the same name; raises Refusal like `create`."""
        admission.check_metadata(obj)
        whole = admission.named(served, obj)
        metadata = whole["metadata"]
        namespace = metadata.get("namespace", "") if served.namespaced else ""
        with self._store.lock:
            self._need_namespace(Target(served, namespace))
            key = served.key(namespace, metadata["name"])
            before = self._store.get(served.storage, key)
            if before and not metadata.get("uid"):
                metadata["uid"] = before.uid
            shape, _ = shaped(served, whole)
            new = admission.born(served, shape, self.now())
            return self._keep(served, key, new | {"status": shape["status"]} if "status" in shape else new, Options())

    def replace(self, target: Target, body: Body, options: Options) -> Stored:
        """PUT, on the object or on its status. Raises Refusal: 400, 404, 409, 422."""
        served = target.served
        obj = admission.placed(target, body.object_of(served))
        admission.same_name(target, obj)
        with self._store.lock:
            entry = self.existing(target)
            if served.custom and not obj["metadata"].get("resourceVersion"):
                problem = "metadata.resourceVersion: Invalid value: 0: must be specified for an update"
                raise invalid(served, target.name, [problem])
            return self._change(target, entry, _Draft(obj), options)

    def patch(self, target: Target, body: Body, options: Options) -> Stored:
        """PATCH of any kind; server-side apply creates what is missing. Raises Refusal: 400, 404, 409, 415, 422."""
        if body.content_type == _APPLY_TYPE:
            return self._apply(target, body, options)
        patched = _PATCHES.get(body.content_type)
        if patched is None or (target.served.custom and patched is strategic_merge):
            raise unsupported((*_PATCHES, _APPLY_TYPE))
        with self._store.lock:
            entry = self.existing(target)
            obj = patched(_whole(target.served, entry), body.json())
            if not isinstance(obj, dict):
                raise bad_request("the patched object is not an object")
            admission.check_metadata(obj)
            admission.same_name(target, obj)
            return self._change(target, entry, _Draft(obj), options)

    def _apply(self, target: Target, body: Body, options: Options) -> Stored:
        if not options.manager:
            problem = "fieldManager: Required value: is required for apply patch"
            raise bad_request(f"PatchOptions.meta.k8s.io is invalid: {problem}")
        obj = admission.settable(target, admission.placed(target, body.object_of(target.served)))
        admission.same_name(target, obj)
        obj["metadata"] |= {"name": target.name}
        obj["metadata"].pop("managedFields", None)
        apply = Applied(self._owner(target, options, APPLY), obj, options.force)
        with self._store.lock:
            entry = self._store.get(target.served.storage, target.key)
            if entry:
                result = applied(target.served, _whole(target.served, entry), apply)
                return self._change(target, entry, _Draft(result, managed=True), options)
            if target.subresource:
                raise not_found(target.served, target.name)
            self._need_namespace(target)
            result = applied(target.served, {"metadata": {}}, apply)
            return self._new(target, _Draft(admission.named(target.served, result), managed=True), options)

    def _new(self, target: Target, draft: _Draft, options: Options) -> Stored:
        served = target.served
        admission.check_metadata(draft.obj)
        shape, warnings = shaped(served, draft.obj, options.validation)
        obj = admission.born(served, shape, self.now())
        if not draft.managed:
            owner = self._owner(target, options, UPDATE)
            obj["metadata"]["managedFields"] = updated(None, obj, owner, place_of(served))
        key = served.key(target.namespace, obj["metadata"]["name"])
        _check_size(obj)
        return Stored(self._keep(served, key, obj, options), 201, tuple(warnings))

    def _change(self, target: Target, entry: Entry, draft: _Draft, options: Options) -> Stored:
        """Store the draft in place of `entry`, as far as this path may change it; the same again is not a write."""
        served, before = target.served, _whole(target.served, entry)
        admission.check_preconditions(target, before, draft.obj)
        admission.check_metadata(draft.obj)
        shape, warnings = shaped(served, admission.writable(target, before, draft.obj), options.validation)
        obj = admission.carried(served, before, shape)
        if obj == before:
            return Stored(entry, 200, tuple(warnings))
        if not draft.managed:
            owner = self._owner(target, options, UPDATE)
            obj["metadata"]["managedFields"] = updated(before, obj, owner, place_of(served))
        if obj["metadata"].get("deletionTimestamp") and not obj["metadata"].get("finalizers"):
            return Stored(self.remover.finish(served, entry.key), 200, tuple(warnings))
        _check_size(obj)
        return Stored(self._keep(served, entry.key, obj, options), 200, tuple(warnings))

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


def _check_size(obj: Mapping[str, Json]) -> None:
    """Raises Refusal (500), with the words of etcd, for an object that is too large to be stored."""
    if len(orjson.dumps(obj)) > LARGEST:
        raise Refusal(500, "InternalError", "etcdserver: request is too large")


def _whole(served: Served, entry: Entry) -> dict[str, Json]:
    return {"apiVersion": served.kind.api_version, "kind": served.kind.kind, **shown(served, entry.decoded())}
