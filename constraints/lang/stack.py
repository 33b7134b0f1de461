"""A larger stack for a time, for what nests deeper than Python goes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sys import getrecursionlimit, setrecursionlimit
from threading import Lock
from typing import Final

# The limit is one of the whole process, so blocks of several threads may overlap: the largest wish of them holds, and
# the last one to leave puts back what was there before the first. No longer than the blocks last is any wish kept.
_WISHES: list[int] = []
_CHANGING: Final = Lock()


@contextmanager
def stack_of(places: int) -> Iterator[None]:
    """Lets so many calls of Python go into each other, if those are not allowed anyway."""
    with _CHANGING:
        if not _WISHES:
            _WISHES.append(getrecursionlimit())
        _WISHES.append(places)
        setrecursionlimit(max(_WISHES))
    try:
        yield
    finally:
        with _CHANGING:
            _WISHES.remove(places)
            setrecursionlimit(max(_WISHES))
            if len(_WISHES) == 1:
                _WISHES.clear()
