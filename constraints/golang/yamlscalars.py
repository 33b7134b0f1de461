"""What go-yaml takes scalars for, and how much of a document aliases may make up.

Version 2 follows YAML 1.1: `yes`, `on` and `y` are booleans. To version 3 they are texts. Both read `010` as octal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Final

from constraints.golang import GoError
from constraints.golang.floats import general32

Scalar = None | bool | int | float | str

UNSIGNED: Final = 1 << 64
SIGNED: Final = 1 << 63
_LONGEST: Final = 80  # characters of an integer of 64 bits in binary, its sign and prefix
_SHORT: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_INTEGER: Final = re.compile(r"([-+]?)(?:0[bB]([01]+)|0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))\Z")
_BASES: Final = (2, 16, 8, 10)
_SIGNED_BINARY: Final = re.compile(r"0b([-+][01]+)\Z")
_FRACTION: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_POINT: Final = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?\Z")
_DATE: Final = re.compile(r"[0-9]{4}-")
_MOMENTS: Final = (
    "2006-1-2T15:4:5.999999999Z07:00",
    "2006-1-2t15:4:5.999999999Z07:00",
    "2006-1-2 15:4:5.999999999",
    "2006-1-2",
)
_ENDLESS_KEYS: Final = {"NaN": ".nan", "+Inf": ".inf", "-Inf": "-.inf"}

# How many of the nodes that are decoded may come from aliases: go-yaml's bound (decode.go, allowedAliasRatio).
_FEW_ALIASED, _FEW_DECODED = 100, 1000
_LOW, _HIGH = 400_000, 4_000_000
_LOW_SHARE, _HIGH_SHARE = 0.99, 0.10


def _words(*true: str) -> Mapping[str, Scalar]:
    values: dict[str, Scalar] = {"~": None, "null": None, "Null": None, "NULL": None}
    for name, value in {"true": True, "false": False}.items():
        values |= {name: value, name.capitalize(): value, name.upper(): value}
    for name in ("y", "yes", "on", "n", "no", "off") if true else ():
        values |= dict.fromkeys((name, name.capitalize(), name.upper()), name in true)
    for sign in ("", "+", "-"):
        values |= dict.fromkeys((f"{sign}.inf", f"{sign}.Inf", f"{sign}.INF"), float(f"{sign}inf"))
    return values | dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan)


VERSION_2: Final = _words("y", "yes", "on")
"""The words that are no texts to version 2."""

VERSION_3: Final = _words()
"""The words that are no texts to version 3."""


def plain(text: str, words: Mapping[str, Scalar]) -> Scalar:
    """What a scalar without quotes and tag is: null, a boolean, a number (NaN and infinities, too) or text."""
    if not text:
        return None
    first = text[0]
    if first in "-+.0123456789":
        return words[text] if text in words else number(text)
    return words.get(text, text) if first in "yYnNtTfFoO~" else text


def number(text: str) -> int | float | str:
    """What Go's ParseInt and ParseFloat make of a text that is not empty; the text where they refuse it: too large a
    float among others.
    """
    if text[0] == "." and not _POINT.match(text):
        return text
    digits = text.replace("_", "") if "_" in text else text
    if _SHORT.match(digits):
        return int(digits)
    found = _integer(digits)
    if found is not None:
        return found
    if _FRACTION.match(digits):
        value = float(digits)
        return value if math.isfinite(value) else text
    odd = _SIGNED_BINARY.match(digits)
    return int(odd[1], 2) if odd and len(digits) < _LONGEST - len("0b-") else text


def _integer(digits: str) -> int | None:
    found = _INTEGER.match(digits)
    if not found:
        return None
    sign, *spellings = found.groups()
    written, base = next((one.lstrip("0"), base) for one, base in zip(spellings, _BASES, strict=True) if one)
    if len(written) > _LONGEST:
        return None
    value = int(f"{sign}{written or 0}", base)
    return value if -SIGNED <= value < (SIGNED if sign else UNSIGNED) else None


def is_moment(text: str) -> bool:
    """Whether it is a date, or a date with a time."""
    return _DATE.match(text) is not None and any(_fits(layout, text) for layout in _MOMENTS)


def _fits(layout: str, text: str) -> bool:
    from constraints.golang.timeparse import parse_time  # late: few scalars begin as a date does

    try:
        parse_time(layout, text)
    except GoError:
        return False
    return True


def float_key(value: float) -> str:
    """A float that becomes a key of an object: as Go formats it in 32 bits, with YAML's names of what is no number."""
    shown = general32(value)
    return _ENDLESS_KEYS.get(shown, shown)


def too_aliased(decoded: int, aliased: int) -> bool:
    """Whether too many of the nodes that were decoded came from aliases."""
    if aliased <= _FEW_ALIASED or decoded <= _FEW_DECODED:
        return False
    lowered = (min(max(decoded, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)
    return aliased / decoded > _LOW_SHARE - (_LOW_SHARE - _HIGH_SHARE) * lowered
