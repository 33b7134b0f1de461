"""Each line once and whole, whatever becomes of its file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from exporting import NEXT, RUN

from audit.export.disk import Disk, DiskSettings
from audit.export.records import Messages
from audit.export.tail import Tail

FILE = "2026-11-20T23_17_21Z"


@pytest.fixture
def tail(tmp_path: Path) -> Tail:
    return Tail(tmp_path)


def driver(folder: Path, results: int = 1) -> Disk:
    made = Disk(DiskSettings(folder / "c", results))  # type: ignore[arg-type]  # a path of this system
    made.open("")
    return made


def test_lines_are_given_as_they_come_also_through_a_renaming(tmp_path: Path, tail: Tail) -> None:
    disk = driver(tmp_path)
    disk.publish(RUN, Messages.of([b"a"]))
    assert list(tail.lines()) == [b"a\n"]
    disk.publish(RUN, Messages.of([b"b", b"c"]))
    assert list(tail.lines()) == [b"b\n", b"c\n"]
    disk.publish(RUN, Messages.of([b"d"]))
    disk.end(RUN)
    assert list(tail.lines()) == [b"d\n"]
    assert list(tail.lines()) == []


def test_a_file_that_was_seen_is_read_to_its_end_after_it_is_deleted(tmp_path: Path, tail: Tail) -> None:
    disk = driver(tmp_path, results=0)
    disk.publish(RUN, Messages.of([b"a"]))
    assert list(tail.lines()) == [b"a\n"]
    disk.publish(RUN, Messages.of([b"b"]))
    disk.end(RUN)
    disk.publish(NEXT, Messages.of([b"c"]))
    assert list(tail.lines()) == [b"b\n", b"c\n"]
    tail.close()


def test_half_a_line_waits_for_the_other_half(tmp_path: Path, tail: Tail) -> None:
    file = tmp_path / f"{FILE}.txt"
    file.write_bytes(b"a\nhal")
    assert list(tail.lines()) == [b"a\n"]
    file.write_bytes(b"a\nhalf\n")
    assert list(tail.lines()) == [b"half\n"]


def test_a_line_may_be_longer_than_what_is_read_at_once(tmp_path: Path, tail: Tail) -> None:
    long = b"x" * (3 << 20)
    (tmp_path / f"{FILE}.log").write_bytes(b"a\n" + long + b"\nb\n")
    assert list(tail.lines()) == [b"a\n", long + b"\n", b"b\n"]


def test_what_is_no_result_of_a_run_is_not_read(tmp_path: Path, tail: Tail) -> None:
    for name in ("admission-1.log", "notes.txt", ".kube-patrol", f"{FILE}.gz"):
        (tmp_path / name).write_text("no\n")
    os.mkfifo(tmp_path / f"{FILE}.txt")
    (tmp_path / f"{FILE}.log").mkdir()
    assert list(tail.lines()) == []


def test_a_folder_that_is_not_there_yet_has_no_lines(tmp_path: Path) -> None:
    assert list(Tail(tmp_path / "later").lines()) == []
