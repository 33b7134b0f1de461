"""Messages as files in a folder, one a run, for a reader beside this program (compatibility, section 10).

`<path>/<channel>/<audit id>.txt` is locked and written to; when the run has ended it is `.log`, and the oldest ones go.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
from contextlib import closing, suppress
from pathlib import PurePosixPath
from threading import Timer

from audit.errors import ExportError
from audit.export.driver import Advance
from audit.export.fields import Fields, invalid
from audit.export.folder import LIST, Folder, append, told
from audit.export.memo import Memo
from audit.export.records import Messages
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol.export")
WRITING, READY = ".txt", ".log"
RESULTS = range(6)
_ROOT = PurePosixPath("/")
_SEGMENT = re.compile(r"[^/\0\n]+")


@dataclass(frozen=True, slots=True)
class DiskSettings:
    """Where results are, how many are kept, and for how many seconds after the Connection is gone."""

    path: PurePosixPath
    results: int
    keep_seconds: float = 600.0

    @classmethod
    def of(cls, fields: Fields, channel: str) -> DiskSettings:
        """Raises ExportError, which names the field."""
        path = fields.text("path")
        if not _is_path(path):
            raise fields.wrong("path", "the absolute path of a folder other than /, without '..'")
        if not _is_segment(channel):
            raise invalid(f"--audit-channel={channel}: the driver disk needs the name of one folder, without '/'")
        results = fields.whole("maxAuditResults", RESULTS)
        keep = fields.seconds("closedConnectionTTL", "10m", ("1m", "10m"))
        return cls(PurePosixPath(path) / channel, results, keep)


class Disk:
    """Writes each run to a file of its own; a batch is written whole or not at all.

    The `memo` tells which folder was written to last: by a process that was killed, it may have been another one.
    """

    name = "disk"

    def __init__(self, settings: DiskSettings, memo: Memo | None = None) -> None:
        self._settings = settings
        self._memo = memo or Memo()
        self._folder: Folder | None = None
        self._run = ""
        self._file = -1

    def open(self, resuming: str) -> None:
        """Take the folder, and end the files of runs that nobody will end, there and where was written to before."""
        self._end_elsewhere()
        self._folder = Folder(self._settings.path)
        with told(self._settings.path):
            self._end_others(self._folder, resuming)

    def publish(self, run: str, messages: Messages) -> Advance:
        """One line each."""
        folder = self._taken()
        name = file_name(run)
        with told(self._settings.path / f"{name}{WRITING}"):
            if run != self._run:
                self._begin(folder, run, name)
            append(self._file, messages.lines)
        return Advance(len(messages))

    def end(self, run: str) -> None:
        """The file is ready to be read."""
        folder = self._taken()
        with told(self._settings.path / f"{file_name(run)}{WRITING}"):
            if self._file >= 0:
                os.fdatasync(self._file)  # what waited is forgotten next, and this has to outlive a node without power
            self._let_go()
            self._end_others(folder, "")
            self._rotate(folder)

    def close(self, for_good: bool) -> None:
        """What was written stays; for good, it goes some time later, when readers are done with it."""
        with suppress(OSError):  # a file system may tell only now of what it could not write
            self._let_go()
        folder, self._folder = self._folder, None
        if folder is None:
            return
        as_of = folder.changed()
        folder.close()
        if for_good:
            timer = Timer(self._settings.keep_seconds, self.vanish, (as_of,))
            timer.daemon = True
            timer.start()

    def vanish(self, as_of: int) -> None:
        """Delete what was written, unless somebody, such as a new Connection, has used the folder since `as_of`."""
        try:
            folder = Folder(self._settings.path)
        except ExportError:
            return  # in use, or on a volume that cannot be written now: then it stays
        try:
            if folder.changed() == as_of:
                folder.vanish()
                log.info("export: %s is deleted, for its Connection is gone", folder.path)
        except OSError as error:
            log.warning("export: what was written to %s could not be deleted: %s", folder.path, error)
        finally:
            folder.close()

    def _taken(self) -> Folder:
        folder = self._folder
        if folder is None or folder.gone():
            raise ExportError(f"{self._settings.path} was deleted", reason="TargetFailed")
        return folder

    def _begin(self, folder: Folder, run: str, name: str) -> None:
        self._let_go()
        self._end_others(folder, run)
        there = set(folder.there(READY))
        if f"{name}{READY}" in there:  # the end of the run was published, but not noted before this process was killed
            folder.rename(f"{name}{READY}", f"{name}{WRITING}")
        self._memo.write(os.fsencode(self._settings.path))
        self._file = folder.open(f"{name}{WRITING}")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _cut_half_line(self._file)
        self._run = run

    def _end_elsewhere(self) -> None:
        """End the files of runs in the folder that was written to before, where that is another one and still there."""
        before = _remembered(self._memo)
        if before is None or before == self._settings.path or not os.path.lexists(before / LIST):
            return
        try:
            with told(before), closing(Folder(before)) as folder:
                as_of = folder.changed()
                self._end_others(folder, "")
                folder.unused(as_of)
        except ExportError as error:
            log.warning("export: a file of a run may be left as %s in the folder from before: %s", WRITING, error)
        self._memo.write(b"")

    def _end_others(self, folder: Folder, run: str) -> None:
        for name in folder.there(WRITING):
            base = name.removesuffix(WRITING)
            if not run or base != file_name(run):
                _cut_half(folder, name)
                folder.rename(name, f"{base}{READY}")

    def _rotate(self, folder: Folder) -> None:
        ready = folder.there(READY)
        for name in ready[: max(0, len(ready) - self._settings.results)]:
            folder.make_room(name)
        folder.tidy()

    def _let_go(self) -> None:
        file, self._file, self._run = self._file, -1, ""
        if file >= 0:
            os.close(file)  # gives the lock back, too


def file_name(run: str) -> str:
    """The name of a run's file without its suffix. Raises ExportError for what can be no name."""
    name = run.replace(":", "_")
    if not _is_segment(name):
        raise ExportError(f"{name!r} cannot be the name of a file", reason="TargetFailed")
    return name


def _is_segment(name: str) -> bool:
    return bool(_SEGMENT.fullmatch(name)) and name not in (".", "..")


def _is_path(path: str) -> bool:
    """Whether it may be the `path` of a Connection."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:  # half a character, which JSON can have
        return False
    is_whole = path.startswith("/") and ".." not in path.split("/") and "\0" not in path
    return is_whole and PurePosixPath(path) != _ROOT


def _remembered(memo: Memo) -> PurePosixPath | None:
    """The folder that was written to last, None for what could be none of ours."""
    path = PurePosixPath(os.fsdecode(memo.read()))
    return path if _is_path(str(path.parent)) and _is_segment(path.name) else None


def _cut_half(folder: Folder, name: str) -> None:
    file = folder.open(name)
    try:
        _cut_half_line(file)
    finally:
        os.close(file)


def _cut_half_line(file: int, step: int = 1 << 16) -> None:
    """Drop the end of a line that was being written when the process was killed; it will be written again."""
    size = at = os.fstat(file).st_size
    while at:
        start = max(0, at - step)
        newline = os.pread(file, at - start, start).rfind(b"\n")
        if newline >= 0:
            size = start + newline + 1
            break
        at = start
        size = 0
    if size != os.fstat(file).st_size:
        os.ftruncate(file, size)
