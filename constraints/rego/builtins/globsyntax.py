"""The syntax of globs, as gobwas/glob reads it: a tree of patterns, alternatives and the parts of a pattern.

`*` is any text without a delimiter, `**` any text, `?` one character that is no delimiter, `[abc]`, `[a-z]`, `[!a-z]`
one of a class, `{a,b}` either, `\\` takes the meaning from a character. A NUL ends a pattern, but within a text only
that.
"""

from __future__ import annotations

from dataclasses import field
from typing import Final

from constraints.dataclass import dataclass
from constraints.rego.builtins import BuiltinError

_END: Final = "\0"
_UNREADABLE: Final = "\ufffd"
_BREAKS: Final = "?*[{"


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a glob: `any`, `super`, `single`, `nothing`; `text`, `list` and `range` of a value, which may be
    negated; `pattern`, its parts one behind the other, and `any of` its patterns."""

    kind: str
    value: str = ""
    negated: bool = False
    children: tuple[Node, ...] = ()


@dataclass(slots=True)
class _Open:
    """Alternatives that are not yet closed: the patterns so far, and the parts of the one that is being read."""

    patterns: list[Node] = field(default_factory=list)
    parts: list[Node] = field(default_factory=list)

    def pattern(self) -> Node:
        """What was read last, as a pattern; the next one begins."""
        parts, self.parts = self.parts, []
        return Node("pattern", children=tuple(parts))

    def close(self) -> Node:
        """All of them."""
        return Node("any of", children=(*self.patterns, self.pattern()))


class _Reader:
    """Reads a glob from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.open = [_Open()]

    def peek(self) -> str:
        """The next character, NUL at the end."""
        return self.text[self.at] if self.at < len(self.text) else _END

    def take(self) -> str:
        """The next character, which is passed."""
        found = self.peek()
        self.at += self.at < len(self.text)
        if found == _UNREADABLE:
            raise BuiltinError("could not read rune")
        return found

    def read(self) -> Node:
        """The tree; alternatives that are left open end with the glob."""
        while (char := self.take()) != _END:
            self.item(char)
        while len(self.open) > 1:
            self.close()
        return self.open[0].pattern()

    def close(self) -> None:
        """End the innermost alternatives."""
        closed = self.open.pop().close()
        self.open[-1].parts.append(closed)

    def item(self, char: str) -> None:
        """What begins with a character that was taken."""
        here, inside = self.open[-1], len(self.open) > 1
        if char == "{":
            self.open.append(_Open())
        elif char == "," and inside:
            here.patterns.append(here.pattern())
        elif char == "}" and inside:
            self.close()
        elif char == "[":
            here.parts.append(self.character_class())
        elif char == "?":
            here.parts.append(Node("single"))
        elif char == "*":
            is_super = self.peek() == "*"
            self.at += is_super
            here.parts.append(Node("super" if is_super else "any"))
        else:
            self.at -= 1
            text = self.run(_BREAKS + ",}" if inside else _BREAKS)
            here.parts += [Node("text", text)] * bool(text)

    def run(self, breaks: str) -> str:
        """A text up to one of some characters, which is not passed, or to a NUL, which is."""
        found, escaped = [], False
        while (char := self.take()) != _END:
            if not escaped and char == "\\":
                escaped = True
                continue
            if not escaped and char in breaks:
                self.at -= 1
                break
            escaped = False
            found.append(char)
        return "".join(found)

    def character_class(self) -> Node:
        """`[abc]` or `[a-z]`, not both in one; behind its `[`."""
        try:
            negated = self.peek() == "!"
            self.at += negated
            first = self.member()
            if self.peek() == "-":
                self.at += 1
                return self.range(first, negated)
            self.at -= 1
            members = self.run("]")
            self.end()
        except BuiltinError as error:
            raise BuiltinError(str(error).replace("could not read rune", "unexpected end of input")) from None
        if not members:
            raise BuiltinError("could not parse range")
        return Node("list", members, negated)

    def member(self) -> str:
        """A character, whichever it is."""
        char = self.take()
        if char == _END:
            raise BuiltinError("unexpected end of input")
        return char

    def range(self, low: str, negated: bool) -> Node:
        """`a-z`, behind its `-`."""
        high = self.member()
        self.end()
        if high < low:
            raise BuiltinError(f"hi character '{high}' should be greater than lo '{low}'")
        return Node("range", low + high, negated)

    def end(self) -> None:
        """Pass the `]`."""
        if self.member() != "]":
            raise BuiltinError("expected close range character")


def parsed(glob: str) -> Node:
    """The tree of a glob. Raises BuiltinError."""
    return _Reader(glob).read()
