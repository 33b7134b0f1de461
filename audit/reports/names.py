"""How reports are named, which are ours, and about what there are none (pure)."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final, NamedTuple

from constraints import Kind, ObjectRef
from constraints.model import Json, Object

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
OURS: Final = "kube-patrol"
SELECTOR: Final = f"{MANAGED_BY}={OURS}"
PREFIX: Final = "kube-patrol-"
PREFIXED, UID = "prefixed", "uid"
_UID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IS_UID: Final = re.compile(_UID)
_NAME: Final = re.compile(rf"((?:{PREFIX})?(?:{_UID}|x[0-9a-f]{{32}}))(?:-([2-9]|[1-9][0-9]{{1,3}}))?")
_OF_REPORTS: Final = frozenset({"wgpolicyk8s.io", "openreports.io", "reports.kyverno.io"})
_EVENT_GROUPS: Final = frozenset({"", "events.k8s.io"})


class ReportPlace(NamedTuple):
    """Where the reports of one object are: its namespace, empty for none, and the name of the first one."""

    namespace: str
    name: str

    def part(self, number: int) -> str:
        """The name of one of them, from 1; most have one only."""
        return self.name if number == 1 else f"{self.name}-{number}"


def place_of(item: ObjectRef, naming: str) -> ReportPlace:
    """Where the reports of an object are; those of one that was made anew are other ones.

    An object whose uid is none that Kubernetes gives has a digest in its place.
    """
    own = item.uid if _IS_UID.fullmatch(item.uid) else f"x{_digest(item)}"
    return ReportPlace(item.namespace, own if naming == UID else PREFIX + own)


def ours(obj: Object) -> tuple[ReportPlace, int] | None:
    """Of which place a report is, and which part, None for one that is not ours: label and name both have to say so."""
    metadata = obj["metadata"]
    labels = metadata.get("labels")
    if not isinstance(labels, dict) or labels.get(MANAGED_BY) != OURS:
        return None
    found = _NAME.fullmatch(metadata["name"])
    return (ReportPlace(metadata.get("namespace") or "", found[1]), int(found[2] or 1)) if found else None


def is_reported(kind: Kind) -> bool:
    """Whether there are reports about such objects: not about reports, nor about Events, which pass by."""
    return kind.group not in _OF_REPORTS and not (kind.kind == "Event" and kind.group in _EVENT_GROUPS)


def referred(kind: Kind, reference: Json, namespace: str) -> ObjectRef | None:
    """The object that a reference with name and uid is about; None where it is none."""
    if not isinstance(reference, dict):
        return None
    name, uid = reference.get("name"), reference.get("uid") or ""
    return ObjectRef(kind, namespace, name, uid) if isinstance(name, str) and name and isinstance(uid, str) else None


def _digest(item: ObjectRef) -> str:
    parts = (item.kind.group, item.kind.kind, item.namespace, item.name, item.uid)
    return blake2b("\0".join(parts).encode(errors="replace"), digest_size=16).hexdigest()
