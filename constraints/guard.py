"""The one place on this side of the house where any exception at all is caught, and turned into a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")
T = TypeVar("T")


def attempt(call: Callable[[A, B], T], first: A, second: B) -> T | Exception:
    """What a call gives, or what it has raised.

    Used for policies, which are other people's code: for compiling one, for finding out what it is about, and for
    evaluating it. Whatever one does, the others go on. It takes calls of two arguments only: to hand on any number of them
    would take longer than some policies do.
    """
    try:
        return call(first, second)
    except Exception as error:  # the named place: a policy may fail in any way
        return error
