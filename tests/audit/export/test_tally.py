"""Messages are counted as they come and go."""

from __future__ import annotations

from exporting import NEXT, RUN

from audit.export.tally import RUNS, Tally


def test_messages_that_come_while_the_target_fails_are_spilled() -> None:
    tally = Tally()
    tally.put(RUN, 1)
    tally.failed(1)
    tally.put(RUN, 2)
    tally.sent(RUN, 3)
    tally.put(NEXT, 4)
    assert tally.counts().spilled == 2


def test_the_lag_is_that_of_the_oldest_that_waits() -> None:
    now = [0.0]
    tally = Tally(lambda: now[0])
    tally.put(RUN, 2)
    now[0] = 10.0
    tally.put(RUN, 2)
    now[0] = 15.0
    assert tally.counts().lag == 15.0
    tally.sent(RUN, 3)
    assert tally.counts().lag == 5.0
    tally.lost(RUN, 1)
    assert tally.counts().lag == 0.0


def test_what_a_process_before_has_dropped_is_known_of_its_run_and_not_counted_again() -> None:
    tally = Tally()
    tally.earlier(RUN, 3)
    tally.put(RUN, 0, dropped=1)
    assert (tally.dropped(RUN), tally.counts().dropped) == (4, 1)


def test_numbers_of_the_last_runs_are_kept_and_totals_are_of_all() -> None:
    tally = Tally()
    for number in range(RUNS + 1):
        tally.put(str(number), 0, dropped=1)
    assert (tally.dropped("0"), tally.dropped("1")) == (0, 1)
    assert tally.counts().dropped == RUNS + 1
