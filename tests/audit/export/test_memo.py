"""What one process leaves to the next."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.export.memo import Memo


def test_what_was_written_last_is_there_for_the_next_process(tmp_path: Path) -> None:
    memo = Memo(tmp_path / "memo")
    assert memo.read() == b""
    memo.write(b"a longer text")
    memo.write(b"text")
    assert (memo.read(), Memo(tmp_path / "memo").read()) == (b"text", b"text")
    assert [path.name for path in tmp_path.iterdir()] == ["memo"]


def test_without_a_file_it_is_kept_as_long_as_the_process() -> None:
    memo = Memo()
    memo.write(b"text")
    assert (memo.read(), Memo().read()) == (b"text", b"")


@pytest.mark.parametrize("kind", ["folder", "link", "away"])
def test_what_cannot_be_read_or_written_is_known_in_this_process_only(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "memo" if kind != "away" else tmp_path / "away" / "memo"
    if kind == "folder":
        (file / "in it").mkdir(parents=True)
    elif kind == "link":
        (tmp_path / "theirs").write_text("theirs")
        file.symlink_to(tmp_path / "theirs")
        file.with_suffix(".new").symlink_to(tmp_path / "theirs")
    memo = Memo(file)
    assert memo.read() == b""
    memo.write(b"text")
    assert (memo.read(), Memo(file).read()) == (b"text", b"")
    if kind == "link":
        assert (tmp_path / "theirs").read_text() == "theirs"
