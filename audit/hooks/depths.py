"""Policies that nest more deeply than the stack of a thread goes: compiled once more in a thread that has plenty."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from constraints.dataclass import value
from constraints.drivers import Driver, Policy, Program
from constraints.errors import CompileError
from constraints.inventory import Inventory
from constraints.lang.stack import stack_of
from constraints.model import AdmissionField, Finding, Json

T = TypeVar("T")

_STACK: Final = 512 << 20  # bytes; a thread takes what it touches of them
_CALLS: Final = 60_000  # of Python's functions within each other: some 5,000 levels of a policy
_ONE_AT_A_TIME: Final = threading.Lock()  # the size is one for all threads that begin


class DeepDriver:
    """Compiles as `driver` does, and what is too deep for that in a thread with a large stack."""

    def __init__(self, driver: Driver) -> None:
        self.engine = driver.engine
        self.driver = driver

    def compile(self, kind: str, source: Mapping[str, Json]) -> Policy:
        """Raises CompileError."""
        policy, is_deep = _made(lambda: self.driver.compile(kind, source))
        return _DeepPolicy(policy, is_deep)


@value
class _DeepPolicy:
    policy: Policy
    is_deep: bool

    @property
    def integers(self) -> bool:
        """What the policy itself says."""
        return self.policy.integers

    @property
    def admission_fields(self) -> Sequence[AdmissionField]:
        """What the policy itself says."""
        return _with_plenty(self._fields) if self.is_deep else self._fields()

    def _fields(self) -> Sequence[AdmissionField]:
        return self.policy.admission_fields

    def program(self, parameters: Json) -> Program:
        """Raises CompileError."""
        program, is_deep = _made(lambda: self.policy.program(parameters))
        return _DeepProgram(program) if is_deep else program


class _DeepProgram:
    """A program that only a large stack can show as text."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.reads = program.reads

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> Sequence[Finding]:
        """What the program itself finds."""
        return self._program(review, inventory)

    def explain(self) -> str:
        """What the program itself says."""
        return _with_plenty(self._program.explain)


def _made(make: Callable[[], T]) -> tuple[T, bool]:
    """What `make` makes, and whether that took the large stack. Raises CompileError."""
    try:
        return make(), False
    except CompileError as error:
        if not error.deep:
            raise
    return _with_plenty(make), True


def _with_plenty(make: Callable[[], T]) -> T:
    """What `make` makes in a thread of its own. Raises what it raises."""
    made: list[T] = []
    raised: list[BaseException] = []

    def work() -> None:
        try:
            with stack_of(_CALLS):
                made.append(make())
        except BaseException as error:  # whoever waits gets it
            raised.append(error)

    with _ONE_AT_A_TIME:
        thread = threading.Thread(target=work, name="deep policy", daemon=True)
        stack = threading.stack_size(_STACK)
        try:
            thread.start()
        finally:
            threading.stack_size(stack)
        thread.join()
    for error in raised:
        raise error
    return made[0]
