"""`# METADATA` comments as they are written: their lines, and the statement that each of them stands before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from constraints.lang.source import Span
from constraints.rego.syntax.lexer import Tokens
from constraints.rego.syntax.tree import Remark

_FIRST: Final = "METADATA"

Statement = tuple[int, str, int]
"""The line of a statement, what it is (package, import, rule) and, of a rule, its index."""


def remarks_of(tokens: Tokens, places: Sequence[Statement]) -> tuple[Remark, ...]:
    """The annotations of a module; a text that does not name them costs nothing."""
    if _FIRST not in tokens.source.text:
        return ()
    found = []
    waiting = iter(sorted(places))
    place = next(waiting, None)
    for line, text in _blocks(tokens):
        while place is not None and place[0] <= line:
            place = next(waiting, None)
        _, what, index = place or (0, "", -1)
        found.append(Remark(text, what, index, Span(line, 1)))
    return tuple(found)


def _blocks(tokens: Tokens) -> Iterator[tuple[int, str]]:
    """The line of each first comment, and the text below it: comments at the start of the lines that follow."""
    first, before, lines = 0, 0, list[str]()
    for line, text in _comments(tokens):
        begins = text.strip().startswith(_FIRST)
        if first and (begins or line != before + 1):
            yield first, "".join(lines)
            first = 0
        if begins:
            first, lines = line, []
        elif first:
            lines.append(f"{text.removeprefix(' ')}\n")
        before = line
    if first:
        yield first, "".join(lines)


def _comments(tokens: Tokens) -> Iterator[tuple[int, str]]:
    """The comments that begin a line, with its number."""
    text = tokens.source.text
    comments = re.compile(r"^#([^\n]*)", re.MULTILINE)  # here, since hardly any module has annotations
    line, at = 1, 0
    for end, start in zip((0, *tokens.ends), tokens.starts, strict=False):
        for comment in comments.finditer(text, end, start):
            line += text.count("\n", at, comment.start())
            at = comment.start()
            yield line, comment[1].removesuffix("\r")
