"""Small templates and constraints, and a few of the sample policies."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from audit.demo import sample_objects
from constraints.model import Object

REGO = """package x
violation[{"msg": msg}] {
  input.review.object.metadata.labels.bad
  msg := "bad"
}
"""
INVENTORY_REGO = """package x
violation[{"msg": msg}] {
  other := data.inventory.namespace[ns]["v1"]["Pod"][name]
  other.metadata.name == input.review.object.metadata.name
  msg := "twice"
}
"""
BAD_REGO = """package x
violation[{"msg": msg}] {
  msg := := 1
}
"""


def template(kind: str = "K8sTest", rego: str = REGO, **more: Any) -> dict[str, Any]:
    """A v1 template without parameters; `more` goes over its fields."""
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower(), "uid": f"uid-{kind}"},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
        },
        **more,
    }


def alien_template(kind: str = "K8sOther") -> dict[str, Any]:
    """A template written for an engine that does not exist."""
    made = template(kind)
    code = [{"engine": "Starlark", "source": {"text": "true"}}]
    made["spec"]["targets"] = [{"target": "admission.k8s.gatekeeper.sh", "code": code}]
    return made


def constraint(name: str = "one", kind: str = "K8sTest", **spec: Any) -> dict[str, Any]:
    """A constraint that enforces with deny, unless `spec` says otherwise."""
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "uid": f"uid-{name}"},
        "spec": {"enforcementAction": "deny", **spec},
    }


def samples_with(kinds: Container[str]) -> list[Object]:
    """The sample objects with the policies of these kinds alone."""
    return [obj for obj in sample_objects() if (kind := _policy_kind(obj)) is None or kind in kinds]


def _policy_kind(obj: Object) -> Any:
    """The kind of constraints that a template defines or a constraint is of; None for everything else."""
    if obj["kind"] == "ConstraintTemplate":
        return obj["spec"]["crd"]["spec"]["names"]["kind"]
    return obj["kind"] if str(obj["apiVersion"]).startswith("constraints.gatekeeper.sh/") else None
