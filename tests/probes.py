"""Templates and constraints to build on, for the tests of `constraints`."""

from __future__ import annotations

from typing import Any

REGO = 'package probe\n\nviolation[{"msg": msg}] {\n\tmsg := "found"\n}\n'


def template(
    rego: str = REGO, *, schema: Any = None, libs: list[str] | None = None, kind: str = "Probe"
) -> dict[str, Any]:
    """A v1 template with one Rego target."""
    crd: dict[str, Any] = {"names": {"kind": kind}}
    if schema is not None:
        crd["validation"] = {"openAPIV3Schema": schema}
    target = {"target": "admission.k8s.gatekeeper.sh", "rego": rego, **({"libs": libs} if libs else {})}
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {"crd": {"spec": crd}, "targets": [target]},
    }


def constraint(name: str = "probe", *, kind: str = "Probe", **spec: Any) -> dict[str, Any]:
    """A v1beta1 constraint."""
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def pod(name: str = "web", namespace: str = "shop", **more: Any) -> dict[str, Any]:
    """A Pod."""
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, **more}


def edited(obj: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """`obj` with the value at a dotted path (numbers index lists) replaced; `...` removes it. Changes `obj`."""
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = obj
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return obj
