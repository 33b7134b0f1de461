"""What is said of a folder that cannot be written to."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from audit.errors import ResultsError
from audit.results.archive import told


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.ENOSPC, "NoSpace"),
        (errno.EDQUOT, "NoSpace"),
        (errno.EROFS, "ReadOnly"),
        (errno.EACCES, "NotPermitted"),
        (errno.ENOTDIR, "NoFolder"),
        (errno.EIO, "NotWritten"),
    ],
)
def test_each_error_of_the_disk_has_a_reason_and_names_the_folder(code: int, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ResultsError) as raised, told(str(tmp_path)):
        raise OSError(code, os.strerror(code))
    assert raised.value.reason == reason
    assert str(raised.value).startswith(f"{tmp_path}: {os.strerror(code)}")
