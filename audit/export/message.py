"""The messages about a run, as the objects that their JSON tells (compatibility, section 10); pure.

What Gatekeeper's do not say stands in one field, `extended`, and only where that is wanted.
"""

from __future__ import annotations

import hashlib

from audit.aggregate import Summary
from audit.fields import CONSTRAINT_GROUP, CONSTRAINT_VERSION, export_fields, gap_fields, truncate, valid_text
from audit.ledger import Known
from audit.model import Outcome
from audit.outcomes import ending
from constraints import Cause, ObjectRef, Violation
from constraints.dataclass import dataclass
from constraints.model import Json

STARTED = "audit is started"
COMPLETED = "audit is completed"
INTERRUPTED = "audit is interrupted"
RESOLVED = "violation_resolved"
GAPS_TOLD = 100

Message = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Told:
    """How a run tells: whether more than Gatekeeper does, the name of the cluster, and whether of `all` or
    `changes`.
    """

    extended: bool = False
    cluster: str = ""
    of: str = "all"


@dataclass(frozen=True, slots=True)
class Sent:
    """Messages about violations in one run: how many were put on their way, and how many had no place there."""

    sent: int = 0
    dropped: int = 0


def start_message(run: str, told: Told) -> Message:
    """A run has begun."""
    return {"id": run, "message": STARTED} | _more(told, {"of": told.of})


def end_message(run: str, told: Told, sent: Sent, summary: Summary) -> Message:
    """A run has ended, well or not; `sent` of it, so that nobody has to trust in having got all."""
    more: dict[str, Json] = {}
    if told.extended:
        gaps = [_gap(gap_fields(gap), gap.message) for gap in summary.gaps[:GAPS_TOLD]]
        counts = {"violations": summary.totals.total(), "sent": sent.sent, "dropped": sent.dropped}
        outcome = ending(summary).outcome.value
        more = {
            "of": told.of,
            "outcome": outcome,
            "complete": not _missing(summary) and not sent.dropped,
        }
        more |= {"counts": {**counts, "gaps": len(summary.gaps)}, "gaps": gaps}
    return {"id": run, "message": COMPLETED} | _more(told, more)


def interrupted_message(run: str, told: Told, sent: Sent) -> Message | None:
    """A run that never ended, for its process was killed; None where only Gatekeeper's messages are told.

    Gatekeeper has none for that: whoever reads its messages waits for one that says that an audit is completed, which
    this one was not.
    """
    if not told.extended:
        return None
    more = {"outcome": Outcome.INTERRUPTED.value, "complete": False}
    return {"id": run, "message": INTERRUPTED} | _more(
        told, more | {"counts": {"sent": sent.sent, "dropped": sent.dropped}}
    )


def violation_message(run: str, violation: Violation, told: Told, first: str = "") -> Message:
    """A violation with Gatekeeper's keys in their order; what is empty is left out."""
    message = {"id": run, **export_fields(violation)}
    if not told.extended:
        return message
    return message | _about(told, violation.constraint.key, violation.object, violation.message, first)


def resolved_message(run: str, known: Known, told: Told) -> Message:
    """A violation that is there no more, with the same keys as far as they are still known."""
    kind, _, name = known.constraint.partition("/")
    ref = known.object
    message = {
        "id": run,
        "eventType": RESOLVED,
        "group": CONSTRAINT_GROUP,
        "version": CONSTRAINT_VERSION,
        "kind": kind,
        "name": name,
        "message": truncate(known.message),
        "enforcementAction": known.action,
        "resourceGroup": ref.kind.group,
        "resourceAPIVersion": ref.kind.version,
        "resourceKind": ref.kind.kind,
        "resourceNamespace": ref.namespace,
        "resourceName": ref.name,
    }
    message = {name: value for name, value in message.items() if value}
    if not told.extended:
        return message
    about = _about(told, known.constraint, ref, known.message, known.first)
    about["extended"]["resolved"] = known.why.value if known.why else ""
    return message | about


def violation_id(cluster: str, constraint: str, ref: ObjectRef, message: str) -> str:
    """The same for one violation in all runs, whatever version its kind is listed in; 32 hexadecimal digits."""
    kind = ref.kind
    text = "\0".join((cluster, constraint, kind.group, kind.kind, ref.namespace, ref.name, ref.uid, message))
    return hashlib.sha256(valid_text(text).encode()).hexdigest()[:32]


def _about(told: Told, constraint: str, ref: ObjectRef, message: str, first: str) -> Message:
    more = {
        "id": violation_id(told.cluster, constraint, ref, message),
        "uid": ref.uid,
        "message": message,
        "first_seen": first,
    }
    return _more(told, {name: value for name, value in more.items() if value})


def _more(told: Told, more: Message) -> Message:
    if not told.extended:
        return {}
    return {"extended": more | ({"cluster": told.cluster} if told.cluster else {})}


def _missing(summary: Summary) -> bool:
    """Whether something was not audited, or not to the end. What other sinks could not write was."""
    return summary.cut is not None or any(gap.cause is not Cause.SINK for gap in summary.gaps)


def _gap(fields: Message, message: str) -> Message:
    kept = {name: value for name, value in fields.items() if value and name not in ("event_type", "semantic")}
    return {**kept, "message": message}
