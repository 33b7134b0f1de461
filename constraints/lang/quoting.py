"""Strings as Go's strconv quotes them."""

from __future__ import annotations

from typing import Final

_ESCAPES: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def quoted(value: str) -> str:
    """As Go's strconv.Quote: whatever can be printed stays."""
    if value.isprintable():
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f'"{"".join(_ESCAPES.get(char) or escaped(char) for char in value)}"'


def escaped(char: str, *, ascii_only: bool = False) -> str:
    r"""A character that has no escape of one letter: itself where it can be printed, or `\x7f`, `\u200b`, `\U000e0001`."""
    code = ord(char)
    if char.isprintable() and (code < 0x80 or not ascii_only):
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
