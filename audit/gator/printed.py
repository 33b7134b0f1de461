"""What policies print: kept until the violations are told, but no more of it than gator keeps."""

from __future__ import annotations

LIMIT = 1 << 20  # bytes
_TRUNCATED = "\n... additional print output truncated ...\n"


class Printed:
    """Lines as policies print them."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._left = limit
        self._parts: list[bytes] = []
        self._truncated = False

    def add(self, line: str) -> None:
        """Keep a line, as far as there is room."""
        data = f"{line}\n".encode("utf-8", "replace")
        self._truncated = self._truncated or len(data) > self._left
        if self._left > 0:
            self._parts.append(data[: self._left])
            self._left -= len(data)

    def text(self) -> str:
        """Everything, between empty lines as gator has it; nothing when nothing was printed."""
        if not self._parts:
            return ""
        kept = b"".join(self._parts).decode(errors="replace")
        return f"\n{kept}{_TRUNCATED if self._truncated else ''}\n"
