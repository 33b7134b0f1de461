"""Source text of a policy and the positions in it that errors point at."""

from __future__ import annotations

from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A position in a policy: 1-based line and column."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Source:
    """A named piece of policy text, e.g. `template` or `libs[0]`."""

    name: str
    text: str
