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

from audit.logs.said import Said
from audit.logs.streams import JSON_OPTIONS
from constraints import Constraint, Kind, ObjectRef, Violation
from constraints.dataclass import dataclass
from constraints.model import Json

# One for each place in a line, in their order. That of `details` has a key that the formatter writes in another way
# where it has to make something in the line readable first: then it would do so in all lines.
_MARKS: Final[tuple[Any, ...]] = ("<ts>", "<msg>", {True: "<details>"}, "<namespace>", "<name>", "<labels>")
FieldsOf = Callable[[Violation], Mapping[str, Json]]
Seams = tuple[bytes, bytes, bytes, tuple[bytes, bytes], bytes]
"""A Pattern's pieces for one moment: up to the message; up to and after the details; around the name; after the labels,
with the line break."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What lines of one constraint and kind have in common: from the beginning of a line to its ts, from there to its
    message, and so on; None where the formatter has to make each line.
    """

    annotations: Mapping[str, str] | None
    pieces: tuple[bytes, ...] | None


class ViolationLines:
    """Makes the lines of one run; `fields` are those of an event."""

    def __init__(self, fields: FieldsOf) -> None:
        self._fields = fields
        self._patterns: dict[Kind, dict[tuple[Any, ...], Pattern]] = {}

    def lines(self, told: Iterable[Said], formatter: Formatter, record: LogRecord) -> bytes:
        """A line for each violation, with its line break; `record` says when and for which logger."""
        known: dict[tuple[Constraint, str, tuple[str, ...]], Seams | None] = {}
        kind, item, around, of_item = None, None, None, b""
        found: list[bytes] = []
        for violation, message, details, named in told:
            ref = violation.object
            if ref.kind is not kind:
                kind, known = ref.kind, {}
            key = violation.constraint, violation.action, violation.actions
            if key not in known:
                known[key] = _seams(self._pattern(violation, formatter, record).pieces, record)
            seams = known[key]
            if seams is None or message is None or details is None or named is None:
                found.append(self._slow(violation, formatter, record))
                continue
            head, before, after, within, end = seams
            if named is not item or within != around:
                item, around = named, within
                of_item = b"".join((named[0], within[0], named[1], within[1], named[2]))
            # At once: pieces that wait cost twice as much.
            found.append(b"".join((head, message, before, details, after, of_item, end)))
        return b"".join(found)

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
        return _formatted(self._fields(violation), formatter, record, record.created) + b"\n"


def _formatted(fields: Mapping[str, Json], formatter: Formatter, record: LogRecord, created: Any) -> bytes:
    one = LogRecord(record.name, INFO, "", 0, fields, None, None)
    one.created = created
    return formatter.format(one).encode()


def _seams(pieces: tuple[bytes, ...] | None, record: LogRecord) -> Seams | None:
    if pieces is None:
        return None
    a, b, c, d, e, f, g = pieces
    return a + orjson.dumps(record.created) + b, c, d, (e, f), g + b"\n"
