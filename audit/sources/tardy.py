"""Which kinds could not be listed in the last runs, and how much patience there is with them in the next one."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from audit.kube.lister import Patience
from constraints import Kind

LITTLE = 10.0  # seconds for a kind that could not be listed the last time
_AGAIN = 10  # after so many failures in a row there is full patience once: it may only be slow


@dataclass(slots=True)
class Tardy:
    """Counts the runs in a row in which a kind could not be listed. May be shared by threads: each has its own kind."""

    failures: Counter[Kind] = field(default_factory=Counter)

    def __contains__(self, kind: Kind) -> bool:
        return self.failures[kind] > 0

    def patience(self, kind: Kind, usual: Patience) -> Patience:
        """How long to wait for a kind."""
        if self.failures[kind] % _AGAIN == 0:
            return usual
        return Patience(min(usual.page, LITTLE), min(usual.kind, LITTLE))

    def failed(self, kind: Kind) -> None:
        """It could not be listed, or not to its end."""
        self.failures[kind] += 1

    def listed(self, kind: Kind) -> None:
        """It could be listed to its end."""
        del self.failures[kind]
