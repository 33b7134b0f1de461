"""Kinds that every API server has, and whether it has the definition of a custom one."""

from __future__ import annotations

from audit.kube.client import Client
from audit.kube.items import named
from audit.kube.request import Select, list_objects
from audit.model import Resource
from constraints import Kind

NAMESPACES = Resource(Kind("", "v1", "Namespace"), "namespaces", False)
CRDS = Resource(Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition"), "customresourcedefinitions", False)


def defined(client: Client, resource: Resource) -> bool:
    """Whether a custom resource has a definition, served or not. Raises KubeError."""
    name = f"{resource.plural}.{resource.kind.group}"
    found = client.send_json(list_objects(CRDS, Select(field_selector=f"metadata.name={name}")))
    return any(item["metadata"]["name"] == name for item in named(found["items"] or (), CRDS.kind))
