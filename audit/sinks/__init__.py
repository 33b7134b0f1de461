"""Who must hear: each sink takes every page of results on its way past and the summary at the end."""

from __future__ import annotations

from typing import Protocol

from audit.aggregate import Summary
from audit.ledger import Changes
from audit.model import RunInfo
from audit.verdicts import Reviewed


class Sink(Protocol):
    """`start` and `finish` frame one run; `finish` is called even when the run raised.

    `changes` are empty where nobody has asked for them. Its time counts for the `phase`, one of aggregate.PHASES. What
    it raises at a page makes it lose that page.
    """

    name: str
    phase: str

    def start(self, info: RunInfo) -> None: ...

    def page(self, reviewed: Reviewed) -> None: ...

    def finish(self, summary: Summary, changes: Changes) -> None: ...
