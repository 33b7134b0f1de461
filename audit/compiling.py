"""How long a template may take to compile: a driver in front of another one, which gives up what takes too long."""

from __future__ import annotations

import sys
from _thread import start_new_thread
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Event, Lock, get_ident
from typing import Final, TypeVar

from audit.timekeeping import AGAIN, caller, clock_of_this_thread, is_untouchable
from constraints.drivers import Driver, Policy, Program
from constraints.errors import CompileError
from constraints.model import AdmissionField, Json
from constraints.timing import OutOfTime

T = TypeVar("T")

_SHORTEST: Final = 0.005  # seconds between two looks at the clock


class TimedDriver:
    """Compiles as `driver` does, each template and each of its constraints in `seconds` of processor time.

    Raises CompileError beyond that, at the rule that was being compiled where one knows it. What swallows the end of its
    time is told again after `again` seconds more.
    """

    def __init__(self, driver: Driver, seconds: float, again: float = AGAIN) -> None:
        self.engine = driver.engine
        self._driver = driver
        self._times = _Times(seconds, again)

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy:
        """Raises CompileError."""
        policy = _in_time(kind, self._times, lambda: self._driver.compile(kind, source))
        return _TimedPolicy(policy, kind, self._times)


@dataclass(frozen=True, slots=True)
class _Times:
    seconds: float
    again: float


@dataclass(frozen=True, slots=True)
class _TimedPolicy:
    policy: Policy
    kind: str
    times: _Times

    @property
    def integers(self) -> bool:
        """What the policy itself says."""
        return bool(getattr(self.policy, "integers", False))

    @property
    def admission_fields(self) -> Iterable[AdmissionField]:
        """What the policy itself says."""
        return tuple(getattr(self.policy, "admission_fields", ()))

    def program(self, parameters: Json) -> Program:
        """Raises CompileError."""
        return _in_time(self.kind, self.times, lambda: self.policy.program(parameters))


def _in_time(kind: str, times: _Times, make: Callable[[], T]) -> T:
    """What `make` makes. Raises CompileError when that takes more processor time."""
    alarm = _Alarm(times)
    try:
        try:
            return make()
        finally:
            alarm.stop()
    except OutOfTime as error:
        alarm.stop()
        text = f"compiling takes longer than {times.seconds:g} s (--template-timeout)"
        source = f"{kind}/{error.source}" if error.source else kind
        raise CompileError(f"rego_compile_error: {text}", span=error.span, source=source) from None


class _Alarm:
    """Raises OutOfTime in the present thread when it has worked for so many seconds and was not stopped before."""

    def __init__(self, times: _Times) -> None:
        self._times = times
        self._done = Event()
        self._lock = Lock()
        self._rang = False
        self._thread = get_ident()
        self._clock = clock_of_this_thread()
        self._start = self._clock()
        start_new_thread(self._watch, ())  # a Thread would wait until it runs, as long as many templates take

    def _watch(self) -> None:
        due = wait = self._times.seconds
        while not self._done.wait(max(wait, _SHORTEST)):
            wait = due - (self._clock() - self._start)
            if wait <= 0 and self._ring():
                due, wait = due - wait + self._times.again, self._times.again

    def _ring(self) -> bool:
        """Raise OutOfTime unless it was stopped; False when the thread must not be interrupted right now."""
        call = caller(self._thread)
        with self._lock:
            if self._done.is_set() or is_untouchable(sys._current_frames().get(self._thread)):
                return False
            self._rang = True
            call()
            return True

    def stop(self) -> None:
        """No OutOfTime comes after this; one that is on its way comes in here."""
        with self._lock:
            self._done.set()
        if self._rang:
            self._rang = False
            for _ in range(2):  # Python raises at the next step back of a loop
                pass
