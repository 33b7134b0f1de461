"""Python's collector of cyclic garbage, kept out of runs.

It looks through everything that is alive, again and again, while a run makes values by the million and hardly any
cycle: that took a third of a run. Reference counts free what a run leaves, and the few cycles are looked for between
two runs.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

EVERY = 60  # runs, after which it looks through everything and not only through what is new


class Garbage:
    """Collects before each run but the first; what is alive then, as compiled policies, is not looked through again.

    Policies that were replaced are cycles: where they are others, everything is looked through.
    """

    def __init__(self) -> None:
        self._runs = 0
        self._policies: tuple[object, ...] = ()
        self._froze = False

    @contextmanager
    def resting(self, policies: tuple[object, ...]) -> Iterator[None]:
        """Collect what the last run, which had these `policies`, has left; then nothing while the block lasts."""
        if self._runs:
            self._collect(whole=policies != self._policies or self._runs % EVERY == 0)
        self._runs, self._policies = self._runs + 1, policies
        before = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if before:
                gc.enable()

    def _collect(self, whole: bool) -> None:
        if whole and self._froze:  # the first time only what others froze is there, and it is theirs
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._froze = True
