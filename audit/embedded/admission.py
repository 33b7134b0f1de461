"""What every write goes through: names, metadata, what a path may change and what only the server sets."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Final

from audit.embedded.naming import generated, name_problem
from audit.embedded.refusals import bad_request, conflict, invalid
from audit.embedded.registry import Served
from audit.embedded.routing import Target
from constraints.model import Json

_SET_BY_SERVER: Final = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_NOT_AT_BIRTH: Final = frozenset({"resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"})
_MAPS_OF_TEXT: Final = ("labels", "annotations")


def placed(target: Target, obj: Mapping[str, Json]) -> dict[str, Json]:
    """`obj` with the namespace of the path, which it may repeat but not contradict; raises Refusal (400)."""
    metadata = dict(obj["metadata"])
    given = metadata.get("namespace")
    if target.served.namespaced:
        if given and given != target.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        metadata["namespace"] = target.namespace
    elif given:
        raise bad_request("namespace is not allowed on a cluster-scoped object")
    return {**obj, "metadata": metadata}


def named(served: Served, obj: Mapping[str, Json]) -> dict[str, Json]:
    """`obj` with a name, made from generateName where there is none; raises Refusal (422) for one that is not
    allowed.
    """
    metadata = dict(obj["metadata"])
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = generated(str(metadata["generateName"]))
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        raise invalid(served, "", ["metadata.name: Required value: name or generateName is required"])
    problem = name_problem(name, loose=served.kind.group == "rbac.authorization.k8s.io")
    if problem:
        raise invalid(served, name, [f'metadata.name: Invalid value: "{name}": {problem}'])
    return {**obj, "metadata": metadata}


def same_name(target: Target, obj: Mapping[str, Json]) -> None:
    """Raises Refusal (400) when `obj` has another name than the path."""
    given = obj["metadata"].get("name", target.name)
    if given != target.name:
        raise bad_request(f"the name of the object ({given}) does not match the name on the URL ({target.name})")


def check_metadata(obj: Mapping[str, Json]) -> None:
    """Raises Refusal (400) when a part of the metadata has the wrong type."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, Mapping):
        raise bad_request(f"metadata: expected an object, got {type(metadata).__name__}")
    for name in _MAPS_OF_TEXT:
        part = metadata.get(name) or {}
        if not isinstance(part, Mapping) or not all(isinstance(value, str) for value in part.values()):
            raise bad_request(f"metadata.{name}: expected an object whose values are strings, got {part!r}")
    owners = metadata.get("ownerReferences") or []
    if not isinstance(owners, list) or not all(isinstance(owner, Mapping) for owner in owners):
        raise bad_request(f"metadata.ownerReferences: expected a list of objects, got {owners!r}")


def born(served: Served, obj: Mapping[str, Json], now: str) -> dict[str, Json]:
    """`obj` with what every new object gets; a uid and a creationTimestamp that are there already stay."""
    metadata = {name: part for name, part in obj["metadata"].items() if name not in _NOT_AT_BIRTH}
    metadata["uid"] = metadata.get("uid") or str(uuid.uuid4())
    metadata["creationTimestamp"] = metadata.get("creationTimestamp") or now
    if served.generation:
        metadata["generation"] = 1
    new = {**obj, "metadata": metadata}
    return _new_namespace(new) if served.storage == "/namespaces" else new


def _new_namespace(obj: dict[str, Json]) -> dict[str, Json]:
    metadata = obj["metadata"]
    labels = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": metadata["name"]}
    content = {"metadata": {**metadata, "labels": labels}, "spec": {"finalizers": ["kubernetes"]}}
    return {**obj, **content, "status": {"phase": "Active"}}


def check_preconditions(target: Target, before: Mapping[str, Json], obj: Mapping[str, Json]) -> None:
    """Raises Refusal (409) when `obj` was made from another state or another object than `before`.

    A uid beside the status of a custom resource is ignored, as by the real server (apiextensions-apiserver,
    statusStrategy.PrepareForUpdate): only a resourceVersion guards that.
    """
    served, had, given = target.served, before["metadata"], obj["metadata"]
    if given.get("resourceVersion") and given["resourceVersion"] != had["resourceVersion"]:
        raise conflict(served, had["name"])
    if target.subresource and served.custom:
        return
    if given.get("uid") and given["uid"] != had.get("uid"):
        why = f"Precondition failed: UID in precondition: {given['uid']}, UID in object meta: {had.get('uid')}"
        raise conflict(served, had["name"], why)


def writable(target: Target, before: Mapping[str, Json], obj: Mapping[str, Json]) -> dict[str, Json]:
    """`obj` with everything that this path does not write as it was `before`: status here, all but status there."""
    if target.subresource:
        managed = {name: part for name, part in obj["metadata"].items() if name == "managedFields"}
        return _without_status(before) | {"metadata": {**before["metadata"], **managed}} | _status(obj)
    if target.served.subresource:
        return _without_status(obj) | _status(before)
    return dict(obj)


def _status(obj: Mapping[str, Json]) -> dict[str, Json]:
    return {"status": obj["status"]} if "status" in obj else {}


def _without_status(obj: Mapping[str, Json]) -> dict[str, Json]:
    return {name: part for name, part in obj.items() if name != "status"}


def settable(target: Target, obj: Mapping[str, Json]) -> dict[str, Json]:
    """The part of an applied object that this path can own."""
    if target.subresource:
        return {name: part for name, part in obj.items() if name in {"apiVersion", "kind", "metadata", "status"}}
    return _without_status(obj) if target.served.subresource else dict(obj)


def carried(served: Served, before: Mapping[str, Json], obj: Mapping[str, Json]) -> dict[str, Json]:
    """`obj` with the metadata that only the server sets; the generation counts changes outside metadata and status."""
    had = before["metadata"]
    kept = {name: had[name] for name in (*_SET_BY_SERVER, "name", "namespace", "resourceVersion") if name in had}
    given = {name: part for name, part in obj["metadata"].items() if name not in _SET_BY_SERVER}
    metadata = given | kept
    if "managedFields" not in metadata and "managedFields" in had:
        metadata["managedFields"] = had["managedFields"]
    if served.generation and _desired(obj) != _desired(before):
        metadata["generation"] = had.get("generation", 1) + 1
    return {**obj, "metadata": metadata}


def _desired(obj: Mapping[str, Json]) -> dict[str, Json]:
    return {name: part for name, part in obj.items() if name not in {"metadata", "status", "kind", "apiVersion"}}
