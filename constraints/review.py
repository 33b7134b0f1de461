"""Objects to reviews, and reviews to the document that policies see as `input.review` (compatibility, section 8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from constraints.model import Json, Kind, Object, ObjectRef, Point, Review

ADMISSION_ONLY: Final = frozenset(
    {
        *("uid", "resource", "operation", "userInfo", "options", "oldObject"),  # empty in a listed object's review
        *("requestKind", "requestResource", "requestSubResource", "subResource", "dryRun"),  # missing there
    }
)
"""The fields of `input.review` that say something only where an admission request is reviewed."""

_NOTHING: dict[str, Json] = {}
_NO_RESOURCE: Final = {"group": "", "version": "", "resource": ""}  # the same for all: nobody changes what is reviewed
_HALF: Final = 2.0**63
_EXACT: Final = 2.0**53
_NO_FLOATS: Final = frozenset({str, int, bool, type(None)})


def review_of(obj: Object, namespace: Object | None = None, *, request: Object | None = None, lost: str = "") -> Review:
    """The review of a listed object, or of the one inside an AdmissionRequest; `lost` as in Review.

    Nothing in `obj` is trusted: fields of a wrong type count as absent.
    """
    return Review(obj, ref_of(obj, request), namespace, request, "Original", lost)


def review_of_request(request: Object, namespace: Object | None = None) -> Review:
    """The review of an AdmissionRequest: a DELETE is about the object that goes away."""
    key = "oldObject" if request.get("operation") == "DELETE" else "object"
    return review_of(mapping(request.get(key)), namespace, request=request)


def ref_of(obj: Object, request: Object | None = None) -> ObjectRef:
    """Name `obj`; what an AdmissionRequest says about kind, namespace and name counts more than the object itself."""
    metadata = obj.get("metadata")
    if type(metadata) is not dict:
        metadata = mapping(metadata)
    api_version, its_kind = obj.get("apiVersion", ""), obj.get("kind", "")
    if not (type(api_version) is type(its_kind) is str):
        api_version, its_kind = _text(api_version), _text(its_kind)
    kind = Kind.of(api_version, its_kind)
    found = metadata.get
    namespace, name, uid = found("namespace", ""), found("name", ""), found("uid", "")
    version = found("resourceVersion", "")
    if not (type(namespace) is type(name) is type(uid) is str):
        namespace, name, uid = _text(namespace), _text(name), _text(uid)
    if request is not None:
        kind = _requested_kind(request) or kind
        namespace = _text(request.get("namespace")) or namespace
        name = _text(request.get("name")) or name
    return ObjectRef(kind, namespace, name, uid, _labels(metadata), version if type(version) is str else "")


def document(review: Review, point: Point) -> dict[str, Json]:
    """What policies see as `input.review`.

    Keys that Kubernetes leaves out when they are empty (`name`, `namespace`) are left out here too. `namespaceObject`
    is empty for gator, and the Namespace's metadata, spec and status (empty for cluster-scoped objects) for the audit.
    """
    ref = review.ref
    kind = ref.kind
    result: dict[str, Json] = {
        "uid": "",
        "kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "resource": _NO_RESOURCE,
        "operation": "",
        "userInfo": _NOTHING,
        "options": None,
        "object": review.object,
        "oldObject": None,
    }
    if ref.name:
        result["name"] = ref.name
    if ref.namespace:
        result["namespace"] = ref.namespace
    if review.request is not None:  # as it came, completed by what every request has
        result.update({"name": "", "namespace": ""}, **review.request)
        for field in ("name", "namespace"):
            if not result[field]:
                del result[field]
        result["object"] = review.object
    namespace = review.namespace
    known = namespace is not None and point is not Point.GATOR
    result["namespaceObject"] = _namespace_object(namespace) if known else _NOTHING
    return result


def mapping(value: Json) -> Mapping[str, Any]:
    """`value` when it is a mapping, else an empty one."""
    return value if type(value) is dict or isinstance(value, Mapping) else _NOTHING  # asking for Mapping is slow


def integers(value: Json) -> Json:
    """`value` with each whole number of 64 bits as an integer: written as JSON, 1e6 and 1000000 are the same.

    Go writes the fewest digits that tell a number from others, and zeros: -2^63 is -9223372036854776000, and so a
    double. What has no such number is given back as it is.
    """
    return _integers(value) if _may_have_floats(value) else value


def _integers(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {key: _integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_integers(item) for item in value]
    if not isinstance(value, float) or not value.is_integer():
        return value
    whole = int(value) if abs(value) < _EXACT else int(Decimal(repr(value)))
    return whole if -_HALF <= whole < _HALF else value


def _may_have_floats(value: Json) -> bool:
    """Whether there is a float, or something that this does not look into."""
    kind = type(value)
    for item in value.values() if kind is dict else value if kind is list else (value,):
        inner = type(item)
        if inner not in _NO_FLOATS and ((inner is not dict and inner is not list) or _may_have_floats(item)):
            return True
    return False


def doubles(value: Json) -> Json:
    """`value` with each integer as a float."""
    if isinstance(value, Mapping):
        return {name: doubles(item) for name, item in value.items()}
    if isinstance(value, list):
        return [doubles(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _namespace_object(namespace: Object | None) -> dict[str, Json]:
    return {key: namespace[key] for key in ("metadata", "spec", "status") if key in namespace} if namespace else {}


def _requested_kind(request: Object) -> Kind | None:
    kind = mapping(request.get("kind"))
    if not kind.get("kind"):
        return None
    return Kind(_text(kind.get("group")), _text(kind.get("version")), _text(kind.get("kind")))


def _labels(metadata: Mapping[str, Json]) -> Mapping[str, str] | None:
    """The labels themselves where all are texts, as they nearly always are; else a copy of those that are."""
    labels = metadata.get("labels")
    if type(labels) is not dict and not isinstance(labels, Mapping):
        return None
    for key, value in labels.items():
        if type(key) is not str or type(value) is not str:
            return {key: value for key, value in labels.items() if isinstance(key, str) and isinstance(value, str)}
    return labels


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
