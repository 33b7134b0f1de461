"""How much of a run is told: the words of flags for it, and of those that heed them."""

from __future__ import annotations

from typing import Final

ALL: Final = "all"
NONE: Final = "none"
RUN: Final = "run"
PAGE: Final = "page"
"""How often what waits is brought to the disk."""
CHANGES: Final = "changes"
"""What is new since the last run, and what is gone."""
