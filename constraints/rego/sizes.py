"""How large values may become: a policy that makes one larger again and again ends before memory does.

Texts and collections that a builtin makes are measured before they are made, here, and cost steps of the evaluation's
budget afterwards (`runtime.spend_size`). A value that holds another one many times takes no memory itself, and all the
more whoever walks through it: such walks have an end, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeVar

from constraints.errors import EvaluationError

T = TypeVar("T")

LARGEST: Final = 4_000_000
"""Characters of a text; other values are measured in the same unit."""

ITEM: Final = 8
"""What an item of a collection counts for."""

COMPOSITES: Final = 1_000_000
"""Collections that one walk through a value may meet, each as often as it is met."""

SMALL: Final = 256
"""Characters of a text that costs nothing."""

FEW: Final = 8
"""Items of a collection that costs nothing."""


def fit(size: int) -> None:
    """Raises EvaluationError when nothing of this size may be made."""
    if size > LARGEST:
        raise EvaluationError("a value becomes too large", code="budget_exceeded")


def fit_items(count: int) -> None:
    """Raises EvaluationError when no collection of so many items may be made."""
    fit(count * ITEM)


def joined(pieces: Iterable[str]) -> str:
    """The pieces as one text. Raises EvaluationError as soon as that becomes too large."""
    found, size = [], 0
    for piece in pieces:
        found.append(piece)
        size += len(piece) + 1  # a piece takes memory, too
        fit(size)
    return "".join(found)


def limited(items: Iterable[T]) -> list[T]:
    """The items as a list, those in lists counted, too. Raises EvaluationError as soon as there are too many."""
    found, size = [], 0
    for item in items:
        found.append(item)
        size += 1 + (len(item) if isinstance(item, list) else 0)
        fit_items(size)
    return found


class Walk:
    """Counts what the present walk through a value may still meet; below 0 there is none."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = -1


WALK: Final = Walk()
"""The present walk; one inside of it counts with it."""


def too_far() -> EvaluationError:
    """The error of a walk that has met too much."""
    return EvaluationError("a value is too large to be looked through", code="budget_exceeded")
