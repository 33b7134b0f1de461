"""Messages are counted as they come and go."""

from __future__ import annotations

from exporting import NEXT, RUN

from audit.export.tally import RUNS, Tally, of_run, unpublished


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


def test_one_message_is_told_in_the_singular() -> None:
    assert of_run(1, RUN, "is", "are") == f"1 message of the run {RUN} is"
    assert of_run(2, RUN, "is", "are") == f"2 messages of the run {RUN} are"
    assert of_run(1, RUN) == f"1 message of the run {RUN}"
    assert unpublished(1) == "1 message could not be published and waits for the next start"
    assert unpublished(2) == "2 messages could not be published and wait for the next start"
