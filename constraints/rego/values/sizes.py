"""How much an evaluation may do, and how large values may become: a policy that runs away ends before time and memory
do.

Everything is counted in steps, which are taken from one store: an iteration is a step, and whatever a builtin or an
operator does is charged by the size of what it is given, before it is done, and by the size of what it makes. A step is
about a tenth of a microsecond, or 24 bytes that may be kept. Small values cost nothing. What a value holds many times
counts as often as it is met.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from threading import get_ident
from typing import Final, NoReturn, ParamSpec, TypeVar

from constraints.errors import EvaluationError

this_thread: Final = get_ident
"""The number of the thread that asks."""

P = ParamSpec("P")
T = TypeVar("T")

LARGEST_TEXT: Final = 8_000_000
"""Characters of a text."""

LARGEST: Final = 1_000_000
"""Items of a collection."""

SMALL: Final = 256
"""Characters of a text that costs nothing."""

FEW: Final = 8
"""Items of a collection that costs nothing."""

ITEM: Final = 2
"""Steps for an item of a list that a builtin made."""

ENTRY: Final = 6
"""Steps for a member of a set, or a pair of an object, that was made."""

MEMBER: Final = 8
"""Steps for a member of a collection that a policy makes, besides those for its parts."""

LONG: Final = 2000
"""Characters of a text that nothing outside of its evaluation remembers."""

TOO_DEEP: Final = "eval_internal_error"
"""The code of the error that a value has too many levels, or that too many rules wait for it."""

_KEPT: Final = 24  # bytes a step
_SCANNED: Final = 6  # 64 characters a step, as the exponent of two


class Steps:
    """The steps that an evaluation has left, in the thread that it runs in."""

    __slots__ = ("left", "thread")

    def __init__(self, left: int) -> None:
        self.left = left
        self.thread = this_thread()

    def spend(self, steps: int) -> None:
        """Raises EvaluationError when nothing is left."""
        self.left -= steps
        if self.left < 0:
            stop()


class _Endless(Steps):
    """What a thread has that never was in an evaluation: nothing is counted, and nothing changes, so that all may have
    it.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self.thread = 0

    @property
    def left(self) -> int:
        return IDLE

    @left.setter
    def left(self, left: int) -> None:
        pass


IDLE: Final = 1 << 62
"""Steps outside of evaluations, where nothing is counted."""

_PRESENT: Final[ContextVar[Steps]] = ContextVar("steps", default=_Endless())  # noqa: B039  # it never changes
present: Final = _PRESENT.get
"""The steps that are taken from now, in this thread."""


def own() -> Steps:
    """The steps of this thread, for an evaluation to fill; whoever copied a thread's variables still has those of the
    other.
    """
    found = present()
    if found.thread != this_thread():
        found = Steps(IDLE)
        _PRESENT.set(found)
    return found


def spend(steps: int) -> None:
    """Take steps from those of the present evaluation. Raises EvaluationError when nothing is left."""
    found = present()
    found.left -= steps
    if found.left < 0:
        stop()


@contextmanager
def limited_to(steps: int) -> Iterator[Steps]:
    """So many steps for what is done inside of the block, which are not taken from those outside."""
    inside = Steps(steps)
    token = _PRESENT.set(inside)
    try:
        yield inside
    finally:
        _PRESENT.reset(token)


def stop() -> NoReturn:
    """Raises the error of an evaluation that has no steps left."""
    raise EvaluationError("the evaluation needs more steps than it is given", code="budget_exceeded")


def walks_down(function: Callable[P, T]) -> Callable[P, T]:
    """For a function that recurses into values: too deep a value is an EvaluationError."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except RecursionError:
            raise too_deep() from None

    return guarded


def too_deep() -> EvaluationError:
    """The error of what Python's stack is too small for; OPA would go on."""
    return EvaluationError("a value is nested too deeply", code=TOO_DEEP)


def fit(size: int) -> None:
    """Raises EvaluationError when no text of so many characters may be made."""
    if size > LARGEST_TEXT:
        raise EvaluationError("a value becomes too large", code="budget_exceeded")


def fit_items(count: int) -> None:
    """Raises EvaluationError when no collection of so many items may be made."""
    if count > LARGEST:
        raise EvaluationError("a value becomes too large", code="budget_exceeded")


def spend_text(text: str) -> None:
    """Count what a text takes that was made."""
    size = len(text)
    if size > SMALL:
        spend((size if text.isascii() else 4 * size) // _KEPT)


def scan(text: str | bytes, times: int = 1) -> None:
    """Count what it takes to read a text, from end to end, as often as is said."""
    size = len(text) * times
    if size > SMALL:
        spend(size >> _SCANNED)


def count_items(value: Sized, steps: int = 1) -> None:
    """Count what is done with each item of a collection."""
    spend(1 + len(value) * steps)


def look_through(collection: Sized, steps: int = 1) -> None:
    """Count what it takes to do something of so many steps with each item."""
    size = len(collection)
    if size > FEW:
        spend(size * steps)


def lasting(count: int, longest: int = LONG) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """For a pure function of texts: remembers so many answers, unless a text is long, which would last as long.

    Threads may share the answers: lru_cache has a lock.
    """

    def decorated(function: Callable[P, T]) -> Callable[P, T]:
        remembering = lru_cache(maxsize=count)(function)

        @wraps(function)
        def asked(*texts: P.args, **named: P.kwargs) -> T:
            for text in texts:
                if len(text) > longest:  # type: ignore[arg-type]  # a text
                    return function(*texts, **named)
            return remembering(*texts, **named)  # type: ignore[arg-type]  # texts can be hashed

        return asked

    return decorated


def together(separator: str, pieces: list[str]) -> str:
    """The pieces with the separator between them. Raises EvaluationError when that is too large."""
    size = sum(map(len, pieces)) + len(separator) * len(pieces)
    if size > SMALL:
        fit(size)
        spend(size >> 4)
    return separator.join(pieces)


def joined(pieces: Iterable[str]) -> str:
    """The pieces as one text. Raises EvaluationError as soon as that becomes too large."""
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece) + 1  # a piece takes memory, too
        fit(size)
        spend(1)
    return "".join(found)


def limited(items: Iterable[T]) -> list[T]:
    """The items as a list, those in lists counted, too. Raises EvaluationError as soon as there are too many."""
    found: list[T] = []
    size, steps = 0, present()
    for item in items:
        found.append(item)
        more = 1 + len(item) if isinstance(item, list) else 1
        size += more
        steps.left -= ITEM * more  # the loop is too short for calls
        if steps.left < 0:
            stop()
        if size > LARGEST:
            fit_items(size)
    return found
