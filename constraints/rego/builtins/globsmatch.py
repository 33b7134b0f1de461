"""`regex.globs_match`: whether some text matches both of two globs (`.`, `[a-z]`, `*`, `+`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import string
from constraints.rego.values import Value

_SPECIAL: Final = {".", "[", "]", "+", "*"}


@dataclass(frozen=True, slots=True)
class Token:
    """Characters of which one stands here: ranges, or None for any; and how often: once, `+` or `*`."""

    ranges: tuple[tuple[int, int], ...] | None
    flag: str = ""

    def meets(self, other: Token) -> bool:
        """Whether one character is in both; a set is taken to have one with any."""
        if self.ranges is None or other.ranges is None:
            return True
        return any(a <= d and c <= b for a, b in self.ranges for c, d in other.ranges)


class _Reader:
    """Reads a glob; an escaped character has no special meaning."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def peek(self) -> tuple[str, bool, int]:
        """The next character, whether it is escaped, and where reading goes on behind it."""
        if self.position >= len(self.text):
            return "", False, self.position
        character = self.text[self.position]
        if character != "\\":
            return character, False, self.position + 1
        if self.position + 1 == len(self.text):
            raise self.error("input ends with a \\ (escape) character")
        return self.text[self.position + 1], True, self.position + 2

    def take(self) -> tuple[str, bool]:
        """The next character and whether it is escaped; empty at the end."""
        character, escaped, self.position = self.peek()
        return character, escaped

    def error(self, why: str) -> BuiltinError:
        """In the words of OPA's library."""
        return BuiltinError(f"input:{self.text}, pos:{self.position}, {why}: the input provided is invalid")


def _tokens(text: str) -> Iterator[Token]:
    reader = _Reader(text)
    while reader.position < len(text):
        ranges = _atom(reader)
        flag, escaped, behind = reader.peek()
        if flag and flag in "+*" and not escaped:
            reader.position = behind
            yield Token(ranges, flag)
        else:
            yield Token(ranges)


def _atom(reader: _Reader) -> tuple[tuple[int, int], ...] | None:
    character, escaped = reader.take()
    if escaped or character not in _SPECIAL:
        return ((ord(character), ord(character)),)
    if character == ".":
        return None
    if character == "[":
        return tuple(_set(reader))
    if character == "]":
        raise reader.error("set-close ']' with no preceding '['")
    raise reader.error(f"flag '{character}' must be preceded by a non-flag")


def _set(reader: _Reader) -> Iterator[tuple[int, int]]:
    previous = ""
    while True:
        character, escaped = reader.take()
        if not character:
            raise reader.error("found [ without matching ]")
        if character == "]" and not escaped:
            return
        if character == "-" and not escaped:
            yield _range(reader, previous)
            previous = ""
        else:
            yield ord(character), ord(character)
            previous = character


def _range(reader: _Reader, low: str) -> tuple[int, int]:
    if not low:
        raise reader.error("range character '-' must be preceded by a Unicode character")
    if reader.position >= len(reader.text) - 1:
        raise reader.error("range character '-' must be followed by a Unicode character")
    high, escaped = reader.take()
    if high in "]-" and not escaped:
        raise reader.error("range character '-' cannot be followed by a special symbol")
    if high < low:
        raise reader.error(f"range is out of order: '{high}' comes before '{low}' in Unicode")
    return ord(low), ord(high)


def _next(tokens: list[Token], place: int) -> list[int]:
    """The places that are reached from one without a character: `*` may be left out."""
    places = [place]
    while place < len(tokens) and tokens[place].flag == "*":
        place += 1
        places.append(place)
    return places


def _after(tokens: list[Token], place: int) -> list[int]:
    """The places behind one character of the token at this place; a repeated one may go on."""
    return ([place] if tokens[place].flag else []) + _next(tokens, place + 1)


def intersect(one: list[Token], other: list[Token]) -> bool:
    """Whether a text that is not empty matches both: a walk through pairs of places, each at most once."""
    done = (len(one), len(other))
    seen = {(a, b) for a in _next(one, 0) for b in _next(other, 0)}
    waiting = list(seen)
    while waiting:
        a, b = waiting.pop()
        if a == len(one) or b == len(other) or not one[a].meets(other[b]):
            continue
        reached = {(x, y) for x in _after(one, a) for y in _after(other, b)}
        if done in reached:
            return True
        waiting += reached - seen
        seen |= reached
    return done == (0, 0)


@builtin("regex.globs_match", "string", "string", result="boolean")
def globs_match(one: Value, other: Value) -> bool:
    """Whether the texts that two globs match have one in common."""
    return intersect(list(_tokens(string(one, 1))), list(_tokens(string(other, 2))))
