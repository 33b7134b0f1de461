"""One file of results while it is written, locked so that others can tell that its run lives."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedWriter, FileIO
from typing import Final

from audit.results.format import BEGINNING, GZIPPED
from audit.results.names import Name, Stem

_MODE: Final = 0o640
_BUFFER: Final = 1 << 18
_LEVEL: Final = 1  # of compression: higher ones take several times as long, for files a few percent smaller
_LOOK: Final = 4096
_GZIP: Final = 31  # what zlib calls a stream with gzip's header


class Draft:
    """A file that has not got its name yet; `folder` is the descriptor of where it is, and closed with it."""

    def __init__(self, folder: int, stem: Stem, file: int, compress: bool) -> None:
        self.folder = folder
        self.stem = stem
        # Not by the module gzip, which goes through everything once more for its own sum.
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP) if compress else None
        self._raw = BufferedWriter(FileIO(file, "wb"), _BUFFER)

    @classmethod
    def reserve(cls, folder: int, stem: Stem, compress: bool) -> Draft | None:
        """A new file, None where another run has that stem. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            file = os.open(stem.draft, flags, _MODE, dir_fd=folder)
        except FileExistsError:
            return None
        with ExitStack() as stack:
            stack.callback(os.close, file)
            # Between the two calls another process may have taken it for one that a dead run has left.
            if not _lock(file, otherwise=True) or not os.fstat(file).st_nlink:
                return None
            names = [Name(stem, partial, packed) for partial in (False, True) for packed in (False, True)]
            if any(_there(folder, str(name)) for name in names):  # given its name since the folder was looked at
                os.unlink(stem.draft, dir_fd=folder)
                return None
            stack.pop_all()
        return cls(folder, stem, file, compress)

    def write(self, data: bytes) -> None:
        """Append. Raises OSError, and the file is then of no use."""
        self._raw.write(self._packer.compress(data) if self._packer else data)

    def publish(self, partial: bool) -> Name:
        """Bring everything to the disk, and give the file its name. Raises OSError; there is no file then."""
        name = Name(self.stem, partial, self._packer is not None)
        try:
            if self._packer:
                self._raw.write(self._packer.flush())
            self._raw.flush()
            os.fsync(self._raw.fileno())
            if _there(self.folder, str(name)):
                raise FileExistsError(f"{name} is there already")
            os.rename(self.stem.draft, str(name), src_dir_fd=self.folder, dst_dir_fd=self.folder)
        except OSError:
            self._remove()
            raise
        settle(self.folder)
        return name

    def discard(self) -> None:
        """Give up: there is no file any more, and its space is free."""
        self._remove()
        self.close()

    def close(self) -> None:
        """Let go of the file and its folder; once it has its name that is all there is to do."""
        with suppress(OSError):  # what was not written is of no use, or was told before
            self._raw.close()
        with suppress(OSError):
            os.close(self.folder)

    def _remove(self) -> None:
        with suppress(OSError):
            os.unlink(self.stem.draft, dir_fd=self.folder)


def ours(folder: int, name: str, draft: bool = False) -> bool:
    """Whether a file with one of our names is one that we wrote, by what it begins with.

    A `draft` may end before that, and nobody may be writing it any more.
    """
    with _looked_at(folder, name) as file:
        if file is None or (draft and not _lock(file)):
            return False
        start = _start(os.read(file, _LOOK))
        return BEGINNING.startswith(start) if draft and len(start) < len(BEGINNING) else start == BEGINNING


def unlocked(folder: int, name: str) -> bool:
    """Whether nobody writes a file, or it is not there."""
    with _looked_at(folder, name) as file:
        return _lock(file) if file is not None else not _there(folder, name)


@contextmanager
def _looked_at(folder: int, name: str) -> Iterator[int | None]:
    """A regular file, None for anything else, and for one that we may not change: NFS locks no others."""
    try:
        file = os.open(name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError:
        yield None
        return
    try:
        yield file if stat.S_ISREG(os.fstat(file).st_mode) else None
    finally:
        os.close(file)


def _lock(file: int, otherwise: bool = False) -> bool:
    """Whether this process has the lock of a file now; `otherwise` is the answer where there are no locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return otherwise
    return True


def settle(folder: int) -> None:
    """Bring names to the disk, where a folder can be told to. Raises OSError."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise


def _there(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _start(data: bytes) -> bytes:
    """As many of the first bytes as BEGINNING has, of what a file holds once it is not compressed any more."""
    if data.startswith(GZIPPED):
        try:
            data = zlib.decompressobj(_GZIP).decompress(data, len(BEGINNING))
        except zlib.error:
            return GZIPPED
    return data[: len(BEGINNING)]
