"""Which Events may be written: client-go's rate for each object, and those first that have waited longest."""

from __future__ import annotations

from audit.events.due import BURST, REFILL, Buckets, Longest


def test_an_object_has_twenty_five_events_at_once_and_then_one_every_five_minutes() -> None:
    buckets = Buckets()
    assert [buckets.take("web", 0.0) for _ in range(BURST + 1)] == [True] * BURST + [False]
    assert not buckets.has("web", REFILL - 1)
    assert buckets.has("web", REFILL)
    assert [buckets.take("web", 2 * REFILL) for _ in range(3)] == [True, True, False]
    assert buckets.take("another", 0.0)


def test_an_object_that_was_quiet_for_long_has_no_more_than_at_first_and_is_forgotten() -> None:
    buckets = Buckets(burst=2)
    buckets.take("web", 0.0)
    buckets.take("busy", REFILL)
    buckets.forget(REFILL)
    assert [buckets.take("web", 100 * REFILL) for _ in range(3)] == [True, True, False]
    assert [buckets.take("busy", REFILL) for _ in range(2)] == [True, False]


def test_those_that_have_waited_longest_are_taken_and_of_the_same_age_the_first() -> None:
    longest = Longest[str](3)
    for since, name in ((5, "new"), (0, "never"), (2, "old"), (5, "new, too"), (0, "never, too")):
        longest.offer(since, name)
    assert list(longest.taken()) == ["never", "never, too", "old"]
    assert longest.left_out == 2


def test_without_a_limit_all_are_taken() -> None:
    longest = Longest[int](0)
    for number in range(100):
        longest.offer(0, number)
    assert list(longest.taken()) == list(range(100))
    assert longest.left_out == 0
