"""Who must hear: each sink takes every page of results on its way past and the summary at the end."""

from __future__ import annotations

from typing import Protocol

from audit.aggregate import Phase, Summary
from audit.ledger import Changes
from audit.model import RunInfo
from audit.verdicts import Reviewed


class Sink(Protocol):
    """`start` and `finish` frame one run; `finish` is called even when the run raised.

    `changes` are empty where nobody has asked for them. Its time counts for the `phase`. What it raises becomes
    a gap of the run; at a page, or a part of a large one, it loses that.
    """

    name: str
    phase: Phase

    def start(self, info: RunInfo) -> None:
        """Hear that a run begins. A sink that raises here gets no pages of this run."""

    def page(self, reviewed: Reviewed) -> None:
        """Take the verdicts of a page of objects of one kind, or of a part of it; they come in no order that counts."""

    def finish(self, summary: Summary, changes: Changes) -> None:
        """Take what the run came to; its gaps tell what the sinks before this one could not do."""
