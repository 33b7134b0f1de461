"""What an engine owes to whoever sees to the time of its evaluations, and how one that takes too long is ended.

The engine itself has no clock and no threads. It says what it evaluates and when it is done; somebody outside may then
raise OutOfTime inside of the evaluation, wherever that is.
"""

from __future__ import annotations

from collections.abc import Container
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from constraints.dataclass import dataclass
from constraints.lang.source import Span
from constraints.model import Constraint, Review

Running = tuple[Constraint, Review]


class OutOfTime(BaseException):
    """What is evaluated or compiled has to end now. It is no Exception, so nothing on its way takes it for a failure.

    A compiler notes on its way out where it was: the place in a source.
    """

    span: Span | None = None
    source: str = ""


class Timekeeper(Protocol):
    """Sees to the time of evaluations.

    `running` is what is evaluated right now, a tuple of its own for each evaluation, and None in between. `calls` is
    true once OutOfTime was raised in it, or is about to be.
    """

    running: Running | None
    calls: bool

    @property
    def spent(self) -> Container[str]:
        """The keys of constraints that have used up their time of this run; empty when there are none."""

    def watching(self, run: str) -> AbstractContextManager[None]:
        """See to the evaluations of this thread while the block lasts.

        They belong to `run`: blocks of one run that come one after the other share its time. Policies have all of
        theirs again where it is another one than that of the last block, and where it has no name.
        """

    def settle(self) -> None:
        """Nothing is running any more: returns once no OutOfTime can come. May raise it one last time."""


@dataclass(slots=True)
class Untimed:
    """Every evaluation has all the time it takes."""

    running: Running | None = None
    calls: bool = False
    spent: Container[str] = ()

    def watching(self, run: str) -> AbstractContextManager[None]:
        """Nobody watches."""
        return nullcontext()

    def settle(self) -> None:
        """Nobody calls."""
