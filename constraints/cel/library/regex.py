"""Regular expressions in RE2's syntax and time: what an object holds cannot make a search slow."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import re2

from constraints.cel.failures import Failure, no_overload
from constraints.cel.overloads import Code, method
from constraints.cel.values import Value
from constraints.lang.weighed import Weighed

_WORDS: Final = (  # RE2's words for what is wrong, and Go's
    ("missing ]", "missing closing ]"),
    ("missing )", "missing closing )"),
    ("invalid perl operator", "invalid or unsupported Perl syntax"),
    ("invalid repetition size", "invalid repeat count"),
    ("no argument for repetition operator", "missing argument to repetition operator"),
    ("bad repetition operator", "invalid nested repetition operator"),
    ("invalid named capture group", "invalid named capture"),
)


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


_OPTIONS: Final = _options()
_COMPILED: Final = Weighed[str, Any](500_000)
_PATTERN_SIZE: Final = 500  # what a pattern takes besides its program, in instructions


def compiled(pattern: str) -> Any:
    """The pattern, ready for `search`. Raises Failure with Go's words."""
    found = _COMPILED.get(pattern)
    if found is not None:
        return found
    try:
        made = re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        raise Failure(f"error parsing regexp: {_said(error)}") from error
    return _COMPILED.put(pattern, made, _PATTERN_SIZE + made.programsize)


def _said(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    what, _, where = text.partition(": ")
    return f"{dict(_WORDS).get(what, what)}: `{where}`"


def _legal(pattern: str) -> Any:
    try:
        return compiled(pattern)
    except Failure as error:
        raise Failure(f"Illegal regex: {error}") from error


@method("string.find(string) -> string")
def find(text: str, pattern: str) -> str:
    """The first match, or the empty text."""
    found = _legal(pattern).search(text)
    return str(found.group()) if found else ""


@method("string.findAll(string) -> list(string)", "string.findAll(string, int) -> list(string)")
def find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    """All matches that do not overlap, `limit` at most; an empty one right behind a match does not count."""
    found: list[str] = []
    end = -1
    for match in _legal(pattern).finditer(text):
        if limit >= 0 and len(found) >= limit:
            break
        if match.start() != match.end() or match.start() != end:
            found.append(match.group())
        end = match.end()
    return found


@cache
def textual(search: Code) -> Code:
    """The same search, with another complaint about what is no text."""

    def found(text: Value, *rest: Value) -> Value:
        if type(text) is not str or any(type(limit) is str for limit in rest[1:]):
            raise no_overload()
        return search(text, *rest)

    return found


def is_regex(pattern: str) -> bool:
    """Whether the pattern can be compiled."""
    try:
        compiled(pattern)
    except Failure:
        return False
    return True
