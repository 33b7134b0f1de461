"""The values of literals: numbers, strings and the pieces of template strings."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Final

from constraints.rego.values.number import Number, OutOfRange, number_of

# OPA's limit, in bits: numbers beyond it are a way to make a program slow (v1/ast/parser.go, parseNumber).
_MOST_BITS: Final = 100_000
_BITS_PER_DIGIT: Final = 3.321928094887362

_FEW_DIGITS: Final = 16
_LONE_SURROGATE: Final = "[\ud800-\udfff]"
_ESCAPED_BRACKET: Final = r"(?s)(\\[^{])|\\\{"


def number(text: str) -> Number | None:
    """The number that is written there, exactly; None if it is too big."""
    if text.isdecimal() and len(text) < _FEW_DIGITS:  # as nearly always
        return int(text)
    try:
        exact = Decimal(text)
    except InvalidOperation:  # an exponent of 19 digits
        return None
    if exact and abs(exact.adjusted() * _BITS_PER_DIGIT) > _MOST_BITS:
        return None
    try:
        return number_of(text)
    except OutOfRange:
        return None


def leads_with_zero(text: str) -> bool:
    """Whether a number starts as none may, e.g. `007`."""
    return len(text) > 1 and text[0] == "0" and text[1] not in ".eE"


def string(text: str) -> str | None:
    """What a quoted string says; None if it is not JSON's (a control character, a wrong \\u)."""
    if "\\" not in text:
        return text[1:-1]
    try:
        said: str = json.loads(text)
    except ValueError:
        return None
    return said if said.isascii() else re.sub(_LONE_SURROGATE, "\ufffd", said)  # as Go's encoding/json reads them


def template_piece(text: str, quote: str) -> str | None:
    """What a part of a template string says, without its delimiters; None if it is not JSON's."""
    if quote == "`":
        return text.replace("\\{", "{")
    return string(f'"{re.sub(_ESCAPED_BRACKET, lambda found: found[1] or "{", text)}"')
