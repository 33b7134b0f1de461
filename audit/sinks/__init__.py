"""Who must hear: each sink takes every violation on its way past and the summary at the end."""

from __future__ import annotations

from typing import Protocol

from audit.aggregate import Summary
from audit.model import RunInfo
from constraints import Violation


class Sink(Protocol):
    """`start` and `finish` frame one run; `finish` is called even when the run raised."""

    name: str

    def start(self, info: RunInfo) -> None: ...

    def add(self, violation: Violation) -> None: ...

    def finish(self, summary: Summary) -> None: ...
