"""Many log lines of violations at once, byte for byte as the formatter makes one after the other.

What is the same in all lines of a constraint and a kind of object is made by the formatter, once, with a mark at each
place where lines differ; a line is then put together from the pieces between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from logging import INFO, Formatter, LogRecord
from typing import Any, Final

import orjson

from audit.fields import truncate
from audit.logs.streams import JSON_OPTIONS, json_default
from constraints import Constraint, Kind, ObjectRef, Violation
from constraints.dataclass import dataclass
from constraints.model import Json

# One for each place in a line, in their order. That of `details` has a key that the formatter writes in another way
# where it has to make something in the line readable first: then it would do so in all lines.
_MARKS: Final[tuple[Any, ...]] = ("<ts>", "<msg>", {True: "<details>"}, "<namespace>", "<name>", "<labels>")
_SHORT: Final = 64  # characters that never make more than 256 bytes
Fields = Callable[[Violation], Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Pattern:
    """What lines of one constraint and kind have in common: from the beginning of a line to its ts, from there to its
    message, and so on; None where the formatter has to make each line.
    """

    annotations: Mapping[str, str] | None
    pieces: tuple[bytes, ...] | None


class ViolationLines:
    """Makes the lines of one run; `fields` are those of an event."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._patterns: dict[Kind, dict[tuple[Any, ...], Pattern]] = {}

    def text(self, violations: Iterable[Violation], formatter: Formatter, record: LogRecord) -> str:
        """A line for each violation, with a line break between two; `record` says when and for which logger."""
        stamp, lines = orjson.dumps(record.created), []
        known: dict[tuple[Constraint, str, tuple[str, ...]], tuple[bytes, ...] | None] = {}
        kind, item, named = None, None, (b"", b"", b"")
        for violation in violations:
            ref = violation.object
            if ref.kind is not kind:
                kind, known = ref.kind, {}
            key = violation.constraint, violation.action, violation.actions
            if key not in known:
                known[key] = self._pattern(violation, formatter, record).pieces
            pieces = known[key]
            if pieces is None:
                lines.append(self._slow(violation, formatter, record))
                continue
            try:
                if ref is not item:
                    item, named = ref, _named(ref)
                said = _said(violation)
            except TypeError:  # what the formatter has to make readable first
                item = None
                lines.append(self._slow(violation, formatter, record))
                continue
            a, b, c, d, e, f, g = pieces
            lines.append(b"".join((a, stamp, b, said[0], c, said[1], d, named[0], e, named[1], f, named[2], g)))
        return b"\n".join(lines).decode()

    def _pattern(self, violation: Violation, formatter: Formatter, record: LogRecord) -> Pattern:
        constraint, table = violation.constraint, self._patterns.setdefault(violation.object.kind, {})
        key = (constraint.kind, constraint.name, violation.action, violation.actions)
        found = table.get(key)
        if found is None or found.annotations != constraint.annotations:
            found = table[key] = Pattern(constraint.annotations, self._pieces(violation, formatter, record))
        return found

    def _pieces(self, violation: Violation, formatter: Formatter, record: LogRecord) -> tuple[bytes, ...] | None:
        ts, message, details, namespace, name, labels = _MARKS
        ref = ObjectRef(violation.object.kind, namespace, name, "", labels)
        marked = Violation(violation.constraint, ref, message, details, violation.action, violation.actions)
        line = _formatted(self._fields(marked), formatter, record, ts)
        marks = [orjson.dumps(mark, option=JSON_OPTIONS) for mark in _MARKS]
        places = [line.find(mark) for mark in marks]
        if any(line.count(mark) != 1 for mark in marks) or places != sorted(places):
            return None
        ends = [(0, 0), *((at, at + len(mark)) for at, mark in zip(places, marks, strict=True)), (len(line), 0)]
        return tuple(line[end:at] for (_, end), (at, _) in pairwise(ends))

    def _slow(self, violation: Violation, formatter: Formatter, record: LogRecord) -> bytes:
        return _formatted(self._fields(violation), formatter, record, record.created)


def _formatted(fields: Mapping[str, Json], formatter: Formatter, record: LogRecord, created: Any) -> bytes:
    one = LogRecord(record.name, INFO, "", 0, fields, None, None)
    one.created = created
    return formatter.format(one).encode()


def _named(ref: ObjectRef) -> tuple[bytes, bytes, bytes]:
    labels = orjson.dumps(ref.labels, json_default, JSON_OPTIONS)
    return orjson.dumps(ref.namespace), orjson.dumps(ref.name), labels


def _said(violation: Violation) -> tuple[bytes, bytes]:
    message = violation.message
    short = message if len(message) <= _SHORT else truncate(message)
    details = violation.details
    if details is None or (type(details) is dict and not details):
        return orjson.dumps(short), b"{}" if details is not None else b"null"
    # In a list, so that it is as deep as in a line: what is too deep there is too deep here.
    return orjson.dumps(short), orjson.dumps([details], json_default, JSON_OPTIONS)[1:-1]
