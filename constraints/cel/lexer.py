"""CEL text to tokens, each with its position."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from constraints.cel.failures import Invalid, Problem
from constraints.cel.values import INT_MAX, INT_MIN, UINT_MAX, Uint, Value
from constraints.dataclass import dataclass
from constraints.lang.source import Span

_ESCAPE: Final = r"\\(?:[abfnrtv\\'\"`?]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"
_RAW: Final = r"""[rR](?:\"{3}.*?\"{3}|'{3}.*?'{3}|\"[^\"\n\r]*\"|'[^'\n\r]*')"""
_COOKED: Final = (
    rf"""(?:\"{{3}}(?:{_ESCAPE}|[^\\])*?\"{{3}}|'{{3}}(?:{_ESCAPE}|[^\\])*?'{{3}}"""
    rf"""|\"(?:{_ESCAPE}|[^\\\"\n\r])*\"|'(?:{_ESCAPE}|[^\\'\n\r])*')"""
)
_TOKEN: Final = re.compile(
    rf"""(?P<space>[\t\n\f\r ]+|//[^\n]*)
    |(?P<bytes>[bB](?:{_RAW}|{_COOKED}))
    |(?P<string>{_RAW}|{_COOKED})
    |(?P<double>[0-9]+(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    |(?P<uint>(?:0x[0-9a-fA-F]+|[0-9]+)[uU])
    |(?P<int>0x[0-9a-fA-F]+|[0-9]+)
    |(?P<quoted>`[a-zA-Z0-9_.\-/ ]+`)
    |(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)
    |(?P<operator>==|!=|<=|>=|&&|\|\||[\[\]{{}}(),.?:+\-*/%!<>])""",
    re.VERBOSE | re.DOTALL,
)
_OPEN: Final = (  # what an escape may begin with
    r"(?:\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?)?"
)
_BEGUN: Final = re.compile(  # what begins a token and ends none, with the character that shows it
    rf"""\"(?:{_ESCAPE}|[^\\\"\n\r])*{_OPEN}.?|'(?:{_ESCAPE}|[^\\'\n\r])*{_OPEN}.?|`[a-zA-Z0-9_.\-/ ]*.?|[=&|].?|.""",
    re.DOTALL,
)
_PLAIN: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_PART: Final = re.compile(rf"{_ESCAPE}|[^\\]+", re.DOTALL)
_LONGEST_NUMBER: Final = 400  # characters; Python refuses to read much longer ones
KEYWORDS: Final = frozenset({"true", "false", "null", "in"})


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is string, bytes, double, uint, int, quoted, name, operator or end; `text` as it is written."""

    kind: str
    text: str
    at: Span


def tokenize(text: str) -> tuple[list[Token], list[Problem]]:
    """The tokens, and a problem for each text that is left out because it is none."""
    problems: list[Problem] = []
    return list(_tokens(text, problems)), problems


def _tokens(text: str, problems: list[Problem]) -> Iterator[Token]:
    place, line, start = 0, 1, 0
    while place < len(text):
        found = _TOKEN.match(text, place) or _BEGUN.match(text, place)
        at = Span(line, place - start + 1)
        assert found  # the last pattern takes any character
        kind = found.lastgroup or ""
        if not kind:
            problems.append(Problem(at, f"Syntax error: token recognition error at: '{found[0]}'"))
        elif kind != "space":
            yield Token(kind, found[0], at)
        breaks = found[0].count("\n")
        if breaks:
            line, start = line + breaks, found.start() + found[0].rindex("\n") + 1
        place = found.end()
    yield Token("end", "<EOF>", Span(line, place - start + 1 if text else 0))


def value_of(token: Token, sign: Token | None = None) -> Value:
    """What a literal means. Raises Invalid for numbers that do not fit and for code points that there are not."""
    if sign:
        token = Token(token.kind, sign.text + token.text, sign.at)
    if token.kind in ("string", "bytes"):
        return _text(token)
    if token.kind == "double":
        number = float(token.text)
        if number in (float("inf"), float("-inf")):
            raise Invalid([Problem(token.at, "invalid double literal")])
        return number
    if len(token.text) > _LONGEST_NUMBER:
        raise Invalid([Problem(token.at, f"invalid {token.kind} literal")])
    if token.kind == "uint":
        return Uint(_bounded(token, int(token.text[:-1], 0 if "x" in token.text else 10), (0, UINT_MAX)))
    number = int(token.text, 0 if "x" in token.text else 10)
    return _bounded(token, number, (INT_MIN, INT_MAX))


def _bounded(token: Token, number: int, limits: tuple[int, int]) -> int:
    if not limits[0] <= number <= limits[1]:
        raise Invalid([Problem(token.at, f"invalid {token.kind} literal")])
    return number


def _text(token: Token) -> str | bytes:
    text = token.text
    binary = token.kind == "bytes"
    text = text[1:] if binary else text
    raw = text[0] in "rR"
    text = text[1:] if raw else text
    width = 3 if text[:3] in ('"""', "'''") else 1
    inner = text[width:-width].replace("\r\n", "\n").replace("\r", "\n")
    if raw:
        return inner.encode() if binary else inner
    parts = [_unescaped(part, token, binary) for part in _PART.findall(inner)]
    return (
        b"".join(
            part.encode("latin-1") if len(part) == 1 and binary and escaped else part.encode()
            for part, escaped in parts
        )
        if binary
        else "".join(part for part, _ in parts)
    )


def _unescaped(part: str, token: Token, binary: bool) -> tuple[str, bool]:
    """The characters, and whether they are one byte by its number."""
    if part[0] != "\\":
        return part, False
    mark = part[1]
    if mark in _PLAIN:
        return _PLAIN[mark], False
    if mark in "xXuU" or mark.isdigit():
        if binary and mark in "uU":
            raise Invalid([Problem(token.at, "unable to unescape string")])
        code = int(part[1:], 8) if mark.isdigit() else int(part[2:], 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise Invalid([Problem(token.at, "invalid unicode code point")])
        return chr(code), True
    return mark, False
