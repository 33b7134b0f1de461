"""As much of OpenAPI v3 as kubectl asks for before it applies: which versions there are, and that fields are
validated.
"""

from __future__ import annotations

from audit.embedded.registry import Registry, Served
from constraints.model import Json


def index(registry: Registry) -> Json:
    """/openapi/v3."""
    places = {_place(served) for served in registry}
    return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in sorted(places)}}


def _place(served: Served) -> str:
    return f"apis/{served.kind.api_version}" if served.kind.group else f"api/{served.kind.version}"


def version(registry: Registry, place: str) -> Json:
    """/openapi/v3/<place>, None when there is no such group and version."""
    found = [served for served in registry if _place(served) == place]
    if not found:
        return None
    paths = {_path(served): {"patch": _patch(served)} for served in found}
    schemas = {_schema_name(served): _schema(served) for served in found}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.34.0"},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _path(served: Served) -> str:
    scope = "/namespaces/{namespace}" if served.namespaced else ""
    return f"/{_place(served)}{scope}/{served.plural}/{{name}}"


def _patch(served: Served) -> Json:
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    return {
        "operationId": f"patch{served.kind.kind}",
        "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names],
        "responses": {"200": {"description": "OK"}},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": _gvk(served),
    }


def _gvk(served: Served) -> Json:
    return {"group": served.kind.group, "version": served.kind.version, "kind": served.kind.kind}


def _schema_name(served: Served) -> str:
    group = ".".join(reversed(served.kind.group.split("."))) if served.kind.group else "io.k8s.api.core"
    return f"{group}.{served.kind.version}.{served.kind.kind}"


def _schema(served: Served) -> Json:
    """A custom kind's own schema; built-in kinds are open."""
    schema = dict(served.schema or {"x-kubernetes-preserve-unknown-fields": True})
    schema |= {"type": "object", "x-kubernetes-group-version-kind": [_gvk(served)]}
    return schema
