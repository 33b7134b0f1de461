"""How long policies may take: a thread that watches what is evaluated, and ends what takes too long.

What counts is the processor time of the thread that evaluates: a node that is busy, or a process that was stopped for a
while, makes no violations. Waiting for replies does not count, hooks that wait have timeouts of their own.
"""

from __future__ import annotations

import gc
import sys
import time
from _thread import LockType, allocate_lock, get_ident, start_new_thread  # to import `threading` takes some time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from constraints.dataclass import value
from constraints.timing import OutOfTime, Running

_LOOKS: Final = 20  # in the time that one evaluation has
_LONGEST_PAUSE: Final = 0.05
_SHORTEST_PAUSE: Final = 0.002
AGAIN: Final = 1.0
_CALLBACKS: Final = ("/weakref.py", "/_weakrefset.py")


@value
class TimeLimits:
    """Seconds: of one policy for one object, and of one policy for all objects of a run; 0 is no limit.

    After `again` seconds more, what swallowed the end of its time is told again.
    """

    evaluation: float = 1.0
    policy: float = 30.0
    again: float = AGAIN


class Watchdog:
    """The Timekeeper of one engine: see `constraints.timing`. It watches as long as a `watching` block lasts."""

    __slots__ = ("_calling", "_clock", "_limits", "_run", "_thread", "_used", "calls", "running", "spent")

    def __init__(self, limits: TimeLimits) -> None:
        self.running: Running | None = None
        self.calls = False
        self.spent: set[str] = set()
        self._limits = limits
        self._calling = False
        self._thread = 0
        self._clock: Callable[[], float] = time.perf_counter
        self._used: dict[str, float] = {}
        self._run = ""

    @contextmanager
    def watching(self, run: str = "") -> Iterator[None]:
        """See Timekeeper."""
        if not run or run != self._run:
            self._run, self.spent, self._used = run, set(), {}
        self._thread, self._clock = get_ident(), clock_of_this_thread()
        if not (self._limits.evaluation or self._limits.policy):
            yield
            return
        done, ended = _held(), _held()
        start_new_thread(self._watch, (done, ended))
        try:
            yield
        finally:
            done.release()
            ended.acquire()

    def settle(self) -> None:
        """See Timekeeper: waits for a call that is being made. One that was made arrives in here at the latest.

        It is not taken back: Python 3.11 then looks for it at every step, for ever.
        """
        while self._calling:
            time.sleep(0)
        for _ in range(2):  # Python raises at the next step back of a loop
            pass
        self.calls = False

    def _watch(self, done: LockType, ended: LockType) -> None:
        try:
            self._look_until(done)
        finally:
            ended.release()

    def _look_until(self, done: LockType) -> None:
        pause = min(_LONGEST_PAUSE, max(_SHORTEST_PAUSE, (self._limits.evaluation or 1.0) / _LOOKS))
        seen: Running | None = None
        due = before = self._clock()
        while not done.acquire(timeout=pause):
            now, running = self._clock(), self.running
            if running is not None:
                self._charge(running, now - before)
                if running is not seen:
                    due = now + self._limits.evaluation
                elif self._limits.evaluation and now >= due:
                    due = now + (self._limits.again if self._call(running) else 0)
            seen, before = running, now

    def _charge(self, running: Running, seconds: float) -> None:
        """Whatever is evaluated when the watchdog looks has taken the time since it last looked: right on average."""
        key = running[0].key
        used = self._used[key] = self._used.get(key, 0.0) + seconds
        if self._limits.policy and used > self._limits.policy:
            self.spent.add(key)

    def _call(self, running: Running) -> bool:
        """Raise OutOfTime in an evaluation, unless it has just ended. False when it must not be interrupted right now.

        `calls` is true before `running` is looked at, and whoever ends an evaluation first says so and then looks at
        `calls`: one of both sees the other. Until `_calling` is false again, the other one waits.
        """
        call = caller(self._thread)
        if is_untouchable(sys._current_frames().get(self._thread)):
            return False
        self._calling = self.calls = True
        if self.running is running:
            call()
        self._calling = False
        return True


def _held() -> LockType:
    lock = allocate_lock()
    lock.acquire()
    return lock


def clock_of_this_thread() -> Callable[[], float]:
    """Seconds of processor time of the present thread, for other threads to ask; of the wall where there is no such
    clock.
    """
    if sys.platform != "linux":
        return time.perf_counter
    clock = time.pthread_getcpuclockid(get_ident())
    return lambda: time.clock_gettime(clock)


def caller(thread: int) -> Callable[[], None]:
    """A function that lets Python raise OutOfTime in a thread as soon as that is between two steps."""
    import ctypes  # late: hardly anything takes too long

    number, what = ctypes.c_ulong(thread), ctypes.py_object(OutOfTime)

    def call() -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(number, what)

    return call


def is_untouchable(frame: FrameType | None) -> bool:
    """Whether a thread does now what would be left half done, as imports, or where Python ignores exceptions: in
    `__del__`, and in what hears of the garbage collector, where threads often change.
    """
    collecting = [getattr(callback, "__code__", None) for callback in gc.callbacks]
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith("<frozen importlib"):
            return True
        if code.co_name == "__del__" or code.co_filename.endswith(_CALLBACKS) or code in collecting:
            return True
        frame = frame.f_back
    return False
