"""A larger stack for a time, for what nests deeper than Python goes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sys import getrecursionlimit, setrecursionlimit


@contextmanager
def stack_of(places: int) -> Iterator[None]:
    """Lets so many calls of Python go into each other, if those are not allowed anyway."""
    before = getrecursionlimit()
    try:
        setrecursionlimit(max(places, before))
        yield
    finally:
        setrecursionlimit(before)
