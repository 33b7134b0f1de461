"""The matchers of gobwas/glob, with all that is odd about them: each says whether a text matches from end to end, and
where in a text a match begins.

Texts are bytes in UTF-8, as in Go, which counts now bytes and now characters and may cut a character into pieces.
`index` gives the place of the first match and the lengths that a match there can have, in bytes; None where there is
none. `length` is the number of characters that any match has, or ANY_LENGTH.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from constraints.dataclass import dataclass
from constraints.rego.values.sizes import spend

ANY_LENGTH: Final = -1
UNKNOWN: Final = "\ufffd"
_UNKNOWN_SIZE: Final = 3  # bytes of UNKNOWN, which is what a byte that is no UTF-8 is taken for

Found = tuple[int, Sequence[int]] | None
Rune = tuple[int, str, int]
"""Where it begins, what it is, and the bytes that it would take."""


class Matcher(Protocol):
    """One part of a glob."""

    @property
    def length(self) -> int:
        """Characters of any match, or ANY_LENGTH."""
        ...

    def match(self, text: bytes) -> bool:
        """Whether it matches from end to end."""
        ...

    def index(self, text: bytes) -> Found:
        """The first match and the lengths that it can have."""
        ...


def runes(text: bytes) -> list[Rune]:
    """The characters of a text; a byte that is no UTF-8 is UNKNOWN."""
    spend(len(text) + 1)
    if text.isascii():
        return [(at, chr(byte), 1) for at, byte in enumerate(text)]
    found, at = [], 0
    for char in text.decode("utf-8", "surrogateescape"):
        if "\ud800" <= char <= "\udfff":
            found.append((at, UNKNOWN, _UNKNOWN_SIZE))
            at += 1
        else:
            size = len(char.encode())
            found.append((at, char, size))
            at += size
    return found


def starts(text: bytes) -> list[int]:
    """Where its characters begin."""
    return [at for at, _, _ in runes(text)]


def first_of(text: bytes) -> tuple[str, int]:
    """The first character and the bytes that it takes there."""
    if not text:
        return UNKNOWN, 0
    if text[0] < 0x80:
        return chr(text[0]), 1
    every = runes(text[:4])
    return every[0][1], every[1][0] if len(every) > 1 else len(text[:4])


def _separator(text: bytes, separators: str) -> int:
    """Where the first of the separators that occur at all is, -1 where none does."""
    for one in separators:
        at = text.find(one.encode())
        if at >= 0:
            return at
    return -1


def _last_separator(text: bytes, separators: str) -> int:
    for one in separators:
        at = text.rfind(one.encode()) if one < "\x80" else _odd_last(text, one)
        if at >= 0:
            return at
    return -1


def _odd_last(text: bytes, one: str) -> int:
    """Go looks for the first one again and again in what is behind it, with places of the whole text."""
    first, rest, found = text.find(one.encode()), text, -1
    while rest and first >= 0:
        spend(1)
        found, rest = first, rest[first + 1 :]
    return found


@dataclass(frozen=True, slots=True)
class Nothing:
    """The empty text."""

    length = 0

    def match(self, text: bytes) -> bool:
        return not text

    def index(self, text: bytes) -> Found:
        return 0, (0,)


@dataclass(frozen=True, slots=True)
class Super:
    """Any text."""

    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return True

    def index(self, text: bytes) -> Found:
        return 0, [*starts(text), len(text)]


@dataclass(frozen=True, slots=True)
class Any:
    """Any text without a separator."""

    separators: str
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return _separator(text, self.separators) < 0

    def index(self, text: bytes) -> Found:
        found = _separator(text, self.separators)
        if found == 0:
            return 0, (0,)
        text = text if found < 0 else text[:found]
        return 0, [*starts(text), len(text)]


@dataclass(frozen=True, slots=True)
class One:
    """One character that is among some, or with `negated` that is not; for Go the empty text is UNKNOWN."""

    members: str
    negated: bool = False
    length = 1

    def takes(self, char: str) -> bool:
        return (char in self.members) is not self.negated

    def match(self, text: bytes) -> bool:
        char, size = first_of(text)
        return len(text) <= size and self.takes(char)

    def index(self, text: bytes) -> Found:
        return next(((at, (size,)) for at, char, size in runes(text) if self.takes(char)), None)


@dataclass(frozen=True, slots=True)
class Single(One):
    """`?`: `members` are the separators, and it is always negated."""


@dataclass(frozen=True, slots=True)
class Range(One):
    """`[a-z]`: `members` are the two ends."""

    def takes(self, char: str) -> bool:
        return (self.members[0] <= char <= self.members[1]) is not self.negated


@dataclass(frozen=True, slots=True)
class Text:
    """A text."""

    text: bytes
    length: int

    def match(self, text: bytes) -> bool:
        return text == self.text

    def index(self, text: bytes) -> Found:
        at = text.find(self.text)
        return None if at < 0 else (at, (len(self.text),))


def text_matcher(text: bytes) -> Text:
    """The matcher of a text."""
    return Text(text, len(runes(text)))


@dataclass(frozen=True, slots=True)
class Contains:
    """A text that has another one in it, or with `negated` has not."""

    needle: bytes
    negated: bool = False
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return (self.needle in text) is not self.negated

    def index(self, text: bytes) -> Found:
        offset, at = 0, text.find(self.needle)
        if not self.negated:
            if at < 0:
                return None
            offset = at + len(self.needle)
            if len(text) <= offset:
                return 0, (offset,)
            text = text[offset:]
        elif at >= 0:
            text = text[:at]
        return 0, [*(offset + start for start in starts(text)), offset + len(text)]


@dataclass(frozen=True, slots=True)
class Prefix:
    """A text that begins with another one, and goes on without a separator."""

    prefix: bytes
    separators: str = ""
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return text.startswith(self.prefix) and _separator(text[len(self.prefix) :], self.separators) < 0

    def index(self, text: bytes) -> Found:
        at = text.find(self.prefix)
        if at < 0:
            return None
        size = len(self.prefix)
        rest = text[at + size :]
        end = _separator(rest, self.separators)
        rest = rest if end < 0 else rest[:end]
        return at, [size, *(size + start + width for start, _, width in runes(rest))]


@dataclass(frozen=True, slots=True)
class Suffix:
    """A text that ends with another one."""

    suffix: bytes
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return text.endswith(self.suffix)

    def index(self, text: bytes) -> Found:
        at = text.find(self.suffix)
        return None if at < 0 else (0, (at + len(self.suffix),))


@dataclass(frozen=True, slots=True)
class SuffixAny:
    """A text without a separator in front of another one."""

    suffix: bytes
    separators: str
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        if not text.endswith(self.suffix):
            return False
        return _separator(text[: len(text) - len(self.suffix)], self.separators) < 0

    def index(self, text: bytes) -> Found:
        at = text.find(self.suffix)
        if at < 0:
            return None
        start = _last_separator(text[:at], self.separators) + 1
        return start, (at + len(self.suffix) - start,)


@dataclass(frozen=True, slots=True)
class PrefixSuffix:
    """A text that begins with one text and ends with another; the two may overlap."""

    prefix: bytes
    suffix: bytes
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return text.startswith(self.prefix) and text.endswith(self.suffix)

    def index(self, text: bytes) -> Found:
        at = text.find(self.prefix)
        if at < 0:
            return None
        if not self.suffix:
            return at, (len(text) - at,)
        found: list[int] = []
        rest = text[at:]
        while (end := rest.rfind(self.suffix)) >= 0:
            spend(1)
            found.append(end + len(self.suffix))
            rest = rest[:end]
        return (at, found[::-1]) if found else None


@dataclass(frozen=True, slots=True)
class Min:
    """So many characters or more."""

    limit: int
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return len(runes(text)) >= max(self.limit, 1)

    def index(self, text: bytes) -> Found:
        if len(text) < self.limit:
            return None
        found = [at + size for at, _, size in runes(text)[max(self.limit - 1, 0) :]]
        return (0, found) if found else None


@dataclass(frozen=True, slots=True)
class Max:
    """So many characters or fewer."""

    limit: int
    length = ANY_LENGTH

    def match(self, text: bytes) -> bool:
        return len(runes(text)) <= self.limit

    def index(self, text: bytes) -> Found:
        return 0, [0, *(at + size for at, _, size in runes(text)[: self.limit])]
