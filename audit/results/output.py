"""Violations of a run, or what changed between two, as a table, JSON or CSV; written as they come.

What policies and names say is hostile: nothing in it steers a terminal or starts a formula.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

import orjson

from audit.errors import ResultsError
from audit.fields import numbered, printable
from audit.model import Outcome
from audit.results.difference import CHANGES, Row
from audit.results.reading import Found, RunFile
from constraints.dataclass import value
from constraints.model import Json

Write = Callable[[str], object]
_LOOKED_AT: Final = 1000  # rows from which a table takes the width of its columns
_GAPS: Final = 10
_FORMULA: Final = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # the last four are wide ones
# Characters that JSON may hold as they are, and that some terminals take for commands or that turn text around.
_STEERING: Final = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_COLUMNS: Final[tuple[tuple[str, Callable[[Found], str]], ...]] = (
    ("constraint_kind", lambda found: found.constraint_kind),
    ("constraint_name", lambda found: found.constraint_name),
    ("constraint_action", lambda found: found.action),
    ("resource_group", lambda found: found.group),
    ("resource_api_version", lambda found: found.version),
    ("resource_kind", lambda found: found.kind),
    ("resource_namespace", lambda found: found.namespace),
    ("resource_name", lambda found: found.name),
    ("resource_uid", lambda found: found.uid),
    ("message", lambda found: found.message),
    ("details", lambda found: _json(found.fields.get("details"))),
)
BY: Final[Mapping[str, Callable[[Found], str]]] = {
    "constraint": lambda found: found.constraint,
    "action": lambda found: found.action,
    "kind": lambda found: f"{found.kind}.{found.group}" if found.group else found.kind,
    "namespace": lambda found: found.namespace,
    "object": lambda found: found.object,
}
"""What violations can be counted by."""


@value
class Report:
    """`rows` go past once, and only then are `runs` known to their end: one run, or the two that are compared.

    `changes` are those that are shown where runs are compared; all are counted.
    """

    rows: Iterable[Row]
    runs: Callable[[], Sequence[RunFile]]
    changes: tuple[str, ...] = ()


def table(report: Report, write: Write) -> None:
    """A line a violation, its message as short as in a status, and a sentence of what there was."""
    tally: Counter[str] = Counter()
    lines = _shown(report, tally)
    first = [_cells(row) for row in islice(lines, _LOOKED_AT)]
    header = ("CHANGE", "ACTION", "CONSTRAINT", "OBJECT", "MESSAGE") if report.changes else _HEADER
    widths = [max(map(len, column)) for column in zip(header, *first, strict=True)]
    if first:
        for cells in chain([header], first, map(_cells, lines)):
            write(_aligned(cells, widths))
        write("\n")
    for line in _footer(report, tally):
        write(f"{line}\n")


def as_json(report: Report, write: Write) -> None:
    """One object: the runs as they begin and end, the violations with all that their lines say, gaps, constraints."""
    tally: Counter[str] = Counter()
    rows = _shown(report, tally)
    write('{"%s":[' % ("changes" if report.changes else "violations"))
    separator = "\n"
    for row in rows:
        write(separator + _json({"change": row.change, **row.found.fields} if row.change else row.found.fields))
        separator = ",\n"
    counts = {change: tally[change] for change in CHANGES} if report.changes else {"shown": tally.total()}
    runs = [_json(_told(run)) for run in report.runs()]
    write(f'\n],\n"counts":{_json(counts)},\n"runs":[\n')
    write(",\n".join(runs) + "\n]}\n")


def as_csv(report: Report, write: Write) -> None:
    """A line of names, and a line a violation with its whole message. A cell that began like a formula begins with
    `'`.
    """
    rows = csv.writer(_Lines(write), lineterminator="\n")
    rows.writerow([*(["change"] if report.changes else []), *(name for name, _ in _COLUMNS)])
    for row in _shown(report):
        cells = [_cell(read(row.found)) for _, read in _COLUMNS]
        rows.writerow([row.change, *cells] if report.changes else cells)


FORMATS: Final[Mapping[str, Callable[[Report, Write], None]]] = {"table": table, "json": as_json, "csv": as_csv}


def counted(report: Report, by: str, format: str, write: Write) -> None:
    """How many violations there are by a word of BY, most first; each change has its column."""
    read, columns = BY[by], report.changes or ("violations",)
    numbers: dict[str, Counter[str]] = {}
    for row in _shown(report):
        numbers.setdefault(read(row.found), Counter())[row.change or columns[0]] += 1
    ranked = sorted(numbers.items(), key=lambda item: (-item[1].total(), item[0]))
    if format == "json":
        found = [_json({by: word, **{name: counts[name] for name in columns}}) for word, counts in ranked]
        write("[\n" + ",\n".join(found) + "\n]\n")
    elif format == "csv":
        rows = csv.writer(_Lines(write), lineterminator="\n")
        rows.writerows(
            [(by, *columns), *((_cell(word), *(counts[name] for name in columns)) for word, counts in ranked)]
        )
    else:
        texts = [(printable(word) or "-", *(str(counts[name]) for name in columns)) for word, counts in ranked]
        header = tuple(word.upper() for word in (by, *columns))
        widths = [max(map(len, column)) for column in zip(header, *texts, strict=True)]
        for cells in (header, *texts):
            pairs = zip(cells[1:], widths[1:], strict=True)
            write("  ".join([f"{cells[0]:<{widths[0]}}", *(f"{cell:>{width}}" for cell, width in pairs)]) + "\n")


_HEADER: Final = ("ACTION", "CONSTRAINT", "OBJECT", "MESSAGE")


class _Lines:
    """What the csv module writes to."""

    def __init__(self, write: Write) -> None:
        self.write = write


def _shown(report: Report, tally: Counter[str] | None = None) -> Iterator[Row]:
    """The rows that are wanted; the tally counts all of them by their change."""
    for row in report.rows:
        if tally is not None:
            tally[row.change] += 1
        if row.change in report.changes or not report.changes:
            yield row


def _cells(row: Row) -> tuple[str, ...]:
    found = row.found
    texts = (found.action, found.constraint, found.object, found.short)
    return tuple(printable(" ".join(text.split())) for text in ((row.change, *texts) if row.change else texts))


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    *others, last = cells
    padded = [f"{cell:<{width}}" for cell, width in zip(others, widths[:-1], strict=True)]
    return "  ".join([*padded, last]) + "\n"


def _footer(report: Report, tally: Counter[str]) -> Iterator[str]:
    runs = report.runs()
    if report.changes:
        counts = ", ".join(f"{tally[change]} {change}" for change in CHANGES)
        yield f"{counts} from run {printable(runs[0].audit_id)} to run {printable(runs[-1].audit_id)}"
        yield from chain.from_iterable(map(_state, runs))
        return
    (run,) = runs
    number = run.end.count("violations")
    some = f"{tally.total()} of " if tally.total() != number else ""
    objects, kinds = numbered(run.end.count("objects"), "object"), numbered(run.end.count("kinds"), "kind")
    what = f"{numbered(len(run.constraints), 'constraint')} in {objects} of {kinds}"
    yield f"{some}{numbered(number, 'violation')} of {what}, run {printable(run.audit_id)}"
    yield from _state(run)


def _state(run: RunFile) -> Iterator[str]:
    """How a run ended, where that is not as it should be."""
    outcome = run.end.text("outcome")
    if outcome != Outcome.COMPLETE.value:
        how = "is not written everywhere" if outcome == Outcome.UNWRITTEN.value else f"is not complete: {outcome}"
        yield printable(f"Run {run.audit_id} {how}: {run.end.text('reason')}")
    for line in run.gaps[:_GAPS]:
        yield printable(f"    {line.text('gap_cause')} {line.text('gap_reason')}: {line.text('msg')}")
    if len(run.gaps) > _GAPS:
        yield f"    ... and {len(run.gaps) - _GAPS} more"


def _told(run: RunFile) -> dict[str, Json]:
    return {
        "start": run.head.fields,
        "end": run.end.fields,
        "gaps": [line.fields for line in run.gaps],
        "constraints": [line.fields for line in run.constraints],
    }


def _json(found: Any) -> str:
    """Raises ResultsError for what nests deeper than anything that we write."""
    try:
        text = orjson.dumps(found).decode()
    except TypeError as error:
        raise ResultsError(f"a violation cannot be shown as JSON: {error}") from error
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _cell(text: str) -> str:
    """Line breaks and tabs stay, other characters that steer do not."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return f"'{shown}" if shown.lstrip(" ").startswith(_FORMULA) else shown
