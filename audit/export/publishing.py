"""How publishing goes, as the status of a Connection tells it."""

from __future__ import annotations

from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Publishing:
    """How publishing went since the last run ended: times are Unix seconds, 0 for never.

    `active`: something was published; `errors` are told apart by the text before the first colon.
    """

    active: bool = False
    last_attempt: float = 0.0
    last_success: float = 0.0
    errors: tuple[str, ...] = ()
