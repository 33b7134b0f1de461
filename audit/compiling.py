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

    Raises CompileError beyond that, at the rule that was being compiled where one knows it.
    """

    def __init__(self, driver: Driver, seconds: float) -> None:
        self.engine = driver.engine
        self._driver = driver
        self._seconds = seconds

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy:
        """Raises CompileError."""
        policy = _in_time(kind, self._seconds, lambda: self._driver.compile(kind, source))
        return _TimedPolicy(policy, kind, self._seconds)


@dataclass(frozen=True, slots=True)
class _TimedPolicy:
    policy: Policy
    kind: str
    seconds: float

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
        return _in_time(self.kind, self.seconds, lambda: self.policy.program(parameters))


def _in_time(kind: str, seconds: float, make: Callable[[], T]) -> T:
    """What `make` makes. Raises CompileError when that takes more processor time."""
    alarm = _Alarm(seconds)
    try:
        try:
            return make()
        finally:
            alarm.stop()
    except OutOfTime as error:
        alarm.stop()
        text = f"compiling takes longer than {seconds:g} s (--template-timeout)"
        source = f"{kind}/{error.source}" if error.source else kind
        raise CompileError(f"rego_compile_error: {text}", span=error.span, source=source) from None


class _Alarm:
    """Raises OutOfTime in the present thread when it has worked for so many seconds and was not stopped before."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._done = Event()
        self._lock = Lock()
        self._rang = False
        self._thread = get_ident()
        self._clock = clock_of_this_thread()
        self._start = self._clock()
        start_new_thread(self._watch, ())  # a Thread would wait until it runs, as long as many templates take

    def _watch(self) -> None:
        due = wait = self._seconds
        while not self._done.wait(max(wait, _SHORTEST)):
            wait = due - (self._clock() - self._start)
            if wait <= 0 and self._ring():
                due, wait = due - wait + AGAIN, AGAIN

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
