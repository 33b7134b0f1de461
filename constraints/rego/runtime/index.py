"""What the rule index lets pass (v1/ast/index.go): a little more than what its conditions say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from constraints.dataclass import dataclass
from constraints.rego.runtime.iteration import is_collection, values_of
from constraints.rego.values.kinds import Value, same

ANYTHING: Final = object()
"""In a pattern: any value."""


@dataclass(frozen=True, slots=True)
class SplitText:
    """The pattern for a text with parts between any of the characters in `between`; an array of the parts fits, too."""

    parts: Sequence[Any]
    between: str


def may_fit(value: Value, patterns: Sequence[Any]) -> bool:
    """Whether a body can hold whose condition on the value is one of the patterns."""
    found = [value]
    if type(value) is str:
        found += [split_escaped(value, one.between) for one in patterns if isinstance(one, SplitText)]
    return any(_fits(one, pattern) for one in found for pattern in patterns)


def _fits(value: Value, pattern: Any) -> bool:
    if isinstance(pattern, SplitText):
        return _fit_all(value, pattern.parts)
    if isinstance(pattern, list):
        return _fit_all(value, pattern)
    # a value is looked for in collections, too
    return same(value, pattern) or (is_collection(value) and any(same(item, pattern) for item in values_of(value)))


def _fit_all(value: Value, pattern: Sequence[Any]) -> bool:
    if type(value) is not list or len(value) != len(pattern):
        return False
    return all(part is ANYTHING or same(item, part) for item, part in zip(value, pattern, strict=True))


def split_escaped(text: str, between: str) -> list[str]:
    """The parts of a text between any of these characters, but for those behind a backslash."""
    found, start, escaped = [], 0, False
    for at, letter in enumerate(text):
        if letter == "\\" or escaped:
            escaped = not escaped
        elif letter in between:
            found.append(text[start:at])
            start = at + 1
    return [*found, text[start:]]
