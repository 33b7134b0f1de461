"""Why Go's netip does not read a text as an address; which texts it reads, Python's ipaddress says, too."""

from __future__ import annotations

import re
from typing import Final

from constraints.golang.quoting import quoted

_FIRST: Final = re.compile(r"[.:%]")
_HEX: Final = re.compile(r"[0-9a-fA-F]*")
_UNSPECIFIC: Final = "unable to parse IP"
_FIELDS: Final = 8  # of an address of version 6


def complaint(text: str) -> str:
    """What ParseAddr says of `text`, after its own name."""
    found = _FIRST.search(text)
    if not found:
        return _UNSPECIFIC
    if found[0] == "%":
        return "missing IPv6 address"
    return _of_v4(text) if found[0] == "." else _of_v6(text)


def _at(message: str, rest: str) -> str:
    return f"{message} (at {quoted(rest)})"


def _of_v4(text: str) -> str:
    """Octet after octet, as they are read."""
    value, digits, fields = 0, 0, 0
    for place, letter in enumerate(text):
        if letter.isascii() and letter.isdigit():
            if digits == 1 and value == 0:
                return "IPv4 field has octet with leading zero"
            value, digits = value * 10 + int(letter), digits + 1
            if value > 255:
                return "IPv4 field has value >255"
        elif letter != ".":
            return _at("unexpected character", text[place:])
        elif place in (0, len(text) - 1) or text[place - 1] == ".":
            return _at("IPv4 field must have at least one digit", text[place:])
        elif fields == 3:
            return "IPv4 address too long"
        else:
            value, digits, fields = 0, 0, fields + 1
    return "IPv4 address too short" if fields < 3 else _UNSPECIFIC


def _of_v6(text: str) -> str:
    """Field after field; `rest` is what is not read yet."""
    rest, percent, zone = text.partition("%")
    if percent and not zone:
        return "zone must be a non-empty string"
    shortened = rest.startswith("::")
    rest = rest[2:] if shortened else rest
    fields = 0
    while fields < _FIELDS:
        wrong, rest, ended = _field(rest, fields, shortened)
        if wrong or ended:
            return wrong or _counted(fields + 1, shortened)
        fields += 1
        if rest.startswith(":"):
            if shortened:
                return _at("multiple :: in address", rest)
            shortened, rest = True, rest[1:]
            if not rest:
                break
    return _at("trailing garbage after address", rest) if rest else _counted(fields, shortened)


def _counted(fields: int, shortened: bool) -> str:
    if fields < _FIELDS and not shortened:
        return "address string too short"
    return "the :: must expand to at least one field of zeros" if shortened else _UNSPECIFIC


def _field(rest: str, fields: int, shortened: bool) -> tuple[str, str, bool]:
    """What is wrong with the field at the start, what is left behind it and its colon, and whether it was the last
    one.
    """
    digits = _HEX.match(rest)
    length = digits.end() if digits else 0
    if length > 4:
        return _at("each group must have 4 or less digits", rest), rest, False
    if not length:
        return _at("each colon-separated field must have at least one digit", rest), rest, False
    if rest[length : length + 1] == ".":
        return _embedded(rest, fields, shortened), "", True
    left = rest[length:]
    if not left:
        return "", "", True
    if left[0] != ":":
        return _at("unexpected character, want colon", left), left, False
    if len(left) == 1:
        return _at("colon must be followed by more characters", left), left, False
    return "", left[1:], False


def _embedded(rest: str, fields: int, shortened: bool) -> str:
    """What is wrong with an address of version 4 at the end of one of version 6."""
    if not shortened and fields != _FIELDS - 2:
        return _at("embedded IPv4 address must replace the final 2 fields of the address", rest)
    if fields + 2 > _FIELDS:
        return _at("too many hex fields to fit an embedded IPv4 at the end of the address", rest)
    found = _of_v4(rest)
    return "" if found == _UNSPECIFIC else found
