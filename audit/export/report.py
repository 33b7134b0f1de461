"""When the status of the Connection is written, and what it tells of publishing since the last run ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf
from threading import Lock

from audit.errors import AuditError
from audit.export.publishing import Publishing
from audit.export.tally import Tally, of_run, unpublished

log = logging.getLogger("kube_patrol.export")
ERRORS_KEPT = 20


class Report:
    """Gathers how publishing goes, and gives it to `told`: at once when the target first fails or messages are first
    dropped, and once a run, when it is published or `grace` seconds after its end, whatever comes first.

    Dropped messages are told of until a later run is published without any. For several threads; `clock` gives Unix
    seconds.
    """

    def __init__(
        self, told: Callable[[Publishing], None], tally: Tally, clock: Callable[[], float], grace: float
    ) -> None:
        self._told = told
        self._tally = tally
        self._clock = clock
        self._grace = grace
        self._lock = Lock()
        self._state = Publishing()
        self._known: set[str] = set()  # kinds of errors that were told
        self._failing = ""
        self._dropped, self._number = "", 0  # the last run of which messages were, and how many
        self._begun = False
        self._due = self._ends = inf  # when something is to be told, and when all of a run is; of the monotonic clock

    @property
    def left(self) -> float:
        """The seconds until something is to be told."""
        return max(0.0, min(self._due, self._ends) - time.monotonic())

    def attempted(self) -> None:
        """The target is tried."""
        self._state = replace(self._state, last_attempt=self._clock())

    def failed(self, text: str) -> None:
        """It takes nothing."""
        with self._lock:
            self._failing = text
            self._add(text)
            if _kind(text) not in self._known:
                self._due = 0.0

    def succeeded(self) -> None:
        """It has taken something."""
        with self._lock:
            self._failing = ""
            self._state = replace(self._state, active=True, last_success=self._clock())
            if not self._begun:
                self._begun, self._due = True, min(self._due, time.monotonic() + self._grace)

    def dropped(self, run: str, why: Iterable[str] = ()) -> None:
        """Messages of a run had no place, or were refused."""
        with self._lock:
            for text in why:
                self._add(text)
            if not self._dropped:
                self._due = 0.0
            self._note(run)

    def put(self) -> None:
        """All messages of a run wait by now."""
        with self._lock:
            self._ends = min(self._ends, time.monotonic() + self._grace)

    def published(self, run: str) -> None:
        """All messages of a run are with the target, or were dropped."""
        with self._lock:
            self._note(run)
            if run > self._dropped:
                self._dropped = ""
            self._ends = 0.0

    def tell(self) -> None:
        """Tell what is due, if anything is."""
        with self._lock:
            if self.left:
                return
            now = self._now()
            self._known = set(map(_kind, now.errors))
            self._due = inf
            if self._ends <= time.monotonic():
                self._ends = inf
                errors = (self._failing,) if self._failing else ()
                self._state = replace(self._state, active=False, errors=errors)
        self._write(now)

    def leave(self, waiting: int) -> None:
        """This process ends, and leaves so many messages to the next one."""
        with self._lock:
            now = self._now()
            if waiting:
                text = f"waiting: {unpublished(waiting)}"
                now = replace(now, errors=(*now.errors, text))
            elif self._due == self._ends == inf:
                return  # all is told
            self._due = self._ends = inf
        self._write(now)

    def _note(self, run: str) -> None:
        number = self._tally.dropped(run)
        if number and run >= self._dropped:
            self._dropped, self._number = run, number

    def _now(self) -> Publishing:
        if not self._dropped:
            return self._state
        what = of_run(self._number, self._dropped)
        were = "was" if self._number == 1 else "were"
        text = f"dropped: {what} had no place among those that waited, {were} refused, or damaged"
        return replace(self._state, errors=(*self._state.errors, text))

    def _add(self, text: str) -> None:
        errors = self._state.errors
        if _kind(text) not in map(_kind, errors) and len(errors) < ERRORS_KEPT:
            self._state = replace(self._state, errors=(*errors, text))

    def _write(self, now: Publishing) -> None:
        try:
            self._told(now)
        except AuditError as error:
            log.warning("export: the status of the Connection could not be written: %s", error)


def _kind(text: str) -> str:
    return text.partition(":")[0]
