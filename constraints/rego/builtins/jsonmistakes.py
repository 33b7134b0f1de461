"""What Go's decoder says about a text that is no JSON (encoding/json, scanner.go)."""

from __future__ import annotations

import re
from typing import Final

from constraints.golang.quoting import quoted
from constraints.rego.builtins.operands import as_bytes

_SPACE: Final = frozenset(" \t\r\n")
_STRING_PART: Final = re.compile(r'[^"\\\x00-\x1f]*')
_LITERALS: Final = {"t": "true", "f": "false", "n": "null"}
_DIGITS: Final = "0123456789"
_DIGIT_SET: Final = frozenset(_DIGITS)
_OVER: Final = "unexpected EOF"


class _Bad(Exception):
    """The decoder stops; its text is what it says."""


def mistake(text: str) -> str:
    """The first mistake; empty if there is none."""
    try:
        _Scan(text).document()
    except _Bad as found:
        return str(found)
    return ""


class _Scan:
    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def document(self) -> None:
        """One value and nothing behind it."""
        if not self.peek():
            raise _Bad("EOF")
        self.value()
        if self.peek():
            self.trailing()

    def trailing(self) -> None:
        """The decoder asks for one token more, and complains that it gets it."""
        start = self.place
        if self.text[start] in "[{":
            raise _Bad(f"error: invalid character '{self.text[start]}' after top-level value")
        self.scalar()
        token = self.text[start : self.place]
        shown = {"true": "%!s(bool=true)", "false": "%!s(bool=false)", "null": ""}.get(token, token.strip('"'))
        if shown:
            raise _Bad(f"error: invalid character '{shown}' after top-level value")

    def peek(self) -> str:
        """The next character that is no space, empty at the end."""
        while self.text[self.place : self.place + 1] in _SPACE:
            self.place += 1
        return self.text[self.place : self.place + 1]

    def bad(self, where: str) -> _Bad:
        """A character, in fact a byte, that cannot be here."""
        if self.place >= len(self.text):
            return _Bad(_OVER)
        byte = chr(as_bytes(self.text[self.place])[0])
        shown = {"'": r"\'", '"': '"'}.get(byte) or quoted(byte)[1:-1]
        return _Bad(f"invalid character '{shown}' {where}")

    def value(self) -> None:
        """A value of any depth, without recursion: `ends` has the closing marks that are still to come."""
        ends: list[str] = []
        while True:
            mark = self.peek()
            if mark and mark in "[{":
                self.place += 1
                ends.append("]" if mark == "[" else "}")
                if self.peek() != ends[-1]:
                    if mark == "{":
                        self.key()
                    continue
            else:
                self.scalar()
            if not self.another(ends):
                return

    def another(self, ends: list[str]) -> bool:
        """Behind a value: whether a further one follows within what is open."""
        while ends:
            mark = self.peek()
            if mark == ends[-1]:
                self.place += 1
                ends.pop()
                continue
            if mark != ",":
                raise self.bad("after array element" if ends[-1] == "]" else "after object key:value pair")
            self.place += 1
            if ends[-1] == "}":
                self.key()
            return True
        return False

    def key(self) -> None:
        if self.peek() != '"':
            raise self.bad("looking for beginning of object key string")
        self.string()
        if self.peek() != ":":
            raise self.bad("after object key")
        self.place += 1

    def scalar(self) -> None:
        mark = self.peek()
        if mark == '"':
            self.string()
        elif mark and mark in "-0123456789":
            self.number()
        elif mark and mark in _LITERALS:
            self.literal(_LITERALS[mark])
        else:
            raise self.bad("looking for beginning of value")

    def literal(self, word: str) -> None:
        for letter in word:
            self.take(letter, f"in literal {word} (expecting '{letter}')")

    def take(self, characters: str, where: str) -> str:
        """The next character, which must be one of these."""
        found = self.text[self.place : self.place + 1]
        if not found or found not in characters:
            raise self.bad(where)
        self.place += 1
        return found

    def digits(self, where: str) -> None:
        self.take(_DIGITS, where)
        while self.text[self.place : self.place + 1] in _DIGIT_SET:
            self.place += 1

    def number(self) -> None:
        if self.text[self.place] == "-":
            self.place += 1
        if self.text[self.place : self.place + 1] == "0":
            self.place += 1
        else:
            self.digits("in numeric literal")
        if self.text[self.place : self.place + 1] == ".":
            self.place += 1
            self.digits("after decimal point in numeric literal")
        if self.text[self.place : self.place + 1] in ("e", "E"):
            self.place += 1
            if self.text[self.place : self.place + 1] in ("+", "-"):
                self.place += 1
            self.digits("in exponent of numeric literal")

    def string(self) -> None:
        self.place += 1
        while True:
            part = _STRING_PART.match(self.text, self.place)
            self.place = part.end() if part else self.place
            if self.take('"\\', "in string literal") == '"':
                return
            if self.take('"\\/bfnrtu', "in string escape code") == "u":
                for _ in range(4):
                    self.take("0123456789abcdefABCDEF", "in \\u hexadecimal character escape")
