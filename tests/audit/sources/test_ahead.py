"""Listing runs ahead of evaluation, within bounds."""

from __future__ import annotations

import random
from pathlib import Path
from threading import Thread
from typing import TypeVar

import pytest

from audit.sources.ahead import Ahead, Room
from audit.sources.cache import PageCache

T = TypeVar("T")


def never() -> bool:
    return False


def taken(ahead: Ahead[T]) -> list[tuple[T, bytes]]:
    return [(row.item, ahead.open(row)) for row in ahead.take()]


def test_things_come_out_in_the_order_in_which_they_went_in() -> None:
    ahead: Ahead[str] = Ahead(Room(4, patience=1.0), None, never)
    ahead.put("page", b"1")
    ahead.put("end")
    ahead.close()
    assert taken(ahead) == [("page", b"1"), ("end", b"")]


def test_pages_spill_to_disk_when_evaluation_lags_for_too_long(tmp_path: Path) -> None:
    with PageCache(tmp_path) as cache:
        ahead: Ahead[int] = Ahead(Room(2, patience=0.01), cache, never)
        for number in range(5):
            ahead.put(number, b"%d" % number)
        ahead.close()
        assert len(list(tmp_path.rglob("*.page"))) == 3
        assert [body for _, body in taken(ahead)] == [b"0", b"1", b"2", b"3", b"4"]
        assert (ahead.spilled, list(tmp_path.rglob("*.page"))) == (3, [])


def test_secrets_wait_in_memory_and_never_touch_the_disk(tmp_path: Path) -> None:
    with PageCache(tmp_path) as cache:
        ahead: Ahead[int] = Ahead(Room(1, patience=0.01), cache, never)
        producer = Thread(target=lambda: [ahead.put(n, b"secret", secret=True) for n in range(3)] and ahead.close())
        producer.start()
        assert [n for n, _ in taken(ahead)] == [0, 1, 2]
        producer.join()
        assert ahead.spilled == 0


def test_a_full_disk_makes_pages_wait_in_memory_and_loses_none(tmp_path: Path) -> None:
    class FullDisk(PageCache):
        def put(self, body: bytes) -> Path:
            raise OSError(28, "No space left on device")

    with FullDisk(tmp_path) as cache:
        ahead: Ahead[int] = Ahead(Room(1, patience=0.01), cache, never)
        producer = Thread(target=lambda: [ahead.put(n, b"page") for n in range(4)] and ahead.close())
        producer.start()
        assert [n for n, _ in taken(ahead)] == [0, 1, 2, 3]
        producer.join()


def test_a_producer_learns_that_its_consumer_is_gone() -> None:
    ahead: Ahead[int] = Ahead(Room(1, patience=1.0), None, never)
    ahead.put(1, b"page")
    ahead.close()
    assert ahead.put(2, b"page") is False


def test_a_consumer_that_waits_notices_a_stop() -> None:
    ahead: Ahead[int] = Ahead(Room(), None, lambda: True)
    ahead.put(1, b"page")
    assert list(ahead.take()) == []


@pytest.mark.parametrize("seed", range(3))
def test_no_more_bytes_wait_in_memory_than_there_is_room_for(seed: int) -> None:
    dice = random.Random(seed)
    bodies = [b"x" * dice.choice([10, 300, 900]) for _ in range(60)]
    ahead: Ahead[int] = Ahead(Room(depth=10, memory=1000), None, never)

    def put(first: int) -> None:
        for number in range(first, len(bodies), 3):
            ahead.put(number, bodies[number])

    producers = [Thread(target=put, args=(first,)) for first in range(3)]
    closer = Thread(target=lambda: [thread.join() for thread in producers] and ahead.close())
    for thread in (*producers, closer):
        thread.start()
    assert sorted(taken(ahead)) == list(enumerate(bodies))
    assert 0 < ahead.most <= 1000
    closer.join()


def test_a_body_that_is_larger_than_all_room_waits_alone() -> None:
    ahead: Ahead[int] = Ahead(Room(depth=4, memory=10), None, never)
    producer = Thread(target=lambda: [ahead.put(n, b"x" * 50) for n in range(3)] and ahead.close())
    producer.start()
    assert [n for n, _ in taken(ahead)] == [0, 1, 2]
    assert ahead.most == 50
    producer.join()


def test_a_body_that_was_taken_is_not_kept() -> None:
    ahead: Ahead[int] = Ahead(Room(), None, never)
    ahead.put(1, b"page")
    ahead.close()
    (row,) = ahead.take()
    assert (ahead.open(row), row.body) == (b"page", None)
