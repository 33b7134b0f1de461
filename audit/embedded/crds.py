"""CustomResourceDefinitions: what is wrong with one, its status, and the resources it adds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from audit.embedded.registry import Registry, Served
from constraints.model import Json, Kind, Object
from constraints.structural import clashes, flaws

STORAGE: Final = "apiextensions.k8s.io/customresourcedefinitions"
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")


def problems(crd: Object) -> list[str]:
    """What is wrong with `crd`, in the words of Kubernetes' validation; empty when it can be served."""
    return [*_name_problems(crd), *_version_problems(crd.get("spec") or {})]


def _name_problems(crd: Object) -> Iterator[str]:
    spec = crd.get("spec") or {}
    names = spec.get("names") or {}
    if not spec.get("group"):
        yield "spec.group: Required value"
    if spec.get("scope") not in {"Namespaced", "Cluster"}:
        yield f'spec.scope: Unsupported value: "{spec.get("scope", "")}": supported values: "Cluster", "Namespaced"'
    for field in ("plural", "kind"):
        if not names.get(field):
            yield f"spec.names.{field}: Required value"
    if names.get("plural") and not _NAME.match(names["plural"]):
        yield f'spec.names.plural: Invalid value: "{names["plural"]}": a DNS-1035 label must consist of lower case alphanumeric characters'
    wanted = f"{names.get('plural', '')}.{spec.get('group', '')}"
    name = crd["metadata"].get("name", "")
    if name != wanted:
        yield f'metadata.name: Invalid value: "{name}": must be spec.names.plural+"."+spec.group'


def _version_problems(spec: Object) -> Iterator[str]:
    versions = spec.get("versions") or []
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield "spec.versions: Invalid value: must have exactly one version marked as storage version"
    for index, version in enumerate(versions):
        if not version.get("name"):
            yield f"spec.versions[{index}].name: Required value"
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is None:
            yield f"spec.versions[{index}].schema.openAPIV3Schema: Required value: schemas are required"
        elif schema.get("type") != "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
            yield f"spec.versions[{index}].schema.openAPIV3Schema.type: Required value: must not be empty at the root"
        else:
            path = f"spec.versions[{index}].schema.openAPIV3Schema"
            found = chain(flaws(schema), clashes(schema))
            yield from (f"{path}.{flaw.path}: Invalid value: {flaw.message} {flaw.value!r}" for flaw in found)
    if (spec.get("conversion") or {}).get("strategy", "None") != "None":
        yield 'spec.conversion.strategy: Unsupported value: "Webhook": supported values: "None"'


def established(crd: Object, now: str) -> dict[str, Json]:
    """`crd` with its names, defaults and status as they are once it is served."""
    spec = dict(crd["spec"])
    names = dict(spec["names"])
    names.setdefault("singular", names["kind"].lower())
    names.setdefault("listKind", f"{names['kind']}List")
    spec |= {"names": names, "conversion": spec.get("conversion") or {"strategy": "None"}}
    stored = [version["name"] for version in spec["versions"] if version.get("storage")]
    before = (crd.get("status") or {}).get("storedVersions") or []
    status = {
        "conditions": _conditions(crd, now),
        "acceptedNames": names,
        "storedVersions": [*before, *(name for name in stored if name not in before)],
    }
    return {**crd, "spec": spec, "status": status}


def _conditions(crd: Object, now: str) -> list[Json]:
    """Both conditions; those that were there keep the time of their last transition."""
    known = (crd.get("status") or {}).get("conditions") or []
    before = {one.get("type"): one for one in known}
    rows = (
        ("NamesAccepted", "NoConflicts", "no conflicts found"),
        ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    )
    return [
        before.get(name)
        or {"type": name, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
        for name, reason, message in rows
    ]


def served_by(crd: Object) -> list[Served]:
    """The resources, one for each served version."""
    return [_served(crd["spec"], version) for version in crd["spec"]["versions"] if version.get("served", True)]


def _served(spec: Object, version: Mapping[str, Json]) -> Served:
    names, group = spec["names"], spec["group"]
    return Served(
        kind=Kind(group, version["name"], names["kind"]),
        plural=names["plural"],
        namespaced=spec["scope"] == "Namespaced",
        storage=f"{group}/{names['plural']}",
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        subresource="status" in (version.get("subresources") or {}),
        generation=True,
        custom=True,
        singular=names.get("singular") or names["kind"].lower(),
        list_kind=names.get("listKind") or f"{names['kind']}List",
        schema=version["schema"]["openAPIV3Schema"],
        columns=tuple(version.get("additionalPrinterColumns") or ()),
        selectable=tuple(field["jsonPath"].lstrip(".") for field in version.get("selectableFields") or ()),
    )


def serve(registry: Registry, crd: Object) -> None:
    """Serve what `crd` defines, and no longer what an older form of it defined."""
    registry.remove(crd["spec"]["group"], crd["spec"]["names"]["plural"])
    for served in served_by(crd):
        registry.add(served)
