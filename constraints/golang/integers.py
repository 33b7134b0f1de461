"""Integers of 64 bits as Go's strconv reads them."""

from __future__ import annotations

import re
from typing import Final

from constraints.golang import GoError
from constraints.golang.quoting import quoted

_LEADING: Final = re.compile(r"([+-]?)(0*)([0-9]*)")
_MOST: Final = 1 << 63
_MOST_DIGITS: Final = 20  # of an unsigned number of 64 bits


def atoi(text: str) -> int:
    """A number in decimal digits, with a sign or without. Raises GoError."""
    found = _LEADING.match(text)
    sign, zeros, digits = found.groups() if found else ("", "", "")
    size = int(digits or 0) if len(digits) <= _MOST_DIGITS else 2 * _MOST
    if size < 2 * _MOST and (sign + zeros + digits != text or not zeros + digits):
        raise GoError(f"strconv.Atoi: parsing {quoted(text)}: invalid syntax")
    number = -size if sign == "-" else size
    if not -_MOST <= number < _MOST:
        raise GoError(f"strconv.Atoi: parsing {quoted(text)}: value out of range")
    return number
