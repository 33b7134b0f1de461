"""`regex.globs_match`: whether some text matches both of two globs (`.`, `[a-z]`, `*`, `+`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from constraints.dataclass import dataclass
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import string
from constraints.rego.values.kinds import Value
from constraints.rego.values.sizes import look_through, spend, too_deep

_SPECIAL: Final = {".", "[", "]", "+", "*"}


@dataclass(frozen=True, slots=True)
class Token:
    """Characters of which one stands here: ranges, or None for any; and how often: once, `+` or `*`."""

    ranges: tuple[tuple[int, int], ...] | None
    flag: str = ""
    is_set: bool = False

    def meets(self, other: Token) -> bool:
        """Whether one character is in both; a set is taken to have one with any."""
        if self.ranges is None or other.ranges is None:
            return True
        return any(a <= d and c <= b for a, b in self.ranges for c, d in other.ranges)

    def alike(self, other: Token) -> bool:
        """Whether the same characters are in both; a character is not a set of one."""
        return self.is_set == other.is_set and self.ranges == other.ranges


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
        token = _atom(reader)
        flag, escaped, behind = reader.peek()
        if flag and flag in "+*" and not escaped:
            reader.position = behind
            token = replace(token, flag=flag)
        yield token


def _atom(reader: _Reader) -> Token:
    character, escaped = reader.take()
    if escaped or character not in _SPECIAL:
        return Token(((ord(character), ord(character)),))
    if character == ".":
        return Token(None)
    if character == "[":
        return Token(_merged(_set(reader)), is_set=True)
    if character == "]":
        raise reader.error("set-close ']' with no preceding '['")
    raise reader.error(f"flag '{character}' must be preceded by a non-flag")


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The same characters in as few ranges as they need, sorted."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return tuple(found)


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


def _simplified(tokens: Iterable[Token]) -> list[Token]:
    """Neighbours that repeat the same characters made one; `+` wins over `*`."""
    found: list[Token] = []
    for token in tokens:
        last = found[-1] if found else token
        if found and token.flag and last.flag and token.alike(last):
            found[-1] = replace(last, flag="+" if "+" in (token.flag, last.flag) else "*")
        else:
            found.append(token)
    return found


class _Pair:
    """Two globs and the answers for their rests, each asked for at most once.

    The walk is that of OPA's library, which does not let a `*` at the end of one glob stand for nothing when the other
    one is over.
    """

    def __init__(self, one: list[Token], other: list[Token]) -> None:
        self.globs = (one, other)
        self.known: dict[tuple[int, int, int], bool] = {}

    def meet(self, a: int, b: int) -> bool:
        """Whether the rests from these places on have a text in common."""
        one, other = self.globs
        while a < len(one) and b < len(other):
            if one[a].flag or other[b].flag:
                side = 0 if one[a].flag else 1
                return self.repeated(side, (a, b)[side], (b, a)[side])
            if not one[a].meets(other[b]):
                return False
            a, b = a + 1, b + 1
        return a == len(one) and b == len(other)

    def rests(self, side: int, mine: int, others: int) -> bool:
        """`meet` with the places of one side first."""
        return self.meet(mine, others) if side == 0 else self.meet(others, mine)

    def repeated(self, side: int, mine: int, others: int) -> bool:
        """From a token that may repeat on; a `+` takes one character first, or is taken by one that repeats itself."""
        key = (side, mine, others)
        if key not in self.known:
            spend(10)
            token, other = self.globs[side][mine], self.globs[1 - side][others]
            if token.flag == "*":
                self.known[key] = self.gobble(side, mine, others)
            else:
                self.known[key] = token.meets(other) and (
                    self.gobble(side, mine, others + 1) or bool(other.flag and self.rests(side, mine + 1, others))
                )
        return self.known[key]

    def gobble(self, side: int, mine: int, others: int) -> bool:
        """The token takes what it can, and at each place the one behind it may go on."""
        glob, rest = self.globs[side], self.globs[1 - side][others:]
        follows = glob[mine + 1] if mine + 1 < len(glob) else None
        look_through(rest)
        for place, token in enumerate(rest, others):
            if follows is not None and token.meets(follows) and self.rests(side, mine + 1, place):
                return True
            if not token.meets(glob[mine]):
                return False
        return follows is None


def intersect(one: list[Token], other: list[Token]) -> bool:
    """Whether a text matches both."""
    try:
        return _Pair(one, other).meet(0, 0)
    except RecursionError as error:
        raise too_deep() from error


@builtin("regex.globs_match", "string", "string", result="boolean")
def globs_match(one: Value, other: Value) -> bool:
    """Whether the texts that two globs match have one in common."""
    first, second = string(one, 1), string(other, 2)
    return intersect(_simplified(_tokens(first)), _simplified(_tokens(second)))
