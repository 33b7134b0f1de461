"""Listing runs ahead of evaluation, within bounds."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

from audit.sources.ahead import Ahead
from audit.sources.cache import PageCache


def test_things_come_out_in_the_order_in_which_they_went_in() -> None:
    ahead: Ahead[str] = Ahead(4, 1.0, None, Event())
    ahead.put("page", b"1")
    ahead.put("end")
    ahead.close()
    assert list(ahead.take()) == [("page", b"1"), ("end", None)]


def test_pages_spill_to_disk_when_evaluation_lags_for_too_long(tmp_path: Path) -> None:
    with PageCache(tmp_path) as cache:
        ahead: Ahead[int] = Ahead(2, 0.01, cache, Event())
        for number in range(5):
            ahead.put(number, b"%d" % number)
        ahead.close()
        assert len(list(tmp_path.rglob("*.page"))) == 3
        assert [body for _, body in ahead.take()] == [b"0", b"1", b"2", b"3", b"4"]
        assert (ahead.spilled, list(tmp_path.rglob("*.page"))) == (3, [])


def test_secrets_wait_in_memory_and_never_touch_the_disk(tmp_path: Path) -> None:
    with PageCache(tmp_path) as cache:
        ahead: Ahead[int] = Ahead(1, 0.01, cache, Event())
        producer = Thread(target=lambda: [ahead.put(n, b"secret", secret=True) for n in range(3)] and ahead.close())
        producer.start()
        assert [n for n, _ in ahead.take()] == [0, 1, 2]
        producer.join()
        assert ahead.spilled == 0


def test_a_full_disk_makes_pages_wait_in_memory_and_loses_none(tmp_path: Path) -> None:
    class FullDisk(PageCache):
        def put(self, body: bytes) -> Path:
            raise OSError(28, "No space left on device")

    with FullDisk(tmp_path) as cache:
        ahead: Ahead[int] = Ahead(1, 0.01, cache, Event())
        producer = Thread(target=lambda: [ahead.put(n, b"page") for n in range(4)] and ahead.close())
        producer.start()
        assert [n for n, _ in ahead.take()] == [0, 1, 2, 3]
        producer.join()


def test_a_producer_learns_that_its_consumer_is_gone() -> None:
    ahead: Ahead[int] = Ahead(1, 1.0, None, Event())
    ahead.put(1, b"page")
    ahead.close()
    assert ahead.put(2, b"page") is False


def test_a_consumer_that_waits_notices_a_stop() -> None:
    stopping = Event()
    stopping.set()
    ahead: Ahead[int] = Ahead(1, 1.0, None, stopping)
    assert list(ahead.take()) == []
