"""An engine whose policies find what an object says of itself, and objects that do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from answering import Answering
from builders import POD

from audit.model import Resource
from constraints import Engine, Inventory
from constraints.errors import EvaluationError
from constraints.model import Finding
from constraints.timing import Timekeeper

PODS = Resource(POD, "pods", True)


def said(review: Mapping[str, Any], inventory: Inventory) -> Iterable[Finding]:
    """What the object says of itself in `spec.say`."""
    say = review["object"].get("spec", {}).get("say", [])
    if say == "fail":
        raise EvaluationError("template:3: eval_conflict_error: two answers")
    if say == "crash":
        raise ZeroDivisionError("division by zero")
    return [Finding(text) for text in say]


def engine(*matches: dict[str, Any], timekeeper: Timekeeper | None = None) -> Engine:
    result = Engine(drivers={"Rego": Answering(said)}, timekeeper=timekeeper)
    result.add_template(
        {
            "apiVersion": "templates.gatekeeper.sh/v1",
            "kind": "ConstraintTemplate",
            "metadata": {"name": "k8ssay"},
            "spec": {
                "crd": {"spec": {"names": {"kind": "K8sSay"}}},
                "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": "package say"}],
            },
        }
    )
    for number, match in enumerate(matches or ({},)):
        result.add_constraint(
            {
                "apiVersion": "constraints.gatekeeper.sh/v1beta1",
                "kind": "K8sSay",
                "metadata": {"name": f"say-{number}"},
                "spec": {"match": match},
            }
        )
    return result


def pod(name: str, say: Any = (), **metadata: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": "ns", **metadata}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": {"say": say if isinstance(say, str) else list(say)},
    }
