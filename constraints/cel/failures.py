"""What goes wrong in CEL: problems in an expression, and failures while it is evaluated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from constraints.dataclass import dataclass
from constraints.lang.source import Span

_MOST_SHOWN: Final = 100  # as in cel-go
_LONGEST_SHOWN: Final = 16_384  # bytes of a line
_WIDE_DOT: Final = "\uff0e"
_WIDE_MARK: Final = "\uff3e"


@dataclass(frozen=True, slots=True)
class Problem:
    """One compile error: where, and what."""

    at: Span
    message: str

    def __str__(self) -> str:
        return f"{self.at}: {self.message}"


class Invalid(Exception):
    """The expression does not compile; `problems` in the order of their positions."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: problem.at)
        super().__init__("\n".join(map(str, self.problems)))

    def listing(self, text: str) -> str:
        """The problems as cel-go shows them, each with its line of the expression and a mark below the column."""
        rows = text.split("\n")
        shown = [_shown(problem, rows) for problem in self.problems[:_MOST_SHOWN]]
        if len(self.problems) > _MOST_SHOWN:
            shown.append(f"{len(self.problems) - _MOST_SHOWN} more errors were truncated")
        return "compilation failed: " + "\n".join(shown)


class Uninstantiable(Invalid):
    """The expression has the right types, but a part of it that is constant fails."""

    def listing(self, text: str) -> str:
        """What fails, without a position."""
        return f"program instantiation failed: {self.problems[0].message}"


class WrongResult(Invalid):
    """The expression is fine, but gives another type than is asked for."""

    def listing(self, text: str) -> str:
        """Which type is wanted, and which there is."""
        return self.problems[0].message


class Failure(Exception):
    """An error while an expression is evaluated; `||`, `&&`, `all` and `exists` may absorb it."""


class Panic(Exception):
    """Where cel-go's own code breaks down, because it charges for what could not be computed, or is something else.

    The whole expression fails then: nothing absorbs that.
    """

    def __init__(self, conversion: str = "*types.Err is not traits.Lister: missing method Add") -> None:
        super().__init__(f"internal error: interface conversion: {conversion}")


class Exhausted(Exception):
    """The evaluation may cost more than it may, or needs more memory; nothing absorbs this."""


class OverBudget(Exception):
    """Expressions cost more than their common budget, counted exactly."""


def failed(panic: Panic) -> Failure:
    """What a panic is to those who asked for the value."""
    return Failure(str(panic))


def no_overload(name: str = "") -> Failure:
    """No function of that name takes such values; without a name: an operand of the wrong type."""
    return Failure(f"no such overload: {name}" if name else "no such overload")


def composited(name: str, failure: Exception) -> Failure:
    """What a variable's failure is to those who read the variable."""
    return Failure(f'composited variable "{name}" fails to evaluate: {failure}')


def _shown(problem: Problem, rows: list[str]) -> str:
    """With its line and a mark, unless the line is too long; wide marks below what is more than a byte."""
    if not problem.at.column:
        return f"ERROR: <input>:{problem}"
    row = rows[problem.at.line - 1].replace("\t", " ")
    if len(row.encode()) > _LONGEST_SHOWN:
        return f"ERROR: <input>:{problem}"
    before = "".join("." if letter.isascii() else _WIDE_DOT for letter in row[: problem.at.column - 1])
    mark = "^" if row[problem.at.column - 1 : problem.at.column].isascii() else _WIDE_MARK
    return f"ERROR: <input>:{problem}\n | {row}\n | {before}{mark}"
