"""How long a template may take to compile: a driver in front of another one, which gives up what takes too long."""

from __future__ import annotations

import sys
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Final, TypeVar

from audit.hooks.timekeeping import AGAIN, caller, clock_of_this_thread, is_untouchable
from constraints.dataclass import value
from constraints.drivers import Driver, Policy, Program
from constraints.errors import CompileError
from constraints.model import AdmissionField, Json
from constraints.timing import OutOfTime

T = TypeVar("T")

_SHORTEST: Final = 0.005  # seconds between two looks at the clock


class TimedDriver:
    """Compiles as `driver` does, each template and each of its constraints in `seconds` of processor time.

    Raises CompileError beyond that, at the rule that was being compiled where one knows it. What swallows the end of
    its time is told again after `again` seconds more.
    """

    def __init__(self, driver: Driver, seconds: float, again: float = AGAIN) -> None:
        self.engine = driver.engine
        self._driver = driver
        self._limit = _Limit(seconds, again, _Watch())

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy:
        """Raises CompileError."""
        policy = self._limit.made(kind, lambda: self._driver.compile(kind, source))
        return _TimedPolicy(policy, kind, self._limit)


@value
class _TimedPolicy:
    policy: Policy
    kind: str
    limit: _Limit

    @property
    def integers(self) -> bool:
        """What the policy itself says."""
        return self.policy.integers

    @property
    def admission_fields(self) -> Sequence[AdmissionField]:
        """What the policy itself says."""
        return self.policy.admission_fields

    def program(self, parameters: Json) -> Program:
        """Raises CompileError."""
        return self.limit.made(self.kind, lambda: self.policy.program(parameters))


@value
class _Limit:
    """The seconds that something may take, those until it is told again that they are over, and who looks at the
    clock.
    """

    seconds: float
    again: float
    watch: _Watch

    def made(self, kind: str, make: Callable[[], T]) -> T:
        """What `make` makes. Raises CompileError when that takes more processor time."""
        alarm = _Alarm(self)
        self.watch.see_to(alarm)
        try:
            try:
                return make()
            finally:
                alarm.stop()
        except OutOfTime as error:
            alarm.stop()
            text = f"compiling takes longer than {self.seconds:g} s (--template-timeout)"
            source = f"{kind}/{error.source}" if error.source else kind
            raise CompileError(f"rego_compile_error: {text}", span=error.span, source=source) from None


class _Alarm:
    """Raises OutOfTime in the present thread when it has worked for so many seconds and was not stopped before."""

    def __init__(self, limit: _Limit) -> None:
        self.seconds, self._again = limit.seconds, limit.again
        self.is_done = False
        self._lock = allocate_lock()
        self._rang = False
        self._thread = get_ident()
        self._clock = clock_of_this_thread()
        self._due = self._clock() + self.seconds

    def look(self) -> float:
        """Ring if it is time for it, unless it was stopped; gives the seconds until the next look."""
        with self._lock:
            if self.is_done:  # its thread may have ended, and the clock of that with it
                return self._again
            left = self._due - self._clock()
            if left <= 0 and self._ring():
                self._due += self._again - left
                return self._again
            return max(left, _SHORTEST)

    def _ring(self) -> bool:
        """Raise OutOfTime; False when the thread must not be interrupted right now."""
        call = caller(self._thread)
        if is_untouchable(sys._current_frames().get(self._thread)):
            return False
        self._rang = True
        call()
        return True

    def stop(self) -> None:
        """No OutOfTime comes after this; one that is on its way comes in here."""
        with self._lock:
            self.is_done = True
        if self._rang:
            self._rang = False
            for _ in range(2):  # Python raises at the next step back of a loop
                pass


class _Watch:
    """One thread for all alarms of a driver, as long as there are any; one for each would take as long as a small
    template.
    """

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._alarms: list[_Alarm] = []
        self._pause: float | None = None  # how long the thread sleeps at most, None when there is no thread
        self._wake = allocate_lock()

    def see_to(self, alarm: _Alarm) -> None:
        """Look at an alarm until it is done."""
        with self._lock:
            if self._alarms and self._alarms[-1].is_done:
                self._alarms.pop()
            self._alarms.append(alarm)
            if self._pause is None:
                start_new_thread(self._watch, ())
                self._pause = inf
            if alarm.seconds < self._pause:
                self._pause = alarm.seconds
                if self._wake.locked():
                    self._wake.release()

    def _watch(self) -> None:
        while True:
            self._wake.acquire(blocking=False)
            with self._lock:
                alarms = self._alarms = [alarm for alarm in self._alarms if not alarm.is_done]
                self._pause = inf if alarms else None  # whoever comes from here on wakes it
            if not alarms:
                return
            pause = min(alarm.look() for alarm in alarms)
            with self._lock:
                self._pause = min(self._pause or inf, pause)
            self._wake.acquire(timeout=pause)
