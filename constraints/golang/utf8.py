"""Texts as Go's bytes: what is no character becomes U+FFFD, in either direction."""

from __future__ import annotations

import re
from typing import Final

_HALF: Final = re.compile("[\ud800-\udfff]")


def replaced(text: str) -> str:
    """The text with the replacement character for each half of a surrogate pair: what Go makes of bytes that are no
    UTF-8.
    """
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def as_bytes(text: str) -> bytes:
    """The text in UTF-8; half a surrogate pair, which is no character, as U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return replaced(text).encode()


def from_bytes(data: bytes) -> str:
    """UTF-8 to a text; each byte that is not valid as U+FFFD, as Go shows them."""
    return replaced(data.decode(errors="surrogateescape"))
