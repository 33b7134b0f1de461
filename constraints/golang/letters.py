"""Upper and lower case as Go maps them: each character to one, whatever stands around it."""

from __future__ import annotations


def lower_case(text: str) -> str:
    """In lower case; a capital sigma is never a final one."""
    return text.lower() if text.isascii() else "".join(map(_lower, text))


def upper_case(text: str) -> str:
    """In upper case; `ß` stays, since its capital takes two characters."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def _lower(char: str) -> str:
    return char.lower()[0]  # only a dotted capital I has two: i and the dot


def _upper(char: str) -> str:
    for capital in (char.upper(), char.title()):
        if len(capital) == 1:
            return capital
    return char
