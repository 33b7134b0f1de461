"""Files of results are read as they were written, and said to be broken where they are."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest
from builders import DEPLOYMENT, constraint, record, unlisted, violation
from resultfiles import rewritten, written

from audit.errors import ResultsError
from audit.results.reading import Found, RunFile, opened

ONE = record(constraint("one"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A start, two violations, a gap, a constraint, an end."""
    found = [violation(ONE.constraint, "a", message="x" * 300), violation(ONE.constraint, "b", DEPLOYMENT)]
    return written(tmp_path, found, ONE, gaps=(unlisted(),))


def read(path: Path | str) -> tuple[RunFile, list[Found]]:
    with opened(str(path)) as run:
        return run, list(run.violations())


def problem(path: Path | str) -> str:
    with pytest.raises(ResultsError) as raised:
        read(path)
    return str(raised.value).removeprefix(f"{path}: ")


def test_a_violation_is_read_with_its_whole_message(path: Path) -> None:
    run, (first, second) = read(path)
    assert (run.audit_id, run.end.text("outcome")) == ("2026-11-20T23:17:21Z", "gaps")
    assert (first.constraint, first.object, first.message) == ("K8sTest/one", "Pod ns/a", "x" * 300)
    assert (second.object, second.short, second.message) == ("Deployment.apps ns/b", "b is wrong", "b is wrong")
    assert [line.text("gap_reason") for line in run.gaps] == ["Forbidden"]


@pytest.mark.parametrize("name", ["results.txt", "results.jsonl.gz"])
def test_a_compressed_file_is_known_by_its_content(path: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
    assert read(tmp_path / name)[1] == read(path)[1]


def test_what_a_newer_program_of_the_same_format_adds_is_passed_over(path: Path) -> None:
    rewritten(path, 2, more={"a": 1})
    rows = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*rows[:2], b'{"event_type":"object_praised"}\n', *rows[2:]]))
    assert len(read(path)[1]) == 2


def test_a_newer_format_is_refused_with_both_versions(path: Path) -> None:
    rewritten(path, 1, version=2)
    assert problem(path) == (
        "line 1: its format is of version 2, and this kube-patrol reads version 1; use a newer one"
    )


@pytest.mark.parametrize(
    ("number", "fields", "expected"),
    [
        (
            1,
            {"format": "other"},
            "this is not a file of results: it does not begin with the format kube-patrol-results",
        ),
        (1, {"version": "1"}, 'version is "1", not a whole number'),
        (1, {"audit_id": 5}, "audit_id is 5, not a text"),
        (2, {"resource_name": None}, "resource_name is missing, not a text"),
        (3, {"msg": ["\x1b[31m"]}, 'msg is ["\\u001b[31m"], not a text'),
        (4, {"event_type": {}}, "event_type is {}, not a text"),
        (6, {"violations": 3}, "2 violations were read, 3 were written"),
        (6, {"event_type": "audit_gap"}, "the file ends here, without audit_finished: it is not whole"),
        (5, {"event_type": "audit_finished"}, "nothing should come after audit_finished"),
    ],
)
def test_a_line_that_is_wrong_is_named(path: Path, number: int, fields: dict[str, Any], expected: str) -> None:
    rewritten(path, number, **fields)
    wrong = number + (number == 5)
    assert problem(path) == f"line {wrong}: {expected}"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty"),
        (b"hello\n", "line 1: is not JSON at character 1: unexpected character, expected a JSON value"),
        (b"[1]\n", "line 1: [1] is no object"),
        (b'{"a":\n', "line 1: is not JSON at character 6: unexpected end of data"),
        (b'{"a"', "line 1: has no end: the file is not whole"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, data: bytes, expected: str) -> None:
    (tmp_path / "file").write_bytes(data)
    assert problem(tmp_path / "file") == expected


def test_a_file_that_is_cut_anywhere_is_never_taken_for_a_whole_one(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    for data in (whole, gzip.compress(whole)):
        for end in range(0, len(data), 37):
            (tmp_path / "cut").write_bytes(data[:end])
            problem(tmp_path / "cut")


def test_compressed_data_that_is_damaged_is_told_with_the_line(path: Path, tmp_path: Path) -> None:
    data = bytearray(gzip.compress(path.read_bytes()))
    data[-6] ^= 255  # of the checksum
    (tmp_path / "damaged").write_bytes(data)
    assert "cannot be read: CRC check failed" in problem(tmp_path / "damaged")


@pytest.mark.parametrize(("name", "expected"), [("none", "No such file or directory"), ("", "Is a directory")])
def test_a_path_that_is_no_file_is_told(tmp_path: Path, name: str, expected: str) -> None:
    assert problem(tmp_path / name) == expected
