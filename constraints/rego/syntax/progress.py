"""Which rule is being compiled: told to whoever ends a compilation that takes too long, and where one nests too
deeply.
"""

from __future__ import annotations

from typing import Final

from constraints.errors import CompileError
from constraints.lang.source import Span
from constraints.timing import OutOfTime

TOO_DEEP: Final = "rego_compile_error: rules or terms are nested too deeply"


class During:
    """Notes a place in an OutOfTime that passes, unless it has one. A class, since a generator takes three times as
    long.

    Raises CompileError in the place of a RecursionError.
    """

    __slots__ = ("source", "span")

    def __init__(self, span: Span, source: str) -> None:
        self.span = span
        self.source = source

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OutOfTime) and error.span is None:
            error.span, error.source = self.span, self.source
        elif isinstance(error, RecursionError):
            raise CompileError(TOO_DEEP, span=self.span, source=self.source, deep=True) from error
