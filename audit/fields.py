"""The one table of names by which log, export and events tell of a violation (compatibility, sections 3.2, 10).

Also the names of what else is told of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from constraints import Constraint, Gap, Kind, ObjectRef, Violation
from constraints.dataclass import dataclass
from constraints.model import Json

CONSTRAINT_GROUP = "constraints.gatekeeper.sh"
CONSTRAINT_VERSION = "v1beta1"  # whatever version a constraint was written in (compatibility, section 3.2)
AUDIT_STARTED = "audit_started"
VIOLATION_AUDITED = "violation_audited"
CONSTRAINT_AUDITED = "constraint_audited"
AUDIT_GAP = "audit_gap"  # ours; Gatekeeper has no line for what it could not audit
AUDIT_FINISHED = "audit_finished"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MESSAGE_BYTES = 256
ELLIPSIS = "..."
_NOWHERE = ObjectRef(Kind("", "", ""), "", "")


def valid_text(text: str) -> str:
    """The same text with U+FFFD for each half of a surrogate pair, which no encoding has a place for."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def printable(text: str) -> str:
    """The same text with U+FFFD for what is no plain character: those of hostile names and messages steer a
    terminal.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def numbered(number: int, one: str, many: str = "") -> str:
    """`1 message`, `2 messages`; `many` are the words where there is more to them than another s."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def truncate(message: str) -> str:
    """A message of more than 256 bytes of UTF-8 is cut to 253 or a little less, and gets three dots.

    The cut never divides a character (compatibility, section 4.1; Gatekeeper cuts anywhere).
    """
    if len(message) <= MESSAGE_BYTES and message.isascii():
        return message
    return shortened(message, MESSAGE_BYTES)


def shortened(text: str, most: int) -> str:
    """A text of no more than `most` bytes of UTF-8; three dots end one that was longer."""
    data = valid_text(text).encode()
    if len(data) <= most:
        return data.decode()
    return data[: most - len(ELLIPSIS)].decode(errors="ignore") + ELLIPSIS


def annotations_of(constraint: Constraint) -> Mapping[str, str] | None:
    """A constraint's annotations without the copy of the whole constraint that kubectl keeps there; None for none."""
    given = constraint.annotations
    if given is None or LAST_APPLIED not in given:
        return given
    return {name: value for name, value in given.items() if name != LAST_APPLIED}


@dataclass(frozen=True, slots=True)
class Field:
    """One fact of a violation: its key in a log event, its key in an exported message (empty: not there)."""

    log: str
    export: str
    value: Callable[[Violation], Json]


FIELDS: tuple[Field, ...] = (
    Field("details", "details", lambda v: v.details),
    Field("event_type", "eventType", lambda v: VIOLATION_AUDITED),
    Field("semantic", "", lambda v: True),
    Field("constraint_group", "group", lambda v: CONSTRAINT_GROUP),
    Field("constraint_api_version", "version", lambda v: CONSTRAINT_VERSION),
    Field("constraint_kind", "kind", lambda v: v.constraint.kind),
    Field("constraint_name", "name", lambda v: v.constraint.name),
    Field("constraint_namespace", "namespace", lambda v: ""),
    Field("", "message", lambda v: truncate(v.message)),  # in a log event it is `msg`, before all others
    Field("constraint_action", "enforcementAction", lambda v: v.action),
    Field("constraint_enforcement_actions", "enforcementActions", lambda v: list(v.actions)),
    Field("constraint_annotations", "constraintAnnotations", lambda v: annotations_of(v.constraint)),
    Field("resource_group", "resourceGroup", lambda v: v.object.kind.group),
    Field("resource_api_version", "resourceAPIVersion", lambda v: v.object.kind.version),
    Field("resource_kind", "resourceKind", lambda v: v.object.kind.kind),
    Field("resource_namespace", "resourceNamespace", lambda v: v.object.namespace),
    Field("resource_name", "resourceName", lambda v: v.object.name),
    Field("resource_labels", "resourceLabels", lambda v: v.object.labels),
)

_LOG = tuple((field.log, field.value) for field in FIELDS if field.log)
_EXPORT = tuple((field.export, field.value) for field in FIELDS if field.export)
EXPORTED = tuple(name for name, _ in _EXPORT)
"""The keys of an exported violation after `id`, in their order."""


def violation_fields(violation: Violation) -> dict[str, Json]:
    """The keys of a `violation_audited` log event after `audit_id`, in their order."""
    return {name: value(violation) for name, value in _LOG}


def export_fields(violation: Violation) -> dict[str, Json]:
    """The keys of an exported violation after `id`, in their order; what is empty is left out.

    Not so details: Gatekeeper leaves them out where there are none at all, as CEL has none, but not those of Rego,
    which are `{}` where a policy says nothing (compatibility, section 10).
    """
    found = ((name, value(violation)) for name, value in _EXPORT)
    return {name: told for name, told in found if told or (name == "details" and told is not None)}


def constraint_fields(kind: str, name: str) -> dict[str, Json]:
    """The keys that name a constraint in a log event, spelled as in `violation_fields`."""
    return {
        "constraint_group": CONSTRAINT_GROUP,
        "constraint_api_version": CONSTRAINT_VERSION,
        "constraint_kind": kind,
        "constraint_name": name,
        "constraint_namespace": "",
    }


def known_fields(constraint: str, action: str, item: ObjectRef) -> dict[str, Json]:
    """The keys of a violation of which only the constraint's key is known, its action, and the object."""
    return constraint_fields(*constraint.split("/", 1)) | {
        "constraint_action": action,
        "resource_group": item.kind.group,
        "resource_api_version": item.kind.version,
        "resource_kind": item.kind.kind,
        "resource_namespace": item.namespace,
        "resource_name": item.name,
    }


def gap_fields(gap: Gap) -> dict[str, Json]:
    """What could not be audited: the cause, one word for the reason, and as much of the resource as is known."""
    item = gap.object or _NOWHERE
    kind = item.kind if gap.object else gap.kind or _NOWHERE.kind
    return event_type(AUDIT_GAP) | {
        "gap_cause": gap.cause.value,
        "gap_reason": gap.reason,
        "gap_policy": gap.policy,
        "resource_group": kind.group,
        "resource_api_version": kind.version,
        "resource_kind": kind.kind,
        "resource_namespace": item.namespace or gap.namespace,
        "resource_name": item.name,
        **({"gap_policies": list(gap.policies)} if gap.policies else {}),
    }


def event_type(name: str) -> dict[str, Json]:
    """What marks a line of the log as an event for machines."""
    return {"event_type": name, "semantic": True}


def status_entry(violation: Violation) -> dict[str, Json]:
    """One entry of `status.violations` (compatibility, section 4.1)."""
    kind = violation.object.kind
    entry: dict[str, Json] = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    if violation.object.namespace:
        entry["namespace"] = violation.object.namespace
    entry |= {"name": violation.object.name, "message": truncate(violation.message)}
    entry["enforcementAction"] = violation.action
    if violation.actions:
        entry["enforcementActions"] = list(violation.actions)
    return entry
