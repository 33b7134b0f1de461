"""PEM blocks as Go reads them (encoding/pem)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from constraints.dataclass import dataclass

BEGIN: Final = b"-----BEGIN"
_BLOCK: Final = re.compile(
    rb"^-----BEGIN ([^\n]*?)-----[ \t\r]*\n(.*?)\n?-----END \1-----[ \t\r]*(?:\n|$)",
    re.DOTALL | re.MULTILINE,
)
_HEADER: Final = re.compile(rb"\A(?:[^\n:]*:[^\n]*\n)*")


@dataclass(frozen=True, slots=True)
class Block:
    """What stands between BEGIN and END; `end` is where the text goes on."""

    label: str
    content: bytes
    end: int


def blocks(data: bytes) -> Iterator[Block]:
    """The blocks of a text; what stands between them, and blocks that are no base64, are passed over."""
    for match in _BLOCK.finditer(data):
        body = match[2]
        head = _HEADER.match(body)
        payload = b"".join(body[head.end() if head else 0 :].split())
        try:
            content = base64.b64decode(payload, validate=True)
        except binascii.Error:
            continue
        yield Block(match[1].decode("utf-8", "replace"), content, match.end())
