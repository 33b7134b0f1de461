"""The folder of results as a run writes to it: one file beside, renamed when it is whole, and old ones dropped.

The folder is opened once a run, and everything is done inside of what was opened: no link or name that changes
meanwhile leads out of it. Of what is found there only files that have our names and begin as ours are ever removed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Final

from audit.errors import ResultsError
from audit.results.draft import Draft, ours, settle, unlocked
from audit.results.names import LATEST, Name, Stem, is_draft, is_link
from constraints.dataclass import dataclass

_MODE: Final = 0o750  # the group, so that a container beside this one can read with the same fsGroup
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, slots=True)
class Archive:
    """Where results go; it is made when it is missing. `keep` is how many runs stay there, 0 for all of them."""

    path: str
    keep: int = 10
    compress: bool = False

    def begin(self, audit_id: str) -> Draft:
        """A file for a run that begins, once what dead runs have left is gone. Raises ResultsError."""
        with told(self.path):
            folder = self._opened()
            try:
                _clean(folder)
                for number in count(_next(folder, Stem.of(audit_id).stamp)):
                    draft = Draft.reserve(folder, Stem.of(audit_id, number), self.compress)
                    if draft is not None:
                        return draft
            except BaseException:
                os.close(folder)
                raise
        raise AssertionError("numbers do not end")

    def end(self, draft: Draft, partial: bool) -> None:
        """Let a run's file be seen under its name, and `latest` lead to it unless it is `partial`; drop old ones.

        Raises ResultsError; where the name could not be given, the file is gone, too.
        """
        with told(self.path):
            try:
                name = draft.publish(partial)
                try:
                    if not partial:
                        _point(draft.folder, name)
                finally:
                    _prune(draft.folder, self.keep)
            finally:
                draft.close()

    def _opened(self) -> int:
        path = os.path.abspath(self.path)  # with a slash at its end a link would be followed
        os.makedirs(path, _MODE, exist_ok=True)
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


@contextmanager
def told(path: str) -> Iterator[None]:
    """Errors of the operating system as ResultsError, in words for whoever runs the audit."""
    try:
        yield
    except OSError as error:
        raise ResultsError(f"{path}: {_words(path, error)}", reason=reason(error)) from None  # its words are in these


def _words(path: str, error: OSError) -> str:
    if os.path.islink(os.path.abspath(path)):
        return "the folder is a link, which is not followed; name the folder itself"
    if error.errno in _FULL:
        return f"{error.strerror}; free space there, or keep fewer runs with --results-keep"
    return error.strerror or str(error)


def reason(error: OSError) -> str:
    """One word for a Gap."""
    if error.errno in _FULL:
        return "NoSpace"
    if error.errno == errno.EROFS:
        return "ReadOnly"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "NotPermitted"
    if error.errno in (errno.ENOTDIR, errno.ELOOP, errno.EEXIST, errno.ENOENT):
        return "NoFolder"
    return "NotWritten"


def _names(folder: int) -> list[Name]:
    """The files of results, oldest first."""
    return sorted(name for name in map(Name.read, os.listdir(folder)) if name is not None)


def _next(folder: int, stamp: str) -> int:
    """The number of a run that begins in a second, after all others that did."""
    return max((name.stem.number for name in _names(folder) if name.stem.stamp == stamp), default=0) + 1


def _point(folder: int, name: Name) -> None:
    """Let `latest` lead to a file, at one moment to the one before and at the next to this one."""
    before = _target(folder)
    if before is not None and Name.read(before) is None:
        raise ResultsError(f"{LATEST} is not a link of ours, and stays as it is; {name} is written", reason="NotOurs")
    os.symlink(str(name), name.stem.link, dir_fd=folder)
    os.rename(name.stem.link, LATEST, src_dir_fd=folder, dst_dir_fd=folder)
    settle(folder)


def _target(folder: int) -> str | None:
    """Where `latest` leads, None where it is not there; empty where it is no link."""
    try:
        return os.readlink(LATEST, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:
            return ""
        raise


def _prune(folder: int, keep: int) -> None:
    """Drop the oldest runs beyond `keep`, of those that came to their end and of the others; never the latest."""
    latest, names = _target(folder), _names(folder)
    for partial in (False, True) if keep else ():
        for old in [name for name in names if name.partial is partial][:-keep]:
            if str(old) != latest and ours(folder, str(old)):
                os.unlink(str(old), dir_fd=folder)


def _clean(folder: int) -> None:
    """Remove what runs have left that did not live to give it its name. What others have open is not theirs to
    leave.
    """
    for name in os.listdir(folder):
        with suppress(FileNotFoundError):  # another process was faster
            if (is_draft(name) and ours(folder, name, draft=True)) or (is_link(name) and _forsaken(folder, name)):
                os.unlink(name, dir_fd=folder)


def _forsaken(folder: int, link: str) -> bool:
    """Whether a link belongs to a run that is over: it has its file open until `latest` leads there."""
    if not stat.S_ISLNK(os.lstat(link, dir_fd=folder).st_mode):
        return False
    target = os.readlink(link, dir_fd=folder)
    return Name.read(target) is not None and unlocked(folder, target)
