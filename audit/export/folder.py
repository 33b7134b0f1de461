"""A folder that only one process writes results to at a time, and the list of what was written there.

The list, `.kube-patrol`, names the files of this program: nothing else is ever renamed or deleted. It also says which
were deleted, so that a reader knows what it has missed. Its lock says that a process is at work here. No link is
followed on the way to the folder, nor in it.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath

from audit.errors import ExportError

LIST = ".kube-patrol"
DELETED = "-"
"""Begins the lines of the list that name files which were deleted to make room, the last KEPT of them."""
KEPT = 200
FOLDER_MODE = 0o770
READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How a file is opened that somebody else may have laid there: no link is followed, and nothing is waited for."""
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CURES = {
    errno.ENOSPC: "free space there, or keep fewer results by maxAuditResults",
    errno.EDQUOT: "free space there, or keep fewer results by maxAuditResults",
    errno.EROFS: "mount a volume there that can be written",
    errno.EACCES: "let this process write there",
}


@contextmanager
def told(path: PurePosixPath | str) -> Iterator[None]:
    """An OSError inside becomes an ExportError that names the path."""
    try:
        yield
    except OSError as error:
        cure = _CURES.get(error.errno or 0, "")
        text = f"{path}: {error.strerror or error}" + (f"; {cure}" if cure else "")
        raise ExportError(text, reason="TargetFailed") from error


class Folder:
    """The folder `path`, made where it is missing; whoever makes one closes it. Raises ExportError."""

    def __init__(self, path: PurePosixPath) -> None:
        self.path = path
        with told(path):
            self.handle = _opened(path)
        try:
            self._list = self._locked()
        except BaseException:
            os.close(self.handle)
            raise

    def close(self) -> None:
        """Leave the folder to others."""
        os.close(self._list)
        os.close(self.handle)

    def open(self, name: str) -> int:
        """A file of the list, made where it is missing, to append to. Raises OSError."""
        self._list_name(name)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, 0o660, dir_fd=self.handle)

    def rename(self, old: str, new: str) -> None:
        """Give a file of the list another name, under which it is listed from then on. Raises OSError."""
        self._list_name(new)
        os.rename(old, new, src_dir_fd=self.handle, dst_dir_fd=self.handle)
        found = os.open(new, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.handle)
        os.fchmod(found, 0o666)  # as Gatekeeper: readers may be anybody
        os.close(found)

    def remove(self, name: str) -> None:
        """Delete a file of the list. Raises OSError."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.handle)

    def make_room(self, name: str) -> None:
        """Delete a file of the list, and list that it was. Raises OSError."""
        self._list_name(f"{DELETED}{name}")
        self.remove(name)

    def there(self, suffix: str) -> list[str]:
        """The files of the list that are there and whose names end so, the oldest first. Raises OSError."""
        found = [(self._time(name), name) for name in self.listed() if name.endswith(suffix)]
        return [name for time, name in sorted(found) if time]

    def listed(self) -> set[str]:
        """All names that were ever listed and not forgotten. Raises OSError."""
        return {name for name in self._lines() if not name.startswith(DELETED)}

    def tidy(self) -> None:
        """Forget the names of files that are not there any more, but for the last deleted ones. Raises OSError."""
        deleted = [name for name in self._lines() if name.startswith(DELETED)][-KEPT:]
        names = sorted(name for name in self.listed() if self._time(name))
        text = "".join(f"{name}\n" for name in (*deleted, *names)).encode()
        os.pwrite(self._list, text, 0)
        os.ftruncate(self._list, len(text))

    def vanish(self) -> None:
        """Delete what is listed, and then the folder where nothing else is in it. Raises OSError."""
        for name in self.listed():
            self.remove(name)
        self.remove(LIST)
        with suppress(OSError):  # something else is in it, and stays
            os.rmdir(self.path)

    def changed(self) -> int:
        """When something was listed or forgotten last, in nanoseconds. Raises OSError."""
        return os.fstat(self._list).st_mtime_ns

    def unused(self, as_of: int) -> None:
        """Let it count as not changed since then. Raises OSError."""
        os.utime(self._list, ns=(as_of, as_of))

    def gone(self) -> bool:
        """Whether the folder, or the list in it, was deleted by somebody."""
        return os.fstat(self._list).st_nlink == 0 or os.fstat(self.handle).st_nlink == 0

    def _list_name(self, name: str) -> None:
        if name not in self._lines():
            os.pwrite(self._list, f"{name}\n".encode(), os.fstat(self._list).st_size)

    def _lines(self) -> list[str]:
        return list_lines(self._list)

    def _time(self, name: str) -> int:
        try:
            return os.stat(name, dir_fd=self.handle, follow_symlinks=False).st_mtime_ns
        except FileNotFoundError:
            return 0

    def _locked(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with told(self.path / LIST):
            found = os.open(LIST, flags, 0o660, dir_fd=self.handle)
        try:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(found)
            text = f"another process exports to {self.path}: give each its own path, channel or volume"
            raise ExportError(text, reason="TargetTaken") from error
        return found


def _opened(path: PurePosixPath) -> int:
    """A handle of the folder, to which no link led. Raises OSError."""
    here = os.open("/", _FOLDER)
    for part in path.parts[1:]:
        try:
            below = _below(here, part)
        finally:
            os.close(here)
        here = below
    return here


def _below(here: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, FOLDER_MODE, dir_fd=here)
        os.chmod(name, FOLDER_MODE, dir_fd=here)  # whatever the umask
    try:
        return os.open(name, _FOLDER, dir_fd=here)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise OSError(error.errno, f"{name} is a link or a file, and must be a folder") from error
        raise


def list_lines(file: int) -> list[str]:
    """The lines of a folder's list. Raises OSError."""
    text = os.pread(file, os.fstat(file).st_size, 0).decode(errors="replace")
    return [name for name in text.splitlines() if name and "/" not in name]


def append(file: int, data: bytes) -> None:
    """All of it at the end of a file, or nothing. Raises OSError."""
    before, left = os.fstat(file).st_size, memoryview(data)
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        os.ftruncate(file, before)
        raise
