"""Files of results, as runs write them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from builders import page, settled, summary

from audit.ledger import NO_CHANGES
from audit.model import ConstraintRecord, RunInfo
from audit.results.archive import Archive
from audit.sinks.results import ResultsSink
from constraints import Violation

BEGAN = 1_795_216_641.6
"""2026-11-20T23:17:21Z"""


def written(
    folder: Path, found: Iterable[Violation] = (), *records: ConstraintRecord, at: float = BEGAN, **more: Any
) -> Path:
    """The file of a run that found this; `more` are fields of its summary, `keep` and `compress` those of the
    folder.
    """
    own = {name: more.pop(name) for name in ("keep", "compress") if name in more}
    violations = tuple(found)
    run = replace(summary(*records, found=violations, **more), info=RunInfo.at(at))
    sink = ResultsSink(Archive(str(folder), **own), clock=lambda: at + 2.5)
    before = set(folder.iterdir()) if folder.exists() else set()
    sink.start(run.info)
    sink.page(page(*violations))
    sink.finish(run if run.cut else settled(run), NO_CHANGES)
    (made,) = [path for path in set(folder.iterdir()) - before if not path.is_symlink()]
    return made


def lines(path: Path) -> list[dict[str, Any]]:
    """What a file says that is not compressed."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def rewritten(path: Path, number: int, **fields: Any) -> Path:
    """The same file with other fields in one of its lines, of which the first has the number 1."""
    rows = lines(path)
    rows[number - 1] |= fields
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return path
