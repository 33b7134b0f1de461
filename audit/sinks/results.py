"""Every run whole, as a file of its own: for those who have no broker, and for `patrol results`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from audit.aggregate import Phase, Summary
from audit.errors import ResultsError
from audit.ledger import Changes
from audit.logs.said import Saying
from audit.model import RunInfo
from audit.outcomes import ending
from audit.results.archive import Archive, told
from audit.results.draft import Draft
from audit.results.format import WHOLE
from audit.results.lines import RunLines
from audit.verdicts import Reviewed


class ResultsSink:
    """Writes pages to a file of `folder` as they come, and names it when the run has ended; `clock` gives Unix seconds.

    All who tell of violations share `saying`.

    A run that could not be written to its end is not there at all: after the first failure everything of it is given
    up, and its space is free. The next run tries again.
    """

    name = "results"
    phase: Phase = "write"

    def __init__(self, folder: Archive, clock: Callable[[], float] = time.time, saying: Saying | None = None) -> None:
        self._saying = saying or Saying()
        self._folder = folder
        self._clock = clock
        self._draft: Draft | None = None
        self._lines = RunLines(RunInfo.at(0))
        self._failed: ResultsError | None = None
        self._taken = 0

    def start(self, info: RunInfo) -> None:
        """Begin the file, once what dead runs have left is gone. Raises ResultsError."""
        self._failed, self._lines = None, RunLines(info)
        self._draft, self._taken = None, 0
        self._draft = self._folder.begin(info.audit_id)
        self._write(self._lines.started())

    def page(self, reviewed: Reviewed) -> None:
        """Append the violations of a page. Raises ResultsError, also for each page after one that failed."""
        if self._failed is not None:
            raise self._failed
        self._write(self._lines.page(self._saying.of(reviewed)))
        self._taken += sum(len(verdict.violations) for verdict in reviewed.verdicts)

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Append what the run came to, and let the file be seen. Raises ResultsError."""
        for line in self._lines.rest(summary, self._clock()) if self._draft else ():
            self._write(line)
        draft, self._draft = self._draft, None
        if draft is not None:  # else that it failed was told
            with self._losing():
                self._folder.end(draft, partial=ending(summary).outcome not in WHOLE)

    @contextmanager
    def _losing(self) -> Iterator[None]:
        """What fails inside is lost with all that the file had before."""
        try:
            yield
        except ResultsError as error:
            raise ResultsError(str(error), reason=error.reason, lost=self._taken) from error

    def _write(self, data: bytes) -> None:
        if self._draft is None:
            return
        try:
            with self._losing(), told(self._folder.path):
                self._draft.write(data)
        except ResultsError as error:
            self._failed = error
            self._draft.discard()
            self._draft = None
            raise
