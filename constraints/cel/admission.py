"""The names of Kubernetes' admission: their types, and the value of `request` (compatibility, section 8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from constraints.cel.types import BOOL, DYN, INT, STRING, Type, list_of, map_of

REQUEST: Final = Type("kubernetes.AdmissionRequest")
NAMESPACE: Final = Type("kubernetes.Namespace")
_KIND: Final = Type("kubernetes.GroupVersionKind")
_RESOURCE: Final = Type("kubernetes.GroupVersionResource")
_USER: Final = Type("kubernetes.UserInfo")
_METADATA: Final = Type("kubernetes.NamespaceMetadata")
_SPEC: Final = Type("kubernetes.NamespaceSpec")
_STATUS: Final = Type("kubernetes.NamespaceStatus")
_TEXTS: Final = list_of(STRING)
_LABELS: Final = map_of(STRING, STRING)

STRUCTS: Final[Mapping[str, Mapping[str, Type]]] = {
    REQUEST.name: {
        "kind": _KIND,
        "resource": _RESOURCE,
        "subResource": STRING,
        "requestKind": _KIND,
        "requestResource": _RESOURCE,
        "requestSubResource": STRING,
        "name": STRING,
        "namespace": STRING,
        "operation": STRING,
        "userInfo": _USER,
        "dryRun": BOOL,
        "options": DYN,
    },
    _KIND.name: {"group": STRING, "version": STRING, "kind": STRING},
    _RESOURCE.name: {"group": STRING, "version": STRING, "resource": STRING},
    _USER.name: {"username": STRING, "uid": STRING, "groups": _TEXTS, "extra": map_of(STRING, _TEXTS)},
    NAMESPACE.name: {"metadata": _METADATA, "spec": _SPEC, "status": _STATUS},
    _METADATA.name: {
        "name": STRING,
        "generateName": STRING,
        "namespace": STRING,
        "labels": _LABELS,
        "annotations": _LABELS,
        "UID": STRING,
        "creationTimestamp": DYN,
        "deletionGracePeriodSeconds": INT,
        "deletionTimestamp": DYN,
        "generation": INT,
        "resourceVersion": STRING,
        "finalizers": _TEXTS,
    },
    _SPEC.name: {"finalizers": _TEXTS},
    _STATUS.name: {"phase": STRING},
}


def request_of(review: Mapping[str, Any]) -> dict[str, Any]:
    """What `request` is for a review document."""
    found = dict(review)
    found.pop("namespaceObject", None)
    if "requestKind" not in found:
        found["requestKind"] = found.get("kind")
    if "requestResource" not in found:
        found["requestResource"] = found.get("resource")
    if "dryRun" not in found:
        found["dryRun"] = False
    return found
