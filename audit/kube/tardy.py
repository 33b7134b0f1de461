"""How long to wait for the list of a kind: less where it could not be listed the last time."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import field

from audit.kube.request import WITHIN
from constraints import Kind
from constraints.dataclass import dataclass

LITTLE = 10.0  # seconds for a kind that could not be listed the last time
_AGAIN = 10  # after so many failures in a row there is full patience once: it may only be slow


@dataclass(frozen=True, slots=True)
class Patience:
    """The seconds that an API server may take for one page, tries and waits included, and for all pages of a kind."""

    page: float = WITHIN
    kind: float = 300.0

    @classmethod
    def of(cls, seconds: float) -> Patience:
        """So many seconds for a kind; 0 for no bound at all."""
        return cls(min(WITHIN, seconds), seconds) if seconds else cls(math.inf, math.inf)


PATIENT = Patience()


@dataclass(slots=True)
class Tardy:
    """Counts the times in a row that a kind could not be listed; `usual` is the patience with all others.

    May be shared by threads, as long as no kind is listed by two of them.
    """

    usual: Patience = PATIENT
    failures: Counter[Kind] = field(default_factory=Counter)

    def __contains__(self, kind: Kind) -> bool:
        return self.failures[kind] > 0

    def patience(self, kind: Kind) -> Patience:
        """How long to wait for a kind."""
        usual = self.usual
        if self.failures[kind] % _AGAIN == 0:
            return usual
        return Patience(min(usual.page, LITTLE), min(usual.kind, LITTLE))

    def failed(self, kind: Kind) -> None:
        """It could not be listed, or not to its end."""
        self.failures[kind] += 1

    def listed(self, kind: Kind) -> None:
        """It could be listed to its end."""
        del self.failures[kind]
