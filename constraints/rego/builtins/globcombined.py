"""The matchers of gobwas/glob that are made of others: all of some, one of some, a row, and a tree around a middle."""

from __future__ import annotations

from collections.abc import Iterable

from constraints.dataclass import dataclass
from constraints.rego.builtins.globmatchers import ANY_LENGTH, Found, Matcher, first_of, runes, starts
from constraints.rego.values.sizes import spend


@dataclass(frozen=True, slots=True)
class EveryOf:
    """What all of some matchers match."""

    matchers: tuple[Matcher, ...]
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return all(one.match(text) for one in self.matchers)

    def index(self, text: bytes) -> Found:
        index = offset = 0
        current: list[int] = []
        rest = text
        for number, one in enumerate(self.matchers):
            found = one.index(rest)
            if found is None:
                return None
            at, lengths = found
            if number == 0:
                current = list(lengths)
            else:
                delta, known = index - (at + offset), set(lengths)
                current = [length + delta for length in current if length + delta in known]
                if not current:
                    return None
            index = at + offset
            rest = text[index:]
            offset += at
        return index, current


@dataclass(frozen=True, slots=True)
class AnyOf:
    """What one of some matchers matches."""

    matchers: tuple[Matcher, ...]
    length: int

    def match(self, text: bytes) -> bool:
        return any(one.match(text) for one in self.matchers)

    def index(self, text: bytes) -> Found:
        first, lengths = -1, set[int]()
        for one in self.matchers:
            found = one.index(text)
            if found is None:
                continue
            if first < 0 or found[0] < first:
                first, lengths = found[0], set(found[1])
            elif found[0] == first:
                lengths |= set(found[1])
        return None if first < 0 else (first, sorted(lengths))


def alternatives(matchers: Iterable[Matcher]) -> AnyOf:
    """Their AnyOf; as in Go, those of any length at the beginning are not looked at for its length."""
    every = tuple(matchers)
    length = ANY_LENGTH
    for one in every:
        if length == ANY_LENGTH:
            length = one.length
        elif one.length != length:
            return AnyOf(every, ANY_LENGTH)
    return AnyOf(every, length)


@dataclass(frozen=True, slots=True)
class Row:
    """Matchers of a fixed length, one behind the other; `length` is their sum."""

    matchers: tuple[Matcher, ...]
    length: int

    def _all(self, text: bytes) -> bool:
        at = 0
        for one in self.matchers:
            wanted, rest = one.length, text[at:]
            last = count = 0
            for start in starts(rest):
                last, count = start, count + 1
                if count == wanted:
                    break
            if count < wanted or last >= len(rest) or not one.match(rest[: last + 1]):
                return False  # where nothing is left for the empty text, Go panics
            at += last + 1
        return True

    def match(self, text: bytes) -> bool:
        return len(runes(text)) == self.length and self._all(text)

    def index(self, text: bytes) -> Found:
        for start in starts(text):
            if len(text) - start < self.length:
                break
            if self._all(text[start:]):
                return start, (self.length,)
        return None


@dataclass(frozen=True, slots=True)
class BTree:
    """A matcher in the middle, of which each place is tried, and what is on its left and on its right, if anything.

    `before` and `behind` are the characters of the two, 0 where they may be any; here bytes are counted by them.
    """

    value: Matcher
    left: Matcher | None
    right: Matcher | None
    length: int
    before: int
    behind: int

    def lengths(self) -> tuple[int, int, int]:
        """The three, which stay as they are when the parts are simplified."""
        return self.length, self.before, self.behind

    def match(self, text: bytes) -> bool:
        size = len(text)
        offset, limit = self.before, size - self.behind
        while self.length <= size and offset < limit:
            spend(4)
            found = self.value.index(text[offset:limit])
            if found is None:
                return False
            at, lengths = offset + found[0], found[1]
            if _is(self.left, text[:at]) and any(_is(self.right, text[at + length :]) for length in lengths[::-1]):
                return True
            offset = at + first_of(text[at:])[1]
        return False

    def index(self, text: bytes) -> Found:
        return None


def tree(value: Matcher, left: Matcher | None, right: Matcher | None) -> BTree:
    """The BTree of some matchers."""
    before, behind = (0 if one is None else one.length for one in (left, right))
    parts = value.length, before, behind
    length = ANY_LENGTH if ANY_LENGTH in parts else sum(parts)
    return BTree(value, left, right, length, max(before, 0), max(behind, 0))


def _is(matcher: Matcher | None, text: bytes) -> bool:
    spend(1)
    return not text if matcher is None else matcher.match(text)
