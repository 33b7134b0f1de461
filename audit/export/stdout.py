"""Messages as lines on standard output, where the log, which goes to standard error, is not among them."""

from __future__ import annotations

import os

from audit.errors import ExportError
from audit.export.driver import Advance
from audit.export.records import Messages

STDOUT = 1


class Stdout:
    """Writes to the file descriptor `to`. Whoever reads it sees each message at least once."""

    name = "stdout"

    def __init__(self, to: int = STDOUT) -> None:
        self._to = to

    def open(self, resuming: str) -> None:
        """Nothing to do: it is open."""

    def publish(self, run: str, messages: Messages) -> Advance:
        """One line each."""
        left = memoryview(messages.lines)
        try:
            while left:
                left = left[os.write(self._to, left) :]
        except OSError as error:
            raise ExportError(f"standard output takes nothing: {error.strerror}", reason="TargetFailed") from error
        return Advance(len(messages))

    def end(self, run: str) -> None:
        """Nothing to do."""

    def close(self, for_good: bool) -> None:
        """It stays open for others."""
