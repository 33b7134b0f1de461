"""Which rule is being compiled: told to whoever ends a compilation that takes too long."""

from __future__ import annotations

from constraints.lang.source import Span
from constraints.timing import OutOfTime


class During:
    """Notes a place in an OutOfTime that passes, unless it has one. A class, since a generator takes three times as long."""

    __slots__ = ("source", "span")

    def __init__(self, span: Span, source: str) -> None:
        self.span = span
        self.source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OutOfTime) and error.span is None:
            error.span, error.source = self.span, self.source
