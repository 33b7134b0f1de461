"""The one place on this side of the house where any exception at all is caught, and turned into a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


def attempt(call: Callable[[*Ts], T], *arguments: *Ts) -> T | Exception:
    """What a call gives, or what it has raised.

    Used for policies, which are other people's code: for compiling one, for finding out what it is about, and for
    evaluating it, at a review or before. Whatever one does, the others go on.
    """
    try:
        return call(*arguments)
    except Exception as error:  # the named place: a policy may fail in any way
        return error
