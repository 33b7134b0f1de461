"""Pages on disk: written once, read once, and nothing else is ever removed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from audit.sources.cache import PageCache


def test_the_folder_is_created_when_missing(tmp_path: Path) -> None:
    with PageCache(tmp_path / "a" / "b") as cache:
        assert cache.put(b"page").is_relative_to(tmp_path / "a" / "b")


def test_a_page_is_read_back_and_removed(tmp_path: Path) -> None:
    with PageCache(tmp_path) as cache:
        path = cache.put(b"one")
        assert (cache.take(path), path.exists()) == (b"one", False)


def test_only_the_owner_may_read_a_page(tmp_path: Path) -> None:
    with PageCache(tmp_path) as cache:
        assert cache.put(b"one").stat().st_mode & 0o777 == 0o600


def test_nothing_of_ours_is_left_behind_and_nothing_of_others_is_touched(tmp_path: Path) -> None:
    (tmp_path / "kube-patrol-notes").mkdir()
    (tmp_path / "kube-patrol-notes" / "mine.txt").write_text("keep")
    (tmp_path / "other").write_text("keep")
    with PageCache(tmp_path) as cache:
        cache.put(b"left over")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["kube-patrol-notes", "mine.txt", "other"]


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    left = PageCache(tmp_path).__enter__()
    page = left.put(b"old")
    os.close(left._lock or -1)  # what the kernel does when a process dies
    left._lock = None
    with PageCache(tmp_path):
        assert not page.exists()


def test_the_folder_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    with PageCache(tmp_path) as first:
        page = first.put(b"mine")
        with PageCache(tmp_path):
            assert page.read_bytes() == b"mine"


def test_a_link_with_our_name_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.mkdir()
    (target / "00000001.page").write_bytes(b"keep")
    (target / "lock").touch()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "kube-patrol-link").symlink_to(target)
    with PageCache(tmp_path / "cache"):
        assert (target / "00000001.page").exists()


def test_a_file_put_into_our_folder_by_somebody_else_stays(tmp_path: Path) -> None:
    with PageCache(tmp_path) as cache:
        foreign = cache.put(b"x").parent / "foreign.txt"
        foreign.write_text("keep")
    assert foreign.exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), PageCache(tmp_path / "file"):
        pass


def test_a_lock_is_held_while_the_cache_is_open(tmp_path: Path) -> None:
    with PageCache(tmp_path) as cache:
        lock = cache.put(b"x").parent / "lock"
        handle = os.open(lock, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
