"""Small policies whose answers are known beforehand."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

LABELS = """package labels

violation[{"msg": msg, "details": {"missing": label}}] {
  label := input.parameters.labels[_]
  not input.review.object.metadata.labels[label]
  msg := sprintf("%v has no label %v", [input.review.object.metadata.name, label])
}
"""
# Some milliseconds an object: long enough to interrupt a run in the middle.
SLOW = """package slow

violation[{"msg": msg}] {
  sum([n | n := numbers.range(1, 50000)[_]]) > 0
  msg := sprintf("%v is looked at slowly", [input.review.object.metadata.name])
}
"""
PARAMETERS = {"type": "object", "properties": {"labels": {"type": "array", "items": {"type": "string"}}}}


def template(kind: str, rego: str = LABELS, parameters: Object | None = None) -> Object:
    """A ConstraintTemplate."""
    validation = {"openAPIV3Schema": parameters or PARAMETERS}
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}, "validation": validation}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
        },
    }


def constraint(kind: str, name: str, objects: str, labels: list[str] | None = None, **spec: Any) -> Object:
    """A constraint on the objects of one core kind in the Namespace `default`, that wants `labels`."""
    match = {"kinds": [{"apiGroups": [""], "kinds": [objects]}], "namespaces": ["default"]}
    parameters = {"parameters": {"labels": labels}} if labels else {}
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"match": match, **parameters, **spec},
    }


def config_map(name: str, namespace: str = "default", labels: dict[str, str] | None = None) -> Object:
    """An object to look at."""
    metadata: Object = {"name": name, "namespace": namespace, "labels": labels or {}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"k": "v"}}
