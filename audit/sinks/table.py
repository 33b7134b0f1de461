"""A table for people: what each constraint found, as `patrol demo` prints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.aggregate import Summary
from audit.model import RunInfo
from constraints import Constraint, Violation

SHOWN = 3
HEADER = ("CONSTRAINT", "ACTION", "TOTAL", "FIRST VIOLATIONS")


@dataclass(slots=True)
class TableSink:
    """Prints one table at the end of each run, `width` columns wide, by `write`."""

    write: Callable[[str], object]
    width: int = 120
    name: str = "table"

    def start(self, info: RunInfo) -> None:
        """Nothing to do."""

    def add(self, violation: Violation) -> None:
        """Nothing to do: the summary keeps the first violations."""

    def finish(self, summary: Summary) -> None:
        """Print the table, the totals under it, and what could not be audited."""
        self.write(render(summary, self.width))


def render(summary: Summary, width: int) -> str:
    """The table as text, ending in a newline; constraints with most violations first."""
    ranked = sorted(summary.constraints, key=lambda c: (-summary.totals[c.key], c.key))
    rows = [HEADER, *(row for constraint in ranked for row in _rows(constraint, summary))]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [_line(row, widths, width) for row in rows]
    return "\n".join([*lines, "", *_footer(summary)]) + "\n"


def _rows(constraint: Constraint, summary: Summary) -> list[tuple[str, str, str, str]]:
    total = summary.totals[constraint.key]
    texts = [_violation(v) for v in summary.first(constraint.key)[:SHOWN]]
    if total > len(texts):
        texts.append(f"... and {total - len(texts)} more")
    first, *others = texts or ["-"]
    action = ",".join(constraint.actions) or constraint.action
    return [(constraint.key, action, str(total), first), *(("", "", "", text) for text in others)]


def _violation(violation: Violation) -> str:
    item = violation.object
    name = f"{item.namespace}/{item.name}" if item.namespace else item.name
    return f"{item.kind.kind} {name}: {' '.join(violation.message.split())}"


def _line(row: Sequence[str], widths: Sequence[int], width: int) -> str:
    left = f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}  "
    room = max(20, width - len(left))
    text = row[3] if len(row[3]) <= room else row[3][: room - 3] + "..."
    return (left + _printable(text)).rstrip()


def _printable(text: str) -> str:
    """Control characters of hostile names and messages must not reach a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _footer(summary: Summary) -> list[str]:
    objects = sum(stats.objects for stats in summary.kinds.values())
    found = sum(summary.totals.values())
    lines = [f"{found} violations of {len(summary.constraints)} constraints in {objects} objects of {len(summary.kinds)} kinds, {summary.seconds:.2f} s, audit_id {summary.info.audit_id}"]
    if summary.gaps:
        lines.append(f"Not everything could be audited, {len(summary.gaps)} gaps:")
        lines += [f"  {gap.cause.value} {gap.reason}: {_printable(gap.message)}" for gap in summary.gaps[:10]]
    return lines
