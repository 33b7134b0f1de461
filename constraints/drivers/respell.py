"""Rego text as regopy must read it: respelled where it would read it differently from OPA, or hang.

regopy reads every module as Rego v1, so the partial sets of v0 (`p[x] { ... }`) would become objects; a line that begins
with `(` is taken for arguments; some builtins of v0 are missing; some hang on an empty text. Positions in the new text
lead back to those in the old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from constraints.drivers.modules import Brackets, blank, foreign_calls
from constraints.lang.source import Source

_HEAD = re.compile(r"(?m)(?:^|\})[ \t]*([A-Za-z_]\w*)[ \t]*\[")
_NEXT_LINE = re.compile(r"(\w+|[\]})])([ \t]*\n\s*)\(")
_NOT_AN_END = frozenset({"in", "if", "not", "else", "every", "some", "with", "as"})
_BODY = re.compile(r"\s*\{")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text[start:end]` of the old text becomes `new`."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Respelled:
    """The new text and the edits that made it, in order."""

    text: str
    edits: tuple[Edit, ...]

    def origin(self, offset: int) -> int:
        """Where in the old text the character at `offset` of the new one comes from."""
        shift = 0
        for edit in self.edits:
            begin = edit.start + shift
            if offset < begin:
                break
            if offset < begin + len(edit.new):
                return edit.start
            shift += len(edit.new) - (edit.end - edit.start)
        return offset - shift


def respell(source: Source, *, v1: bool) -> Respelled:
    """The module for regopy; functions that stand in for builtins are put at its end."""
    text, plain = source.text, blank(source.text)
    edits = list(_line_ends(plain)) if v1 else [*_line_ends(plain), *_sets(plain)]
    used = set()
    for name, at in foreign_calls(source):
        if name in STAND_INS:
            used.add(name)
            edits.append(Edit(at, at + len(name), STAND_INS[name][0]))
    edits.sort()
    edits += [Edit(len(text), len(text), "\n" + STAND_INS[name][1]) for name in sorted(used)]
    return Respelled(_applied(text, edits), tuple(edits))


def _applied(text: str, edits: list[Edit]) -> str:
    pieces, done = [], 0
    for edit in edits:
        pieces += [text[done : edit.start], edit.new]
        done = edit.end
    return "".join([*pieces, text[done:]])


def _line_ends(plain: str) -> Iterator[Edit]:
    """A line that begins with `(` is not the arguments of the one before."""
    for found in _NEXT_LINE.finditer(plain):
        if found[1] not in _NOT_AN_END:
            yield Edit(found.start(2), found.start(2), ";")


def _sets(plain: str) -> Iterator[Edit]:
    """`name[term] {` of v0 becomes `name contains term if {`."""
    brackets = Brackets(plain)
    for found in _HEAD.finditer(plain):
        opening = found.end() - 1
        closing = brackets.closing(opening)
        if closing is None or brackets.depth(found.start(1)):
            continue
        if _BODY.match(plain, closing + 1):
            yield Edit(opening, opening + 1, " contains ")
            yield Edit(closing, closing + 1, " if ")


# builtin -> the name that is called instead, and its definition
STAND_INS = {
    "replace": (
        "kp_replace",  # regopy searches for "" for ever
        'kp_replace(s, old, new) := replace(s, old, new) if old != ""\n'
        'kp_replace(s, old, new) := concat(new, array.concat([""], array.concat(split(s, ""), [""]))) if old == ""',
    ),
    "regex.split": (
        "kp_regex_split",  # likewise
        'kp_regex_split(p, s) := regex.split(p, s) if p != ""\nkp_regex_split(p, s) := split(s, "") if p == ""',
    ),
    "re_match": ("kp_re_match", "kp_re_match(p, s) := regex.match(p, s)"),  # a name of Rego v0
    "any": ("kp_any", "kp_any(xs) := count([x | x := xs[_]; x == true]) > 0"),  # likewise
    "all": ("kp_all", "kp_all(xs) := count([x | x := xs[_]; x != true]) == 0"),  # likewise
}
