"""The discovery documents: which groups, versions and resources there are, plain and aggregated."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from audit.embedded.registry import Registry, Served
from constraints.model import Json

VERSION: Final = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.0",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "python",
}


def core_versions() -> Json:
    """/api."""
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}


def group_list(registry: Registry, broken: Collection[str] = ()) -> Json:
    """/apis. A broken group is shown like any other: only its versions cannot be read."""
    groups = [_group(name, versions) for name, versions in _groups(registry, broken).items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(registry: Registry, name: str, broken: Collection[str] = ()) -> Json:
    """/apis/<group>, None when there is no such group."""
    versions = _groups(registry, broken).get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if versions and name else None


def _groups(registry: Registry, broken: Collection[str]) -> dict[str, list[str]]:
    groups = registry.groups()
    for api_version in broken:
        name, _, version = api_version.rpartition("/")
        known = groups.setdefault(name, [])
        if version not in known:
            known.append(version)
    return groups


def _group(name: str, versions: list[str]) -> Json:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(registry: Registry, name: str, version: str) -> Json:
    """/api/v1 and /apis/<group>/<version>, None when there is no such version."""
    found = registry.resources(name, version)
    if not found:
        return None
    resources = [row for served in found for row in _resource_rows(served)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{name}/{version}" if name else version,
        "resources": resources,
    }


def _resource_rows(served: Served) -> list[Json]:
    row: dict[str, Json] = {
        "name": served.plural,
        "singularName": served.singular,
        "namespaced": served.namespaced,
        "kind": served.kind.kind,
        "verbs": list(served.verbs),
    }
    if served.short_names:
        row["shortNames"] = list(served.short_names)
    if served.categories:
        row["categories"] = list(served.categories)
    if not served.subresource:
        return [row]
    status = {
        "name": f"{served.plural}/status",
        "singularName": "",
        "namespaced": served.namespaced,
        "kind": served.kind.kind,
        "verbs": ["get", "patch", "update"],
    }
    return [row, status]


def aggregated(registry: Registry, *, core: bool, broken: Collection[str] = ()) -> Json:
    """/api or /apis as one document (apidiscovery.k8s.io/v2); a broken version is `Stale` and has no resources."""
    groups = _groups(registry, broken)
    items = [
        {"metadata": {"name": name or None}, "versions": [_version(registry, name, one, broken) for one in versions]}
        for name, versions in groups.items()
        if (name == "") is core
    ]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _version(registry: Registry, name: str, version: str, broken: Collection[str]) -> Json:
    if (f"{name}/{version}" if name else version) in broken:
        return {"version": version, "freshness": "Stale"}
    resources = [_aggregated_row(served) for served in registry.resources(name, version)]
    return {"version": version, "freshness": "Current", "resources": resources}


def _aggregated_row(served: Served) -> Json:
    kind = {"group": served.kind.group, "version": served.kind.version, "kind": served.kind.kind}
    row: dict[str, Json] = {
        "resource": served.plural,
        "responseKind": kind,
        "scope": "Namespaced" if served.namespaced else "Cluster",
        "singularResource": served.singular,
        "verbs": list(served.verbs),
        "shortNames": list(served.short_names),
        "categories": list(served.categories),
    }
    if served.subresource:
        row["subresources"] = [{"subresource": "status", "responseKind": kind, "verbs": ["get", "patch", "update"]}]
    return row
