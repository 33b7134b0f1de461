"""Small constraints, violations and gaps for tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from audit.aggregate import Summary, Totals
from audit.model import ConstraintRecord, Resource, RunInfo
from audit.standing.carry import Memory
from audit.verdicts import Reviewed, Verdict
from constraints import Cause, Constraint, Gap, Kind, ObjectRef, Violation

POD = Kind("", "v1", "Pod")
SERVICE = Kind("", "v1", "Service")
DEPLOYMENT = Kind("apps", "v1", "Deployment")


def constraint(name: str = "one", kinds: list[dict[str, Any]] | None = None, **more: Any) -> Constraint:
    """A constraint of kind K8sTest that is enforced with deny."""
    match = {"kinds": kinds} if kinds is not None else {}
    fields: dict[str, Any] = {
        "kind": "K8sTest",
        "name": name,
        "uid": f"uid-{name}",
        "generation": 1,
        "annotations": None,
        "api_version": "constraints.gatekeeper.sh/v1beta1",
        "match": match,
        "parameters": {},
        "action": "deny",
        "actions": ("deny",),
        "obj": {},
    }
    return Constraint(**{**fields, **more})


def pods(*kinds: str, group: str = "") -> list[dict[str, Any]]:
    """`match.kinds` that names `kinds` of one group."""
    return [{"apiGroups": [group], "kinds": list(kinds or ("Pod",))}]


def violation(of: Constraint, name: str = "p", kind: Kind = POD, *, namespace: str = "ns", **more: Any) -> Violation:
    """A violation by an object in a namespace."""
    fields: dict[str, Any] = {"message": f"{name} is wrong", "details": {}, "action": of.action, **more}
    return Violation(of, ObjectRef(kind, namespace, name), **fields)


def record(of: Constraint, **status: Any) -> ConstraintRecord:
    """A constraint as read from the cluster, with the status of the last run."""
    obj = {"kind": of.kind, "metadata": {"name": of.name, "uid": of.uid}, "status": status}
    return ConstraintRecord(obj, of, Resource(Kind("constraints.gatekeeper.sh", "v1beta1", of.kind), "k8stest", False))


def page(*violations: Violation, kind: Kind = POD) -> Reviewed:
    """A page of objects with one violation each."""
    verdicts = (Verdict(each.object, None, (each.constraint.key,), (each,)) for each in violations)
    return Reviewed(kind, tuple(verdicts), objects=len(violations))


def summary(*records: ConstraintRecord, limit: int = 20, found: Iterable[Violation] = (), **more: Any) -> Summary:
    """The summary of a run at a fixed time that found this; `more` are its other fields."""
    totals, blank = Totals(limit), Summary(RunInfo.at(1_795_216_641.6), limit, records)
    violations = tuple(found)
    if violations:
        totals.add(0, page(*violations))
    return replace(totals.on(blank), **more)


def settled(run: Summary, memory: Memory | None = None) -> Summary:
    """The same summary, its run ended."""
    return replace(run, standing=(memory or Memory()).settle(run))


def unlisted(kind: Kind = POD, reason: str = "Forbidden") -> Gap:
    """A kind that could not be listed."""
    return Gap(Cause.LIST, reason, f"{kind}: could not be listed", kind)
