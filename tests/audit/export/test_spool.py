"""Lines that outlive a process, and positions that may be too old."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.export.spool import Position, Spool


def test_lines_are_given_until_they_are_forgotten(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write(b"a\nb\n")
    lines, to = spool.read(100)
    assert lines == [b"a", b"b"]
    assert spool.read(100) == (lines, to)
    spool.forget(Position(to.file, to.byte - 2))
    assert spool.read(100)[0] == [b"b"]
    assert list(spool.rest()) == [b"b"]


def test_a_line_is_given_whole_however_little_is_asked_for(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write(b"a" * 1000 + b"\nb\n")
    assert spool.read(10)[0][0] == b"a" * 1000


@pytest.mark.parametrize("noted", [b"", b"nonsense", b"7", b"99 99\n"])
def test_a_position_that_makes_no_sense_gives_lines_again_or_none_but_ends_nothing(
    tmp_path: Path, noted: bytes
) -> None:
    spool = Spool(tmp_path)
    spool.write(b"a\n")
    spool.close()
    (tmp_path / "position").write_bytes(noted)
    later = Spool(tmp_path)
    assert later.read(10)[0] in ([b"a"], [])
    later.write(b"b\n")
    assert list(later.rest())[-1] == b"b"


def test_files_before_the_position_are_deleted_at_the_next_start(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment=1)
    for line in (b"a\n", b"b\n"):
        spool.write(line)
    first, _ = sorted(tmp_path.glob("*.spool"))
    kept = first.read_bytes()
    spool.forget(Position(int(first.stem) + 1))
    first.write_bytes(kept)  # as if it could not have been deleted
    spool.close()
    later = Spool(tmp_path)
    assert list(later.rest()) == [b"b"]
    assert not first.exists()


def test_only_one_process_uses_a_folder(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    with pytest.raises(OSError, match="unavailable"):
        Spool(tmp_path)
    first.close()
    Spool(tmp_path).close()
