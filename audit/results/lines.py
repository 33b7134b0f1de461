"""What a run tells, as the lines of its file: violations with their whole messages, gaps, constraints, counts
(pure).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from audit.aggregate import Summary
from audit.fields import (
    AUDIT_FINISHED,
    AUDIT_STARTED,
    CONSTRAINT_AUDITED,
    MESSAGE_BYTES,
    constraint_fields,
    event_type,
    gap_fields,
    truncate,
    valid_text,
    violation_fields,
)
from audit.logs.said import Named, Said
from audit.logs.streams import JSON_OPTIONS, encoded
from audit.model import ConstraintRecord, RunInfo, Standing, timestamp
from audit.outcomes import ending
from audit.results.format import FORMAT, VERSION
from audit.version import ours
from constraints import Kind, ObjectRef, Violation
from constraints.model import Json

_OPTIONS: Final = JSON_OPTIONS | orjson.OPT_APPEND_NEWLINE
_OWN: Final = frozenset(
    {"details", "resource_namespace", "resource_name", "resource_labels"}
)  # differ with each object
_UNKNOWN: Final = Standing(None)


class RunLines:
    """The lines of one run, and how many violations they told.

    What is the same in all lines of a constraint and a kind of object is made once, and stands first in them.
    """

    def __init__(self, info: RunInfo) -> None:
        self.violations = 0
        self._info = info
        self._heads: dict[Kind, dict[tuple[Any, ...], bytes]] = {}

    def started(self) -> bytes:
        """The first line."""
        fields = {
            "event_type": AUDIT_STARTED,
            "format": FORMAT,
            "version": VERSION,
            "audit_id": self._info.audit_id,
            "started": timestamp(self._info.started, "milliseconds"),
            "program": f"kube-patrol {ours()}",
        }
        return _line(fields)

    def page(self, told: Iterable[Said]) -> bytes:
        """A line for each violation; what the log cuts short is there whole besides, as `full_message`."""
        kind, heads, item, of_item = None, {}, None, b""
        lines: list[bytes] = []
        for violation, message, details, named in told:
            ref = violation.object
            if ref.kind is not kind:
                kind, heads = ref.kind, self._heads.setdefault(ref.kind, {})
            key = (violation.constraint, violation.action, violation.actions)
            head = heads.get(key) or heads.setdefault(key, self._head(violation))
            if message is None or details is None or named is None or _is_cut(violation.message):
                lines.append(head + _own(violation))
                continue
            if named is not item:
                item, of_item = named, _of_object(ref, named)
            lines.append(b"".join((head, b'"msg":', message, b',"details":', details, of_item)))
        self.violations += len(lines)
        return b"".join(lines)

    def rest(self, summary: Summary, ended: float) -> Iterator[bytes]:
        """The lines after the violations; `ended` in Unix seconds."""
        for gap in summary.gaps:
            yield self._event(gap_fields(gap) | {"msg": valid_text(gap.message)})
        for record in summary.records:
            yield self._event(_constraint(record, summary))
        yield self._event(
            event_type(AUDIT_FINISHED) | self._counts(summary) | {"ended": timestamp(ended, "milliseconds")}
        )

    def _head(self, violation: Violation) -> bytes:
        """A line up to what only the object says."""
        shared = {name: value for name, value in violation_fields(violation).items() if name not in _OWN}
        return self._event(shared).rstrip()[:-1] + b","

    def _event(self, fields: Mapping[str, Json]) -> bytes:
        return _line({"event_type": fields["event_type"], "audit_id": self._info.audit_id, **fields})

    def _counts(self, summary: Summary) -> dict[str, Json]:
        end = ending(summary)
        return {
            "outcome": end.outcome.value,
            "reason": valid_text(end.reason),
            "seconds": round(summary.seconds, 3),
            "violations": self.violations,
            "gaps": len(summary.gaps),
            "constraints": len(summary.records),
            "objects": sum(stats.objects for stats in summary.kinds.values()),
            "kinds": len(summary.kinds),
        }


def _is_cut(message: str) -> bool:
    """Whether the log may cut the message."""
    return len(message) > MESSAGE_BYTES or not message.isascii()


def _of_object(ref: ObjectRef, named: Named) -> bytes:
    """The end of each line about an object."""
    names = (b"resource_namespace", b"resource_name", b"resource_uid", b"resource_labels")
    told = zip(names, (named[0], named[1], encoded(ref.uid), named[2]), strict=True)
    return b"".join([b',"' + name + b'":' + value for name, value in told]) + b"}\n"


def _own(violation: Violation) -> bytes:
    """What only this line says, to its end."""
    ref, message = violation.object, violation.message
    own: dict[str, Json] = {
        "msg": (short := truncate(message)),
        "details": violation.details,
        "resource_namespace": ref.namespace,
        "resource_name": ref.name,
        "resource_uid": ref.uid,
        "resource_labels": ref.labels,
    }
    if short != message and short != (whole := valid_text(message)):
        own["full_message"] = whole
    return _line(own)[1:]


def _constraint(record: ConstraintRecord, summary: Summary) -> dict[str, Json]:
    """What a constraint came to: found in this run, and `total` as its status has it, with what could not be seen."""
    standing = summary.standing.get(record.key, _UNKNOWN)
    return (
        event_type(CONSTRAINT_AUDITED)
        | constraint_fields(*record.names)
        | {
            "constraint_action": record.action,
            "constraint_status": "enforced" if record.constraint else "unenforced",
            "violations": summary.totals[record.key],
            "passes": summary.passes[record.key],
            "errors": summary.errors[record.key],
            "total": standing.total,
            "stale": standing.stale,
        }
    )


def _line(fields: Mapping[str, Json]) -> bytes:
    return encoded(fields, _OPTIONS)
