"""Texts as Go quotes them: strconv, and the time package, which has its own way."""

from __future__ import annotations

from typing import Final

from constraints.golang.utf8 import as_bytes

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
    r"""A character that has no escape of one letter: itself where it can be printed, else `\x7f`, `\u200b` or so."""
    code = ord(char)
    if char.isprintable() and (code < 0x80 or not ascii_only):
        return char
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def bytes_quoted(data: bytes) -> str:
    r"""The same of bytes, of which one that is no UTF-8 is shown as `\xc3`."""
    text = data.decode(errors="surrogateescape")  # which makes such a byte the half of a surrogate pair
    shown = (f"\\x{ord(char) & 0xFF:02x}" if "\udc80" <= char <= "\udcff" else quoted(char)[1:-1] for char in text)
    return f'"{"".join(shown)}"'


def time_quoted(text: str) -> str:
    """As Go's time package does it: what is not ASCII is shown byte by byte."""
    data = as_bytes(text.replace("\\", "\\\\").replace('"', '\\"'))
    shown = "".join(chr(byte) if 0x20 <= byte < 0x80 else f"\\x{byte:02x}" for byte in data)
    return f'"{shown}"'
