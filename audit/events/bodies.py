"""The Events themselves, within all limits that the API server has for them (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

from audit.events.reasons import Reason
from audit.fields import (
    CONSTRAINT_GROUP,
    CONSTRAINT_VERSION,
    event_type,
    known_fields,
    shortened,
    truncate,
    valid_text,
    violation_fields,
)
from audit.ledger import Known
from audit.model import Resource, RunInfo, timestamp
from constraints import Kind, ObjectRef, Violation
from constraints.dataclass import dataclass
from constraints.model import Json, Object

CORE: Final = Resource(Kind("", "v1", "Event"), "events", True)
NEW: Final = Resource(Kind("events.k8s.io", "v1", "Event"), "events", True)
COMPONENT: Final = "gatekeeper-audit"
CONTROLLER: Final = "kube-patrol"
CLUSTER_SCOPED: Final = "default"  # the namespace of Events about objects that live in none
NOTE_BYTES: Final = 1024
INSTANCE_BYTES: Final = 128
_NAME: Final = 253
_DIGEST: Final = 8  # bytes, twice as many characters
_VALID: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_WORDS: Final = re.compile(r"[a-z0-9]+")
_NO_TEXTS: Final = frozenset({"details", "semantic", "constraint_annotations", "resource_labels"})


@dataclass(frozen=True, slots=True)
class Where:
    """Where Gatekeeper's Events go: to `namespace`, or, when `involved`, to that of the object, if it has one."""

    namespace: str
    involved: bool

    def of(self, item: ObjectRef) -> str:
        """The namespace of an Event about this object."""
        return (self.involved and item.namespace) or self.namespace


@dataclass(frozen=True, slots=True)
class Moment:
    """When something is told: in which run, at which Unix second, and by which process (`instance`)."""

    info: RunInfo
    now: float
    instance: str


def audited(violation: Violation, where: Where, name: str, moment: Moment) -> Object:
    """Gatekeeper's Event for one violation of one run, in the core group (compatibility, section 3.5)."""
    item, stamp = violation.object, timestamp(moment.now)
    said = f"Constraint: {violation.constraint.name}, Message: {truncate(violation.message)}"
    home = where.of(item)
    return {
        "apiVersion": CORE.kind.api_version,
        "kind": CORE.kind.kind,
        "metadata": {"name": name, "namespace": home, "annotations": _annotations(violation_fields(violation), moment)},
        "involvedObject": _involved(violation, where),
        "reason": Reason.AUDITED.value,
        "message": note(said if where.involved else f"Resource Namespace: {item.namespace}, {said}"),
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": stamp,
        "lastTimestamp": stamp,
        "count": 1,
        "type": "Warning",
    }


def counted(event: Object, first: float, count: int) -> Object:
    """The same Event, told so many times since `first`: for one that the API server has forgotten meanwhile."""
    return {**event, "firstTimestamp": timestamp(first), "count": count}


def repeat(count: int, moment: Moment) -> Object:
    """What a violation that is found again changes in its Event; the annotation says in which run that was."""
    return {
        "count": count,
        "lastTimestamp": timestamp(moment.now),
        "metadata": {"annotations": {"auditTimestamp": moment.info.audit_id}},
    }


def found(known: Known, name: str, moment: Moment) -> Object:
    """The Event for a violation that was not there before."""
    fields = event_type("violation_found") | known_fields(known.constraint, known.action, known.object)
    said = f"{known.constraint}: {known.message}"
    return _new(Reason.FOUND, "Audit", said, name, moment) | _about(known, fields, name, moment)


def resolved(known: Known, name: str, moment: Moment) -> Object:
    """The Event for a violation that is there no more, and why."""
    why = known.why.value if known.why else ""
    fields = event_type("violation_resolved") | known_fields(known.constraint, known.action, known.object)
    fields |= {"resolved": why, "first_audit_id": known.first}
    said = f"{known.constraint}: resolved ({why.replace('_', ' ')}): {known.message}"
    return _new(Reason.RESOLVED, "Audit", said, name, moment) | _about(known, fields, name, moment)


