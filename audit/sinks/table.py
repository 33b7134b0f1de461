"""A table for people: what each constraint found, as `patrol demo` prints it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from audit.aggregate import Phase, Summary
from audit.fields import numbered, printable
from audit.ledger import Changes
from audit.model import RunInfo
from audit.verdicts import Reviewed
from constraints import Cause, Constraint, Gap, Violation
from constraints.dataclass import dataclass

SHOWN = 3
UNKNOWN, STALE = "?", "*"
HEADER = ("CONSTRAINT", "ACTION", "TOTAL")


@dataclass(slots=True)
class TableSink:
    """Prints one table at the end of each run, `width` columns wide, by `write`."""

    write: Callable[[str], object]
    width: int = 120
    name: str = "table"
    phase: Phase = "log"

    def start(self, info: RunInfo) -> None:
        """Nothing to do."""

    def page(self, reviewed: Reviewed) -> None:
        """Nothing to do: the summary keeps the first violations."""

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Print the table, the totals under it, and what could not be audited."""
        self.write(render(summary, self.width))


def render(summary: Summary, width: int) -> str:
    """The table as text, ending in a newline; constraints with most violations first, the first of them below each.

    A run that did not come to its end has no table, because it would look clean.
    """
    if summary.cut:
        return f"The audit {summary.info.audit_id} did not come to its end; the log says why.\n"
    ranked = sorted(summary.constraints, key=lambda c: (-(summary.standing[c.key].total or 0), c.key))
    rows = [HEADER, *(_row(constraint, summary) for constraint in ranked)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [_line(HEADER, widths)]
    for constraint, row in zip(ranked, rows[1:], strict=True):
        lines += [_line(row, widths), *(_cut(f"    {text}", width) for text in _texts(constraint, summary))]
    return "\n".join([*lines, "", *_footer(summary)]) + "\n"


def _row(constraint: Constraint, summary: Summary) -> tuple[str, str, str]:
    standing = summary.standing[constraint.key]
    total = UNKNOWN if standing.total is None else f"{standing.total}{STALE if standing.stale else ''}"
    return constraint.key, ",".join(constraint.actions) or constraint.action, total


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}"


def _texts(constraint: Constraint, summary: Summary) -> list[str]:
    texts = [_violation(violation) for violation in summary.first(constraint.key)[:SHOWN]]
    more = summary.totals[constraint.key] - len(texts)
    return [*texts, f"... and {more} more"] if more else texts


def _violation(violation: Violation) -> str:
    item = violation.object
    name = f"{item.namespace}/{item.name}" if item.namespace else item.name
    return printable(f"{item.kind.kind} {name}: {' '.join(violation.message.split())}")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 3] + "..."


def _footer(summary: Summary) -> list[str]:
    objects = sum(stats.objects for stats in summary.kinds.values())
    found = f"{numbered(summary.totals.total(), 'violation')} of {numbered(len(summary.constraints), 'constraint')}"
    seen = f"{numbered(objects, 'object')} of {numbered(len(summary.kinds), 'kind')}"
    lines = [f"{found} in {seen}, {summary.seconds:.2f} s, audit_id {summary.info.audit_id}"]
    unwritten = [gap for gap in summary.gaps if gap.cause is Cause.SINK]
    unseen = [gap for gap in summary.gaps if gap.cause is not Cause.SINK]
    if unseen:
        lines += _told(
            f"Not everything could be audited, {_gaps(unseen)} ({STALE} is partly as it was before):", unseen
        )
    if unwritten:
        lines += _told(f"Not everything was written, {_gaps(unwritten)}:", unwritten)
    return lines


def _gaps(gaps: Sequence[Gap]) -> str:
    return numbered(len(gaps), "gap")


def _told(first: str, gaps: Sequence[Gap]) -> list[str]:
    return [first, *(f"    {gap.cause.value} {gap.reason}: {printable(gap.message)}" for gap in gaps[:10])]
