"""`glob.*`: globs as OPA's library (gobwas/glob) reads them, matched as regular expressions on RE2.

`*` is any text without a delimiter, `**` any text, `?` one character that is no delimiter, `[abc]`, `[a-z]`, `[!a-z]`
one of a class, `{a,b}` either, `\\` takes the meaning from a character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import array, as_bytes, none_of, string, unfit
from constraints.rego.builtins.regex import compiled, searched
from constraints.rego.sizes import lasting
from constraints.rego.values import Value, type_name

_SPECIAL: Final = re.compile(r"[*?\\\[\]{}]")
_DEFAULT: Final = "."


class _Glob:
    """Translates one glob into a regular expression, left to right."""

    def __init__(self, pattern: str, delimiters: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.level = 0
        self.one = f"[^{_class_of(delimiters)}]" if delimiters else "(?s:.)"

    def take(self) -> str:
        """The next character, empty at the end (a NUL ends the pattern too)."""
        character = self.pattern[self.position : self.position + 1]
        self.position += len(character)
        return "" if character == "\0" else character

    def translate(self) -> str:
        """The regular expression; an alternative that is left open ends with the pattern."""
        pieces = []
        while character := self.take():
            pieces.append(self.piece(character))
        # OPA's library takes the empty text for one character where the pattern is nothing but `?` or `[!...]`
        alone = len(pieces) == 1 and (pieces[0] == self.one or pieces[0].startswith("[^"))
        return f"\\A(?:{''.join(pieces)}{')' * self.level}){'?' if alone else ''}\\z"

    def piece(self, character: str) -> str:
        """What a character at the start of an element stands for."""
        if character == "{":
            self.level += 1
            return "(?:"
        if self.level and character in ",}":
            self.level -= character == "}"
            return "|" if character == "," else ")"
        if character == "[":
            return self.character_class()
        if character == "?":
            return self.one
        if character == "*":
            return self.star()
        if character == "\\":
            character = self.take()
        return re.escape(character)

    def star(self) -> str:
        """`*`, or `**` over delimiters."""
        if self.pattern[self.position : self.position + 1] != "*":
            return f"{self.one}*"
        self.position += 1
        return "(?s:.)*"

    def character_class(self) -> str:
        """`[abc]` or `[a-z]`, not both in one; behind its `[`."""
        negated = self.pattern[self.position : self.position + 1] == "!"
        self.position += negated
        start = self.position
        members = self.span() if self.pattern[start + 1 : start + 2] == "-" else _class_of(self.listed())
        if self.take() != "]":
            raise BuiltinError(
                "expected close range character" if self.position < len(self.pattern) else "unexpected end of input"
            )
        return f"[^{members}]" if negated else f"[{members}]"

    def span(self) -> str:
        """`a-z`."""
        low, _, high = self.take(), self.take(), self.take()
        if not high:
            raise BuiltinError("unexpected end of input")
        if high < low:
            raise BuiltinError(f"hi character '{high}' should be greater than lo '{low}'")
        return f"{_class_of(low)}-{_class_of(high)}"

    def listed(self) -> str:
        """Characters up to `]`; at least one."""
        found = []
        while (character := self.take()) != "]":
            if not character:
                raise BuiltinError("unexpected end of input")
            found.append(self.take() if character == "\\" else character)
        self.position -= 1
        if not found:
            raise BuiltinError("could not parse range")
        return "".join(found)


def _class_of(characters: Iterable[str]) -> str:
    return "".join(f"\\x{{{ord(character):x}}}" for character in characters)


@lasting(1024)
def _regexp(pattern: str, delimiters: str) -> Any:
    return compiled(_Glob(pattern, delimiters).translate())


@lasting(8192)
def _matches(pattern: str, delimiters: str, text: str) -> bool:
    regexp = _regexp(pattern, delimiters)
    searched(regexp, text)
    return regexp.search(as_bytes(text)) is not None


@builtin("glob.match", "string", "null|array[string]", "string", result="boolean")
def glob_match(pattern: Value, delimiters: Value, match: Value) -> bool:
    """Whether the text matches the glob from end to end; no delimiters mean `.`, null means none at all."""
    glob = string(pattern, 1)
    if delimiters is not None and not isinstance(delimiters, list):
        raise none_of(2, delimiters, "array", "null")
    separators = "" if delimiters is None else "".join(_runes(delimiters)) or _DEFAULT
    return _matches(glob, separators, string(match, 3))


def _runes(delimiters: Value) -> list[str]:
    for item in array(delimiters, 2):
        if not isinstance(item, str) or len(item) != 1:
            wanted = "rune" if isinstance(item, str) else "string"
            raise unfit(2, f"must be array of {wanted}s but got array containing {type_name(item)}")
    return list(delimiters)


@builtin("glob.quote_meta", "string", result="string")
def quote_meta(pattern: Value) -> str:
    """The text with a backslash before each character that means something in a glob."""
    return _SPECIAL.sub(r"\\\g<0>", string(pattern, 1))
