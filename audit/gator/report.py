"""What `patrol test` has found, and in which order it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from operator import attrgetter
from typing import Final

from constraints import Violation
from constraints.dataclass import dataclass, value
from constraints.model import Json, Object

TARGET: Final = "admission.k8s.gatekeeper.sh"
DENY: Final = "deny"


@value
class Result:
    """A violation and the object that it is about; `detailed`: it has details, be they null."""

    violation: Violation
    object: Object
    detailed: bool = False

    @property
    def denies(self) -> bool:
        """Whether it makes the exit code 1."""
        return DENY in (self.violation.action, *self.violation.actions)


SORT_KEY: Final = attrgetter("violation.action", "violation.message")
"""gator's order."""


@dataclass(frozen=True, slots=True)
class Report:
    """Sorted results, and the engine's statistics if they were asked for."""

    results: Sequence[Result]
    stats: Sequence[Mapping[str, Json]] | None = None


@dataclass(slots=True)
class Texts:
    """Texts of values that come up again and again, remembered by identity."""

    write: Callable[[Json], str]
    _known: dict[int, str] = field(default_factory=dict)

    def of(self, value: Json) -> str:
        found = self._known.get(id(value))
        if found is None:
            found = self._known[id(value)] = self.write(value)
        return found
