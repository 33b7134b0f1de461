"""What a driver has to know of the process before this one: some bytes in a file of the spill folder."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from audit.export.folder import READING

_LONGEST = 1 << 16  # bytes: whatever is longer is none of ours
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class Memo:
    """Kept in `file`, which belongs to this process alone; without one it is kept as long as this process lives."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._text: bytes | None = None

    def read(self) -> bytes:
        """What was written last; empty for nothing, or for what cannot be read."""
        if self._text is None:
            self._text = self._there() if self._file else b""
        return self._text

    def write(self, text: bytes) -> None:
        """Put it in the place of what was there; where that cannot be, it is known in this process only."""
        if text == self.read():
            return
        self._text = text
        if self._file is None:
            return
        beside = self._file.with_suffix(".new")
        with suppress(OSError):
            handle = os.open(beside, _WRITE, 0o600)
            try:
                os.write(handle, text)
            finally:
                os.close(handle)
            os.replace(beside, self._file)

    def _there(self) -> bytes:
        try:
            handle = os.open(self._file or "", READING)
        except OSError:
            return b""
        try:
            return os.read(handle, _LONGEST)
        except OSError:
            return b""
        finally:
            os.close(handle)
