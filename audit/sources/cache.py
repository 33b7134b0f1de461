"""Pages on disk, for the time in which evaluation lags behind listing.

Every run has a folder of its own below `--api-cache-dir`, locked while the run lives. What a killed process left behind
is found by its lock being free. Nothing but files that this module made is ever removed (compatibility, section 9).
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path
from types import TracebackType

PREFIX = "kube-patrol-"
LOCK = "lock"
SUFFIX = ".page"


class PageCache:
    """A folder of pages, one file each, mode 0600; a context manager that removes it at the end.

    Raises OSError when the folder cannot be made or a page not be written.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder: Path | None = None
        self._lock: int | None = None
        self._count = 0

    def __enter__(self) -> PageCache:
        self._root.mkdir(parents=True, exist_ok=True)
        for left in self._root.glob(f"{PREFIX}*"):
            _remove_if_abandoned(left)
        self._folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._root))
        self._lock = _locked(self._folder / LOCK, os.O_CREAT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._folder is not None:
            _remove(self._folder)
        if self._lock is not None:
            os.close(self._lock)
        self._folder = self._lock = None

    def put(self, body: bytes) -> Path:
        """Write one page and give back where it is."""
        if self._folder is None:
            raise OSError(f"page cache {self._root} is not open")
        self._count += 1
        path = self._folder / f"{self._count:08d}{SUFFIX}"
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(body)
        return path

    def take(self, path: Path) -> bytes:
        """Read one page back and remove it."""
        body = path.read_bytes()
        path.unlink()
        return body


def _locked(path: Path, flags: int) -> int | None:
    """An exclusive lock on `path`, or None when another process holds it or there is no such file."""
    try:
        handle = os.open(path, flags | os.O_RDWR | os.O_NOFOLLOW, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def _remove_if_abandoned(folder: Path) -> None:
    if folder.is_symlink() or not folder.is_dir():
        return
    lock = _locked(folder / LOCK, 0)
    if lock is not None:
        _remove(folder)
        os.close(lock)


def _remove(folder: Path) -> None:
    for page in folder.glob(f"*{SUFFIX}"):
        page.unlink(missing_ok=True)
    (folder / LOCK).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
