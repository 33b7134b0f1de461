"""What stays in memory to the end of the process: modules, objects of `patrol test`, compiled policies."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting() -> Iterator[None]:
    """What is made inside stays to the end, so the garbage collector need not go through it again and again.

    Python itself goes through everything once more when a process ends, but for what is frozen.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
