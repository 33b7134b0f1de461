"""`patrol results`: what a run found, and what changed between two, from the files of --results-dir."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Final

from audit.errors import ConfigError, ResultsError
from audit.results.choice import Choice
from audit.results.difference import CHANGES, NEW, RESOLVED, STALE, Difference, Row
from audit.results.names import LATEST
from audit.results.output import BY, FORMATS, Report, Write, counted
from audit.results.reading import STDIN, RunFile, opened
from audit.results.runs import opened_together
from audit.settings.commands import Command
from audit.settings.flagtypes import OPTIONAL_PATH, FlagType
from audit.settings.rows import flag
from constraints.dataclass import dataclass

SHOWN, FAILED, WRONG_USE = 0, 1, 2
COMMAND: Final = Command(
    "results",
    "Show what a run found, and what changed between two, from the files that --results-dir of patrol run keeps.",
    """RUN is latest, previous, an audit_id such as 2026-11-21T01:50:39Z, the name of a file in the folder, or a path.

examples:
  patrol results --results-dir /var/lib/kube-patrol
  patrol results --results-dir /var/lib/kube-patrol --diff previous latest
  patrol results -f run.jsonl.gz --namespace shop --kind Pod -o csv
  kubectl exec deploy/kube-patrol-audit -- cat /results/latest | patrol results -f - --count-by namespace

exit codes:
  0  shown, whatever was found
  1  a file is missing, broken or not whole, or of a newer version; the message names the line
  2  wrong flags
""",
)
_FORMAT = FlagType("", "an output format", str.lower, choices=tuple(FORMATS))
_BY = FlagType("", "what to count by", str.lower, choices=tuple(BY))
_RUN = FlagType("RUN", "a run", str)
_FILE = FlagType("FILE", "a file", str)
_TEXT = FlagType("TEXT", "text", str)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in text.split(",") if word)


def _as_given(text: str) -> tuple[str, ...]:
    return (text,)


def _changes(text: str) -> tuple[str, ...]:
    words = _words(text)
    if not words or set(words) - set(CHANGES):
        raise ValueError(text)
    return words


_RUNS = FlagType("RUN", "two runs", _as_given, values=2)
_WORDS = FlagType("WORD,...", "words", _words, repeatable=True)
_CHANGES = FlagType("WORD,...", "changes", _changes, repeatable=True, otherwise=f"not among {', '.join(CHANGES)}")


@dataclass(frozen=True, slots=True)
class ResultsFlags:
    """What `patrol results` was told."""

    file: str = flag("filename", "", _FILE, "a file of results instead of a folder of them; - is standard input", "-f")
    folder: str = flag("results-dir", "", OPTIONAL_PATH, "the folder of results", "PATROL_RESULTS_DIR")
    run: str = flag("run", LATEST, _RUN, f"which run of the folder to show ({LATEST})")
    diff: tuple[str, ...] = flag("diff", (), _RUNS, "show what changed from the first run to the second")
    output: str = flag("output", "table", _FORMAT, "output format (table)", "-o")
    by: str = flag("count-by", "", _BY, "count violations instead of showing them")
    namespaces: tuple[str, ...] = flag("namespace", (), _WORDS, "only in these namespaces", "-n")
    kinds: tuple[str, ...] = flag("kind", (), _WORDS, "only of these kinds: Pod, or Deployment.apps")
    constraints: tuple[str, ...] = flag(
        "constraint", (), _WORDS, "only of these constraints: Kind/name, or all of a kind, or of a name"
    )
    actions: tuple[str, ...] = flag("action", (), _WORDS, "only with these enforcement actions")
    text: str = flag("text", "", _TEXT, "only with this text in the message; case does not count")
    changes: tuple[str, ...] = flag(
        "change", (), _CHANGES, f"with --diff, which changes to show ({NEW},{RESOLVED},{STALE}); standing is the other"
    )


def main(argv: Sequence[str]) -> int:
    """Run `patrol results`; gives 1 for results that cannot be read, 2 for wrong flags."""
    try:
        flags = COMMAND.read(ResultsFlags(), argv, os.environ)
        _check(flags)
    except ConfigError as error:
        return _complain(error, WRONG_USE)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal of another encoding takes what it can
    try:
        with ExitStack() as stack:
            report = _compared(flags, stack) if flags.diff else _read(flags, stack)
            _show(report, flags, sys.stdout.write)
    except ResultsError as error:
        sys.stdout.flush()
        return _complain(error, FAILED)
    return SHOWN


def _check(flags: ResultsFlags) -> None:
    """Raises ConfigError for flags that do not go together."""
    if flags.diff and flags.file:
        raise ConfigError("--diff takes files where runs stand, without --filename")
    if flags.changes and not flags.diff:
        raise ConfigError("--change is for --diff")
    if flags.run != LATEST and (flags.diff or flags.file):
        raise ConfigError("--run names a run of --results-dir; --diff and --filename name theirs themselves")
    if STDIN in flags.diff:
        raise ConfigError("--diff reads its files more than once: standard input cannot be one of them")
    if not (flags.folder or flags.file or flags.diff):
        raise ConfigError("which results? Give their folder with --results-dir, or a file with --filename")


def _read(flags: ResultsFlags, stack: ExitStack) -> Report:
    """One run."""
    if flags.file:
        run = stack.enter_context(opened(flags.file))
    else:
        (run,) = stack.enter_context(opened_together(flags.folder, [flags.run]))
    wanted = _choice(flags).test()
    return Report((Row(found) for found in run.violations() if wanted(found)), lambda: (run,))


def _compared(flags: ResultsFlags, stack: ExitStack) -> Report:
    """Two runs."""
    before, after = flags.diff
    files = stack.enter_context(opened_together(flags.folder, [before, after, before]))
    difference, wanted = Difference(*files), _choice(flags).test()
    changes = tuple(dict.fromkeys(flags.changes)) or (NEW, RESOLVED, STALE)

    def rows() -> Iterator[Row]:
        return (row for row in difference.rows() if wanted(row.found))

    def runs() -> Sequence[RunFile]:
        return difference.before, difference.after

    return Report(rows(), runs, changes)


def _choice(flags: ResultsFlags) -> Choice:
    return Choice(flags.namespaces, flags.kinds, flags.constraints, flags.actions, flags.text)


def _show(report: Report, flags: ResultsFlags, write: Write) -> None:
    if flags.by:
        counted(report, flags.by, flags.output, write)
    else:
        FORMATS[flags.output](report, write)


def _complain(error: Exception, code: int) -> int:
    sys.stderr.write(f"patrol: {error}\n")
    return code
