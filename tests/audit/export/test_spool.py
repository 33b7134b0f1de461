"""Records that outlive a process, and positions that may be too old."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.export.records import VIOLATION, Messages, Record
from audit.export.spool import Position, Spool


def record(lines: bytes) -> Record:
    return Record.of(VIOLATION, "run", Messages(lines, lines.count(b"\n")))


A, B = record(b"a\n"), record(b"b\nb\n")


def test_records_are_given_until_they_are_forgotten(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write([A, B])
    records, at = spool.read(100)
    assert records == [A, B]
    assert spool.read(100) == (records, at)
    spool.forget(at.after([A.head, B.head], 1))
    assert spool.read(100)[0] == [B]
    assert list(spool.rest()) == [B.head]


@pytest.mark.parametrize("most", [1, 5, 10, 500])
def test_a_record_is_given_whole_however_little_is_asked_for(tmp_path: Path, most: int) -> None:
    spool = Spool(tmp_path)
    spool.write([record(b"a" * 1000 + b"\n"), A])
    assert spool.read(most)[0] == [record(b"a" * 1000 + b"\n")]


@pytest.mark.parametrize("noted", [b"", b"nonsense", b"7", b"99 99\n", b"0 1\n", b"0 3", b"0 0 0 9"])
def test_a_position_that_makes_no_sense_gives_records_again_or_none_but_ends_nothing(
    tmp_path: Path, noted: bytes
) -> None:
    spool = Spool(tmp_path)
    spool.write([A])
    spool.close()
    (tmp_path / "position").write_bytes(noted)
    later = Spool(tmp_path)
    assert later.read(10)[0] in ([A], [])
    later.write([B])
    assert list(later.rest())[-1] == B.head


def test_files_before_the_position_are_deleted_at_the_next_start(tmp_path: Path) -> None:
    spool = Spool(tmp_path, segment=1)
    for each in (A, B):
        spool.write([each])
    first, _ = sorted(tmp_path.glob("*.spool"))
    kept = first.read_bytes()
    spool.forget(Position(int(first.stem) + 1))
    first.write_bytes(kept)  # as if it could not have been deleted
    spool.close()
    later = Spool(tmp_path)
    assert list(later.rest()) == [B.head]
    assert not first.exists()


def test_a_file_that_was_changed_while_it_is_read_is_told(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write([A])
    (file,) = tmp_path.glob("*.spool")
    file.write_bytes(b"what?\n" * 10)
    with pytest.raises(OSError, match="is damaged"):
        spool.read(100)


def test_only_one_process_uses_a_folder(tmp_path: Path) -> None:
    first = Spool(tmp_path)
    with pytest.raises(OSError, match="unavailable"):
        Spool(tmp_path)
    first.close()
    Spool(tmp_path).close()