def standing(constraint: str, number: int, name: str, moment: Moment) -> Object:
    """The Event, on a constraint, for violations of which nobody can tell whether they are new."""
    said = (
        f"{number} violations that the status of the last run did not list: they may be older than this process, "
        "so they have no Event of their own; those that come from now on do"
    )
    fields = event_type("violations_standing") | known_fields(constraint, "", ObjectRef(Kind("", "", ""), "", ""))
    return _new(Reason.STANDING, "Audit", said, name, moment) | {
        "metadata": {"name": name, "namespace": CLUSTER_SCOPED, "annotations": _annotations(fields, moment)},
        "regarding": _constraint(constraint),
    }


def namespace_of(item: ObjectRef) -> str:
    """Where an Event about an object goes, as Kubernetes' own do."""
    return item.namespace or CLUSTER_SCOPED


def event_name(item: str, *parts: str) -> str:
    """A name for the Event of an object of this name, another one for other `parts`; always a DNS subdomain."""
    digest = blake2b("\0".join(parts).encode(errors="replace"), digest_size=_DIGEST).hexdigest()
    plain = item if _VALID.fullmatch(item) else "-".join(_WORDS.findall(item.lower()))
    return f"{plain[: _NAME - len(digest) - 1].rstrip('-.') or 'object'}.{digest}"


def note(text: str) -> str:
    """As much of a text as an Event may say, cut between characters."""
    return shortened(text, NOTE_BYTES)


def is_event(kind: Kind) -> bool:
    """Whether that is an Event itself, of either group: one about it would be audited next."""
    return kind.kind == CORE.kind.kind and kind.group in (CORE.kind.group, NEW.kind.group)


def _involved(violation: Violation, where: Where) -> Object:
    item, constraint = violation.object, violation.constraint
    named = {"kind": item.kind.kind, "name": valid_text(item.name), "namespace": where.of(item)}
    if not where.involved:
        uid = f"{item.kind.kind}/{item.namespace}/{item.name}/{constraint.kind}//{constraint.name}"
        return {**named, "uid": valid_text(uid)}
    if item.uid and item.resource_version:
        return {**named, "uid": item.uid, "resourceVersion": item.resource_version}
    return named


def _new(reason: Reason, action: str, said: str, name: str, moment: Moment) -> dict[str, Json]:
    return {
        "apiVersion": NEW.kind.api_version,
        "kind": NEW.kind.kind,
        "eventTime": timestamp(moment.now, "microseconds"),
        "reportingController": CONTROLLER,
        "reportingInstance": shortened(moment.instance, INSTANCE_BYTES) or CONTROLLER,
        "action": action,
        "reason": reason.value,
        "note": note(said),
        "type": reason.type,
    }


def _about(known: Known, fields: Mapping[str, Json], name: str, moment: Moment) -> dict[str, Json]:
    item = known.object
    regarding = {"apiVersion": item.kind.api_version, "kind": item.kind.kind, "name": valid_text(item.name)}
    regarding |= {"namespace": item.namespace} if item.namespace else {}
    regarding |= {"uid": item.uid} if item.uid else {}
    home = namespace_of(item)
    return {
        "metadata": {"name": name, "namespace": home, "annotations": _annotations(fields, moment)},
        "regarding": regarding,
        "related": _constraint(known.constraint),
    }


def _constraint(key: str) -> Object:
    kind, name = key.split("/", 1)
    return {"apiVersion": f"{CONSTRAINT_GROUP}/{CONSTRAINT_VERSION}", "kind": kind, "name": name}


def _annotations(fields: Mapping[str, Json], moment: Moment) -> dict[str, str]:
    texts = {name: value for name, value in fields.items() if name not in _NO_TEXTS}
    plain = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in texts.items()}
    valid = {name: valid_text(value) for name, value in plain.items()}
    return {"process": "audit", "auditTimestamp": moment.info.audit_id, **valid}
