"""Go's fmt.Sprintf over a whole format: flags, widths, precisions, `*`, `[2]`, and its complaints in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from constraints.rego.builtins.goverbs import Argument, Flags, formatted, type_of
from constraints.rego.values.number import integer_text
from constraints.rego.values.sizes import fit, lasting

_DIRECTIVE: Final = re.compile(r"%(.)", re.DOTALL)
_SIMPLE: Final = frozenset("abcdefghijklmnopqrstuvwxyz%")
_FLAGS: Final = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}
_MOST: Final = 1_000_000  # of a width or a precision
_DIGITS: Final = re.compile(r"[0-9]*")
_INDEX: Final = re.compile(r"\[([0-9]{1,8})\]")
_INT64: Final = 1 << 63


def sprintf(template: str, arguments: Sequence[Argument]) -> str:
    """The text of a format with its arguments."""
    plan = simple_plan(template)
    if plan is None or len(plan[1]) != len(arguments):
        return _Printer(template, arguments).print()
    pieces, verbs = plan
    shown = [pieces[0]]
    size = len(template)
    for verb, argument, piece in zip(verbs, arguments, pieces[1:], strict=True):
        shown += (plain(argument, verb), piece)
        size += len(shown[-2])
    fit(size)
    return "".join(shown)


def plain(argument: Argument, verb: str) -> str:
    """`%<verb>` without flags."""
    if isinstance(argument, str) and verb in "vs":
        return argument
    if isinstance(argument, int) and verb in "vd":
        return integer_text(argument)
    return formatted(argument, verb, Flags())


@lasting(1024)
def simple_plan(template: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The literal pieces and the verbs between them; None for a format with more than `%v`, `%s`, `%%` and the like."""
    pieces, verbs, end = [""], [], 0
    for found in _DIRECTIVE.finditer(template):
        if found[1] not in _SIMPLE:
            return None
        pieces[-1] += template[end : found.start()]
        end = found.end()
        if found[1] == "%":
            pieces[-1] += "%"
        else:
            verbs.append(found[1])
            pieces.append("")
    pieces[-1] += template[end:]
    return None if template[end:].endswith("%") else (tuple(pieces), tuple(verbs))


class _Printer:
    """The state of one call: the place in the format and the next argument."""

    def __init__(self, template: str, arguments: Sequence[Argument]) -> None:
        self._template = template
        self._arguments = arguments
        self._at = 0
        self._next = 0
        self._flags = Flags()
        self._shown: list[str] = []
        self._size = 0
        self._reordered = False
        self._is_good = True

    def print(self) -> str:
        while self._at < len(self._template):
            start = self._template.find("%", self._at)
            if start < 0:
                self._shown.append(self._template[self._at :])
                break
            self._shown.append(self._template[self._at : start])
            self._at = start + 1
            self._directive()
        self._extra()
        return "".join(self._shown)

    def _peek(self) -> str:
        return self._template[self._at : self._at + 1]

    def _directive(self) -> None:
        self._flags, self._is_good = Flags(), True
        while self._peek() in _FLAGS and self._peek():
            setattr(self._flags, _FLAGS[self._peek()], True)
            self._at += 1
        if "a" <= self._peek() <= "z" and self._next < len(self._arguments):
            self._verb()
            return
        behind_index = self._width(self._index())
        behind_index = self._precision(behind_index)
        if not behind_index:
            self._index()
        self._verb()

    def _verb(self) -> None:
        verb = self._peek()
        self._at += 1
        if not verb:
            self._shown.append("%!(NOVERB)")
        elif verb == "%":
            self._shown.append("%")
        elif not self._is_good:
            self._shown.append(f"%!{verb}(BADINDEX)")
        elif self._next >= len(self._arguments):
            self._shown.append(f"%!{verb}(MISSING)")
        else:
            self._shown.append(formatted(self._arguments[self._next], verb, self._flags))
            self._size += len(self._shown[-1])
            fit(self._size)
            self._next += 1

    def _index(self) -> bool:
        """`[3]`: the next argument, counted from 1. Whether it was there."""
        if self._peek() != "[":
            return False
        self._reordered = True
        found = _INDEX.match(self._template, self._at)
        if found and 0 < int(found[1]) <= len(self._arguments):
            self._next, self._at = int(found[1]) - 1, found.end()
            return True
        close = self._template.find("]", self._at)
        self._at = close + 1 if close >= 0 and self._at + 3 <= len(self._template) else self._at + 1
        self._is_good = False
        return found is not None

    def _width(self, behind_index: bool) -> bool:
        if self._peek() == "*":
            width = self._star()
            if width is None:
                self._shown.append("%!(BADWIDTH)")
            elif width < 0:
                width = -width
                self._flags.minus, self._flags.zero = True, False
            self._flags.width = width
            return False
        self._flags.width = self._number()
        if behind_index and self._flags.width is not None:
            self._is_good = False
        return behind_index

    def _precision(self, behind_index: bool) -> bool:
        if self._peek() != "." or self._at + 1 >= len(self._template):
            return behind_index
        self._at += 1
        if behind_index:
            self._is_good = False
        behind_index = self._index()
        if self._peek() != "*":
            self._flags.precision = self._number() or 0
            return behind_index
        precision = self._star()
        if precision is None or precision < 0:
            self._shown.append("%!(BADPREC)")
            precision = None
        self._flags.precision = precision
        return False

    def _star(self) -> int | None:
        """`*`: the next argument, if that is an integer of reasonable size."""
        self._at += 1
        if self._next >= len(self._arguments):
            return None
        value = self._arguments[self._next]
        self._next += 1
        return value if isinstance(value, int) and -_MOST <= value <= _MOST else None

    def _number(self) -> int | None:
        """Digits; an enormous number eats up the rest of the format."""
        found = _DIGITS.match(self._template, self._at)
        digits = found[0] if found else ""
        self._at += len(digits)
        if not digits:
            return None
        size = digits.lstrip("0")
        if len(size) > 8 or int(size[:-1] or 0) > _MOST:
            self._at = len(self._template)
            return None
        return int(size or 0)

    def _extra(self) -> None:
        if self._reordered or self._next >= len(self._arguments):
            return
        rest = (f"{type_of(value)}={formatted(value, 'v', Flags())}" for value in self._arguments[self._next :])
        self._shown.append(f"%!(EXTRA {', '.join(rest)})")
