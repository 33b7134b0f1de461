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
def notes() -> list[str]:
    return []


@pytest.fixture
def tail(tmp_path: Path, notes: list[str]) -> Tail:
    return Tail(tmp_path, notes.append)


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
    assert list(Tail(tmp_path / "later", print).lines()) == []


def test_a_link_is_said_once_and_what_stands_beside_it_is_read(tmp_path: Path, tail: Tail, notes: list[str]) -> None:
    (tmp_path / f"{FILE}.log").write_text("a\n")
    link = tmp_path / "2026-11-20T00_00_00Z.log"
    link.symlink_to("/etc/hostname")
    assert list(tail.lines()) == [b"a\n"]
    assert list(tail.lines()) == []
    assert notes == [f"{link} is a link, and not read"]


def test_what_was_deleted_before_it_was_read_is_said_once(tmp_path: Path, tail: Tail, notes: list[str]) -> None:
    disk = driver(tmp_path)
    runs = [f"2026-11-20T23:17:2{second}Z" for second in range(6)]

    def write(some: list[str]) -> None:
        for run in some:
            disk.publish(run, Messages.of([run.encode()]))
            disk.end(run)

    write(runs[:2])
    assert list(tail.lines()) == [b"2026-11-20T23:17:21Z\n"]
    assert notes == []  # what was gone before it began to look was not for it
    write(runs[2:3])
    assert list(tail.lines()) == [b"2026-11-20T23:17:22Z\n"]
    write(runs[3:])
    assert list(tail.lines()) == [b"2026-11-20T23:17:25Z\n"]
    assert list(tail.lines()) == []
    first = tmp_path / "c" / "2026-11-20T23_17_23Z.log"
    told = f"2 runs were deleted before they were read here: {first} to 2026-11-20T23_17_24Z.log"
    assert notes == [f"{told}; a larger maxAuditResults leaves more time"]
