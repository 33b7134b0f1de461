"""The thread that takes messages from the backlog to a driver, again and again until they are there."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from audit.errors import ExportError
from audit.export.backlog import END, Backlog, Batch, Progress
from audit.export.connection import Connection
from audit.export.driver import Advance, Driver
from audit.export.pace import Pace
from audit.export.publishing import Publishing
from audit.export.records import Messages
from audit.export.report import Report
from audit.export.tally import Tally, of_run, unpublished
from audit.guard import attempt
from audit.repeats import Repeats
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol.export")
LONGEST_WAIT = 30.0  # seconds between two tries
CROWDED_WAIT = 5.0  # where soon there may be no place for what waits
LONGEST_ASKED = 600.0  # where the target asks for more
_TICK = 1.0  # seconds
_BRIEFLY = 0.1  # seconds
_JOINING = 2.0  # seconds in which a driver that hangs may still come back


@dataclass(frozen=True, slots=True)
class Target:
    """A Connection, and the driver that was made of it."""

    connection: Connection
    driver: Driver


def silent(published: Publishing) -> None:
    """Nobody wants to hear of it."""


def always() -> bool:
    """There is only one replica."""
    return True


def never() -> bool:
    """There is time."""
    return False


@dataclass(frozen=True, slots=True)
class DeliveryHooks:
    """Whom delivery tells how publishing goes; whether this replica leads.

    `multiplier` are the seconds of the first wait after a failure, `grace` those within which a run shall be published
    before something else is told; `clock` gives Unix seconds. Whoever wants all to be published waits for a target that
    takes nothing for `patience` seconds, unless it is `late`. Between two tries are `longest` seconds at most, and
    `crowded` ones where much waits.
    """

    told: Callable[[Publishing], None] = silent
    leads: Callable[[], bool] = always
    multiplier: float = 0.5
    clock: Callable[[], float] = time.time
    grace: float = 2.0
    patience: float = 30.0
    late: Callable[[], bool] = never
    longest: float = LONGEST_WAIT
    crowded: float = CROWDED_WAIT


class Delivery:
    """Delivers what is put into the `backlog` to the target of the time; everything but `put` and `close` is cheap.

    Of a target that was taken away what waits is still published to it; one that takes its place gets what waits.
    """

    def __init__(self, backlog: Backlog, tally: Tally, around: DeliveryHooks | None = None) -> None:
        self.tally = tally
        self.pace = Pace()
        self._backlog = backlog
        self._around = around or DeliveryHooks()
        self._wanted: Target | None = None
        self._current: Target | None = None
        self._opened = self._leaving = False
        self._advance: Advance | None = None  # of the batch that is published, before its run is ended
        self._until = self._asked = 0.0
        hooks = self._around
        self._report = Report(hooks.told, tally, hooks.clock, hooks.grace)
        if backlog.torn:
            self._report.dropped(backlog.torn)
        self._repeats = Repeats(time.monotonic)
        self._thread: Thread | None = None

    @property
    def target(self) -> Target | None:
        """Where the messages of a run go that begins now."""
        return self._wanted

    def aim(self, target: Target | None) -> None:
        """From now on messages go there. One with an equal Connection changes nothing."""
        with self._backlog.changed:
            before = self._wanted
            if target is None or before is None or target.connection != before.connection:
                self._wanted = target
                self._backlog.changed.notify_all()
        if target is not None and self._thread is None:
            self._thread = Thread(target=self._guarded, name="export", daemon=True)
            self._thread.start()

    def put(self, run: str, kind: bytes, messages: Sequence[Messages]) -> int:
        """Messages of a run; gives how many had no place and are dropped. Raises ExportError when nothing is
        delivered.
        """
        if self._thread is not None and not self._thread.is_alive():
            raise ExportError("the thread that publishes has ended; see the log", reason="TargetFailed")
        dropped = self._backlog.put(run, kind, messages)
        if dropped:
            self._report.dropped(run)
        if kind == END:
            self._report.put()
        if dropped or kind == END:
            with self._backlog.changed:
                self._backlog.changed.notify_all()
        return dropped

    def interrupted(self) -> Progress | None:
        """The run that a process before this one has begun and not ended; None the next time."""
        found, self._backlog.interrupted = self._backlog.interrupted, None
        return found

    def settle(self) -> None:
        """Wait until nothing waits, as long as the target takes something."""
        hooks, done, end = self._around, -1, 0.0
        while not hooks.late() and self._thread is not None and self._thread.is_alive():
            counts = self.tally.counts()
            if counts.sent + counts.dropped != done:
                done, end = counts.sent + counts.dropped, time.monotonic() + hooks.patience
            if not counts.waiting or time.monotonic() >= end:
                break
            with self._backlog.changed:
                self._backlog.changed.wait(_BRIEFLY)

    def close(self, seconds: float) -> None:
        """Publish what waits for at most so many seconds, and keep the rest for the next start."""
        self.pace.free()
        with self._backlog.changed:
            self._leaving, self._until = True, time.monotonic() + max(0.0, seconds)
            self._backlog.changed.notify_all()
        if self._thread is not None:
            self._thread.join(max(0.0, seconds) + _JOINING)
        left = self.tally.counts().waiting
        if left:
            log.warning("export: %s", unpublished(left))
        for run in self._backlog.close():
            self._report.dropped(run)
        self._report.leave(self.tally.counts().waiting)

    def _guarded(self) -> None:
        error = attempt(self._run)
        if error is not None:
            log.error("a mistake in this program ended the export: %s", error, exc_info=error)
        if self._current is not None and self._opened:
            self._current.driver.close(for_good=False)

    def _run(self) -> None:
        while not self._over():
            self._aimed()
            self._report.tell()
            batch = self._next(self.pace.begin())
            if batch is None or self._current is None:
                continue
            try:
                self._repeated()(self._publish, self._current, batch)
            except ExportError:
                continue  # there is another target now, or it is time to leave
            advance, self._advance = self._advance or Advance(0), None
            self._backlog.done(batch, advance.number, len(advance.refused))
            self._succeeded(batch, advance)
            if not self._backlog.crowded:
                self.pace.rest()

    def _next(self, most: int) -> Batch | None:
        """What is to be published now, in about `most` bytes; None after a moment when there is nothing, or nowhere to
        publish it to.
        """
        changed, current = self._backlog.changed, self._current
        if current is None:
            with changed:
                if self._settled() and not self._leaving:
                    changed.wait(_TICK)
            return None
        if self._opened and not self.tally.counts().waiting and not self._around.leads():
            self._shut(current, for_good=False)  # another replica may export to the same place now
        try:
            return self._backlog.next(0.0 if self._leaving else _TICK, most)
        except OSError as error:
            self._say(f"the spill folder cannot be read: {error}")
            self._pause(_TICK)
            return None

    def _over(self) -> bool:
        """Whether to leave now."""
        late = time.monotonic() >= self._until
        return self._leaving and (late or not self.tally.counts().waiting or self._current is self._wanted is None)

    def _aimed(self) -> None:
        """Change to the target that is wanted by now."""
        wanted, current = self._wanted, self._current
        if wanted is current or (wanted is None and self.tally.counts().waiting):
            return
        if current is not None:
            self._shut(current, for_good=True)
        self._current, self._advance = wanted, None
        if wanted is not None:
            log.info("export: violations go to %s, by the driver %s", wanted.connection.origin, wanted.driver.name)

    def _settled(self) -> bool:
        return self._wanted is self._current

    def _publish(self, target: Target, batch: Batch) -> None:
        self._report.attempted()
        if not self._opened:
            target.driver.open(batch.run)
            self._opened = True
        if self._advance is None and batch.messages:
            self._advance = target.driver.publish(batch.run, batch.messages)
        if batch.ended:
            target.driver.end(batch.run)

    def _shut(self, target: Target, for_good: bool) -> None:
        target.driver.close(for_good)
        self._opened = False

    def _repeated(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type(ExportError),
            wait=partial(_patience, wait_random_exponential(self._around.multiplier, self._around.longest)),
            stop=self._interrupted,
            sleep=self._pause,
            reraise=True,
        )

    def _interrupted(self, state: RetryCallState) -> bool:
        self._note(state)
        return self._turned() or (self._leaving and time.monotonic() >= self._until)

    def _turned(self) -> bool:
        return self._wanted is not None and not self._settled()

    def _pause(self, seconds: float) -> None:
        """For so many seconds, or fewer: where there is another target, much waits by now, or it is time to leave."""
        since = time.monotonic()
        while True:
            self._report.tell()
            with self._backlog.changed:
                crowded = max(self._around.crowded, self._asked) if self._backlog.crowded else seconds
                left = since + min(seconds, crowded) - time.monotonic()
                if self._leaving:
                    left = min(left, self._until - time.monotonic())
                if left <= 0 or self._turned():
                    return
                self._backlog.changed.wait(min(left, self._report.left))

    def _note(self, state: RetryCallState) -> None:
        """The target failed: it is opened anew at the next try, and whoever wants to hear of it does."""
        error = state.outcome.exception() if state.outcome else None
        batch: Batch = state.args[1]
        self._shut(state.args[0], for_good=False)
        self.tally.failed(len(batch.messages))
        self._asked = _asked(error)
        text = str(error)
        self._report.failed(text)
        self._say(f"{text}; messages wait")

    def _say(self, text: str) -> None:
        line = self._repeats.again(text, f"export: {text}")
        if line:
            log.warning("%s", line)

    def _succeeded(self, batch: Batch, advance: Advance) -> None:
        over = self._repeats.over()
        if over:
            log.info("export: %s", over)
        if len(advance.refused) < advance.number:
            self._report.succeeded()
        if advance.refused:
            self._report.dropped(batch.run, advance.refused)
        for text, number in Counter(advance.refused).items():
            log.error("export: %s dropped: %s", of_run(number, batch.run, "is", "are"), text)
        if batch.ended:
            self._report.published(batch.run)


def _patience(wait: Callable[[RetryCallState], float], state: RetryCallState) -> float:
    """The seconds until the next try: those that the target asks for, where it does."""
    return max(wait(state), _asked(state.outcome.exception() if state.outcome else None))


def _asked(error: BaseException | None) -> float:
    return min(error.retry_after, LONGEST_ASKED) if isinstance(error, ExportError) else 0.0
