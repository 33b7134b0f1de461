"""Rego text to tokens: one regular expression, and a second one for the insides of template strings.

Spaces and comments are no tokens; `Tokens.joined` and `Tokens.on_new_line` tell what stood between two of them. The
alphabet is that of OPA's scanner (v1/ast/internal/scanner): ASCII names, JSON's strings, raw strings in backticks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import field
from typing import Final

from constraints.dataclass import dataclass
from constraints.errors import CompileError
from constraints.lang.source import Source, Span
from constraints.timing import OutOfTime

# Kinds of tokens. Every other one is its own text: an operator, a bracket or a word that is a keyword here.
NAME: Final = "name"
NUMBER: Final = "number"
STRING: Final = "string"
RAW: Final = "raw"
TEMPLATE: Final = "template"  # the beginning of a template string, up to `{` or to its end
MIDDLE: Final = "middle"  # from `}` on: the same string behind an expression, up to `{` or to its end
BAD: Final = "bad"
EOF: Final = "eof"

ALWAYS: Final = frozenset(
    ("package", "import", "as", "default", "else", "not", "some", "with", "null", "true", "false"),
)
IMPORTED: Final = frozenset(("in", "every", "contains", "if"))
KEYWORDS: Final = ALWAYS | IMPORTED

_ESCAPE = r'\\(?:["\\/bfnrt]|u.{4})'
_TOKEN: Final = re.compile(
    r"(?:[ \t\r\n]++|#[^\n]*+)*+"
    r"(?:(?P<name>[A-Za-z_][A-Za-z_\d]*)"
    r"|(?P<sign>[\[\]{}(),;.+\-*/%&|]|:=?|==?|!=|<=?|>=?)"
    rf'|(?P<string>"(?:[^"\\\n]++|{_ESCAPE})*+")'
    r"|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![A-Za-z_0-9.]))"
    r"|(?P<raw>`[^`]*`)"
    r"|(?P<template>\$[\"`])"
    r"|(?P<eof>\Z)"
    r"|(?P<bad>[0-9][0-9A-Za-z_.]*|.))",
    re.DOTALL,
)
_PART: Final = {
    '"': re.compile(rf'(?:[^"\\\n{{]++|\\\{{|{_ESCAPE})*+["{{]'),
    "`": re.compile(r"(?:\\\{|[^`{\\]++|\\)*+[`{]"),
}
_ILLEGAL: Final = re.compile("[\0\ufeff]")


@dataclass(slots=True)
class Tokens:
    """A text cut into tokens: their kinds, and where in the text each starts and ends. The last one is `eof`.

    `words`: the names and keywords that are written anywhere, each once.
    """

    source: Source
    kinds: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    words: set[str] = field(default_factory=set)
    _lines: list[int] = field(default_factory=list)

    def text(self, index: int) -> str:
        """What is written there."""
        return self.source.text[self.starts[index] : self.ends[index]]

    def joined(self, index: int) -> bool:
        """Whether nothing stands between this token and the one before it."""
        return index > 0 and self.starts[index] == self.ends[index - 1]

    def on_new_line(self, index: int) -> bool:
        """Whether a line ends between this token and the one before it."""
        return self.source.text.find("\n", self.ends[index - 1], self.starts[index]) >= 0

    def span(self, index: int) -> Span:
        """The line and column of its first character."""
        start = self.starts[index]
        line = bisect_right(self._lines, start)
        return Span(line, start - self._lines[line - 1] + 1)

    def add(self, kind: str, start: int, end: int) -> None:
        """One token more."""
        self.kinds.append(kind)
        self.starts.append(start)
        self.ends.append(end)

    def enable(self, words: frozenset[str], index: int) -> None:
        """Make these words keywords from this token on; the scanner of OPA has read the one before it already."""
        text, kinds, starts, ends = self.source.text, self.kinds, self.starts, self.ends
        for at in range(index, len(kinds)):
            if kinds[at] == NAME:
                word = text[starts[at] : ends[at]]
                if word in words:
                    kinds[at] = word


def tokenize(source: Source, keywords: frozenset[str] = ALWAYS) -> Tokens:
    """The tokens of a text. What is none has the kind `bad`: it is for the parser to complain about, in turn."""
    text = source.text
    tokens = Tokens(source, _lines=[0, *(found.end() for found in re.finditer("\n", text))])
    beginning = 1 if text.startswith("\ufeff") else 0
    illegal = _ILLEGAL.search(text, beginning)
    if illegal is not None:
        tokens.add(BAD, illegal.start(), illegal.end())
        message = f"rego_parse_error: {complaint(text, illegal.start())}"
        raise CompileError(message, span=tokens.span(0), source=source.name)
    try:
        _scan(tokens, keywords, beginning)
    except OutOfTime as error:
        error.span, error.source = tokens.span(len(tokens.starts) - 1) if tokens.starts else None, source.name
        raise
    return tokens


def _scan(tokens: Tokens, keywords: frozenset[str], position: int) -> None:
    text, kinds, starts, ends = tokens.source.text, tokens.kinds, tokens.starts, tokens.ends
    templates = _Templates(tokens)
    seen = tokens.words.add
    match = _TOKEN.match
    kind = ""
    while kind != EOF:
        found = match(text, position)
        assert found is not None  # `bad` takes any character, `eof` the end
        kind = found.lastgroup or BAD
        start, position = found.span(kind)
        if kind == "name":
            word = text[start:position]
            seen(word)
            if word in keywords:
                kind = word
        elif kind == "sign":
            kind = text[start:position]
            if templates.open and kind in "{}":
                position = templates.bracket(kind, start, position)
                continue
        elif kind == "template":
            position = templates.begin(start)
            continue
        kinds.append(kind)
        starts.append(start)
        ends.append(position)


class _Templates:
    """The template strings that are open: for each its quote and how many brackets its expression has open."""

    __slots__ = ("open", "tokens")

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.open: list[tuple[str, int]] = []

    def begin(self, start: int) -> int:
        """Take a first part, e.g. `$"a {`; says where it ends."""
        quote = self.tokens.source.text[start + 1]
        return self._part(quote, TEMPLATE, start, start + 2)

    def bracket(self, sign: str, start: int, end: int) -> int:
        """Take `{` or `}` within an expression; the one that ends it begins the next part."""
        quote, depth = self.open.pop()
        if sign == "}" and depth == 0:
            return self._part(quote, MIDDLE, start, end)
        self.open.append((quote, depth + (1 if sign == "{" else -1)))
        self.tokens.add(sign, start, end)
        return end

    def _part(self, quote: str, kind: str, start: int, inside: int) -> int:
        text = self.tokens.source.text
        found = _PART[quote].match(text, inside)
        end = found.end() if found else inside
        if found and text[end - 1] == "{":
            self.open.append((quote, 0))
        self.tokens.add(kind if found else BAD, start, end)
        return end


def complaint(text: str, start: int) -> str:
    """What is wrong with the text of a `bad` token, in the words of OPA's scanner."""
    first = text[start]
    if first in "\0\ufeff":
        return "illegal null character" if first == "\0" else "illegal byte-order mark"
    if first in '"`}' or text[start : start + 2] in ('$"', "$`"):
        return _string_complaint(text, start)
    if first.isdigit():
        return _number_complaint(text, start)
    return f"illegal {first} character" if first in "!$" else "illegal token"


def _number_complaint(text: str, start: int) -> str:
    found = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]*)?").match(text, start)
    if found is None:
        return "illegal token"
    if found[1] == ".":
        return "expected fraction"
    if found[2] and not found[2][-1].isdigit():
        return "expected exponent"
    return "illegal number format"


def _string_complaint(text: str, start: int) -> str:
    # Not possessive: Python before 3.11.3 would go on behind the backslash of an escape that does not fit.
    sound = re.compile(rf'(?:[^"\\\n]++|\\\{{|{_ESCAPE})*').match(text, start + (2 if text[start] == "$" else 1))
    if sound is not None and text[sound.end() : sound.end() + 1] == "\\":
        return "illegal escape sequence"
    return "non-terminated string"
