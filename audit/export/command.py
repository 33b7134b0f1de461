"""`patrol export`: shows what the driver disk has written, for a container beside the audit, or for a person."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event
from typing import Final

from audit.errors import ConfigError
from audit.export.tail import Tail
from audit.fields import printable
from audit.settings.commands import Command
from audit.settings.flagtypes import TEXT, TRUTH
from audit.settings.rows import flag, operand
from constraints.dataclass import dataclass

SHOWN, FAILED, WRONG_USE = 0, 1, 2
LOOKS = 0.5  # seconds between two
COMMAND: Final = Command(
    "export",
    "Show the messages that are exported to a folder by the driver disk, as they come.",
    """Each message is printed once, as a line of JSON. Files may be renamed and deleted meanwhile, as they are when
    results
are rotated. A folder that is not there yet is waited for.

examples:
  patrol export read /tmp/violations
  patrol export read /tmp/violations/audit-channel --once

exit codes:
  0  told to stop, or all is shown that is there
  1  the folder cannot be read
  2  wrong flags
""",
)


@dataclass(frozen=True, slots=True)
class ExportFlags:
    """What `patrol export` was told."""

    what: str = operand("read", TEXT, "what to do: read is all there is")
    path: str = operand("PATH", TEXT, "the path of the Connection's config, or the folder of a channel in it")
    once: bool = flag("once", False, TRUTH, "show what is there, and end")


def main(argv: Sequence[str]) -> int:
    """Run `patrol export`; gives 1 for a folder that cannot be read, 2 for wrong flags."""
    try:
        flags = COMMAND.read(ExportFlags(), argv, os.environ)
        if flags.what != "read":
            raise ConfigError(f"unknown command export {flags.what!r}: read is all there is; see patrol export --help")
    except ConfigError as error:
        return _complain(error, WRONG_USE)
    folder = Path(flags.path)
    try:
        if flags.once:
            os.listdir(folder)
            _show(Tail(folder, _note))
        else:
            _follow(Tail(folder, _note))
    except BrokenPipeError:
        raise
    except OSError as error:
        if not error.filename:  # the output cannot be written
            raise
        return _complain(f"{error.filename}: {error.strerror or error}", FAILED)
    return SHOWN


def _follow(tail: Tail) -> None:
    """Until told to stop: in a container of its own nothing else would end this process."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stop.set())
    while not stop.is_set():
        _show(tail)
        stop.wait(LOOKS)
    _show(tail)


def _show(tail: Tail) -> None:
    for line in tail.lines():
        sys.stdout.buffer.write(line)
    sys.stdout.flush()


def _note(text: str) -> None:
    sys.stderr.write(f"patrol export: {printable(text)}\n")
    sys.stderr.flush()


def _complain(error: object, code: int) -> int:
    _note(str(error))
    return code
