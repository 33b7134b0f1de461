"""Everything that is put in comes to the target in its order, or is counted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from exporting import NEXT, RUN, Line, Recorder, eventually, some, target

from audit.errors import ExportError, Forbidden
from audit.export.backlog import END, START, VIOLATION, Backlog, Limits
from audit.export.delivery import Delivery, DeliveryHooks
from audit.export.driver import Advance
from audit.export.publishing import Publishing
from audit.export.tally import Tally

RUNS = [f"2026-11-20T23:17:{second}Z" for second in range(10, 20)]


def published(*messages: bytes) -> list[bytes]:
    return [b'"start"', *messages, b'"end"']


def test_a_run_is_published_in_order_and_ended_once_after_all_of_its_messages(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder()
    line.delivery.aim(target(driver))
    line.run(RUN, b"1", b"2")
    line.delivery.close(10)
    assert driver.messages == published(b"1", b"2")
    assert driver.calls[0] == ("open", RUN)
    assert driver.calls[-2:] == [("end", RUN), ("close", False)]
    counts = line.tally.counts()
    assert (counts.waiting, counts.sent, counts.dropped, counts.lag) == (0, 4, 0, 0.0)


def test_a_target_that_fails_is_opened_anew_until_it_takes_the_messages(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder(failures=["disk: full", "disk: still full", "other"])
    line.delivery.aim(target(driver))
    line.run(RUN, b"1")
    eventually(lambda: len(line.heard) == 3)
    line.delivery.close(10)
    assert driver.messages == published(b"1")
    assert line.tally.counts().retried >= 3
    assert line.heard[0].errors == ("disk: full",)
    assert line.heard[-1].errors == ("disk: full", "other")  # told apart by what is before the colon
    assert line.heard[-1].active
    assert line.heard[-1].last_success == 1_795_216_641.0


def test_a_target_is_tried_again_soon_when_much_waits_by_now(tmp_path: Path) -> None:
    tally = Tally()
    backlog, driver = Backlog(tmp_path, Limits(1000), tally), Recorder(failures=["down"])
    delivery = Delivery(backlog, tally, DeliveryHooks(multiplier=1e6, longest=1e6, crowded=0.0))
    delivery.aim(target(driver))
    delivery.put(RUN, START, some([b'"start"']))
    eventually(lambda: not driver.failures)
    delivery.put(RUN, VIOLATION, some([b"%500d" % 1]))
    eventually(lambda: len(driver.messages) == 2)
    delivery.close(10)


def test_the_status_tells_how_many_messages_of_a_run_were_dropped(tmp_path: Path) -> None:
    line, driver = Line(tmp_path, limit=1000), Recorder()
    line.run(RUN, *[b"%300d" % 1] * 5)
    line.delivery.aim(target(driver))
    line.delivery.close(10)
    assert line.heard[-1].active
    text = f"dropped: 2 messages of the run {RUN} had no place among those that waited, were refused, or damaged"
    assert line.heard[-1].errors == (text,)


def test_while_a_target_is_down_each_run_and_the_first_one_that_loses_messages_are_told(tmp_path: Path) -> None:
    line, driver = Line(tmp_path, limit=1000, grace=0.0), Recorder(down=True)
    line.delivery.aim(target(driver))
    line.run(RUNS[0])
    eventually(lambda: line.heard)
    line.delivery.put(RUNS[1], START, some([b'"start"']))
    for _ in range(2):
        line.delivery.put(RUNS[1], VIOLATION, some([b"%300d" % 1] * 4))
        line.delivery.put(RUNS[1], END, some([b'"end"']))  # as if it had two
        number = line.tally.dropped(RUNS[1])
        text = f"dropped: {number} messages of the run {RUNS[1]} had no place among those that waited, were refused, or damaged"
        eventually(lambda text=text: line.heard[-1].errors == ("target: down", text))
    line.delivery.close(0)
    assert line.heard[-1].errors[-1].startswith("waiting: ")


def test_what_could_not_be_published_is_after_the_next_start_and_before_what_comes_then(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.delivery.aim(target(Recorder(down=True)))
    line.run(RUN, b"1")
    line.delivery.close(0)
    later, driver = Line(tmp_path), Recorder()
    assert later.tally.counts().waiting == 3
    assert later.tally.counts().spilled == 3
    later.run(NEXT, b"2")
    later.delivery.aim(target(driver))
    later.delivery.close(10)
    assert driver.messages == published(b"1") + published(b"2")
    assert driver.calls[0] == ("open", RUN)


def test_what_waits_goes_to_the_target_that_takes_the_place_of_one_that_fails(tmp_path: Path) -> None:
    line, broken, driver = Line(tmp_path), Recorder(down=True), Recorder()
    line.delivery.aim(target(broken, path="/a"))
    line.run(RUN, b"1")
    eventually(lambda: line.tally.counts().retried)
    line.delivery.aim(target(driver, path="/b"))
    line.delivery.close(10)
    assert driver.messages == published(b"1")
    assert broken.calls[-1] == ("close", True)


def test_an_equal_connection_keeps_the_driver_that_is_open(tmp_path: Path) -> None:
    line, driver, same = Line(tmp_path), Recorder(), Recorder()
    line.delivery.aim(target(driver, path="/a"))
    line.delivery.aim(target(same, path="/a"))
    line.run(RUN, b"1")
    line.delivery.close(10)
    assert driver.messages == published(b"1")
    assert same.calls == []


def test_a_target_that_is_taken_away_gets_what_waits_before_it_is_closed_for_good(tmp_path: Path) -> None:
    line, driver = Line(tmp_path), Recorder(failures=["down"])
    line.delivery.aim(target(driver))
    line.run(RUN, b"1")
    line.delivery.aim(None)
    eventually(lambda: driver.calls[-1:] == [("close", True)])
    assert driver.messages == published(b"1")
    line.delivery.close(10)


def test_a_replica_that_leads_no_more_publishes_what_waits_and_then_lets_go_of_the_target(tmp_path: Path) -> None:
    line, driver = Line(tmp_path, leads=lambda: False), Recorder()
    line.delivery.aim(target(driver))
    line.run(RUN, b"1")
    eventually(lambda: len(driver.messages) == 3 and driver.calls[-1] == ("close", False))
    assert driver.messages == published(b"1")
    line.delivery.close(10)


def test_nothing_is_published_without_a_target_and_leaving_is_quick(tmp_path: Path) -> None:
    line = Line(tmp_path)
    line.run(RUN, b"1")
    line.delivery.close(60)
    assert Line(tmp_path).tally.counts().waiting == 3


@pytest.mark.parametrize("failing", ["open", "end"])
def test_a_driver_that_fails_elsewhere_gets_no_message_twice(tmp_path: Path, failing: str) -> None:
    class Failing(Recorder):
        left = 1

        def fail(self, what: str) -> None:
            if what == failing and self.left:
                self.left -= 1
                raise ExportError("target: down once")

        def open(self, resuming: str) -> None:
            self.fail("open")
            super().open(resuming)

        def end(self, run: str) -> None:
            self.fail("end")
            super().end(run)

    line, driver = Line(tmp_path), Failing()
    line.delivery.aim(target(driver))
    line.run(RUN, b"1")
    line.delivery.close(10)
    assert driver.messages == published(b"1")
    assert line.tally.counts().waiting == 0
    assert line.tally.counts().retried > 0


def test_after_a_mistake_in_a_driver_the_next_run_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Recorder):
        def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
            raise ZeroDivisionError

    line = Line(tmp_path)
    line.delivery.aim(target(Broken()))
    line.run(RUN, b"1")

    def refused() -> bool:
        try:
            line.delivery.put(NEXT, START, some([b'"start"']))
        except ExportError:
            return True
        return False

    eventually(refused)
    line.delivery.close(0)
    assert "a mistake in this program ended the export" in caplog.text


def test_a_status_that_cannot_be_written_keeps_no_message_back(tmp_path: Path) -> None:
    def refused(published: Publishing) -> None:
        raise Forbidden("not allowed")

    line, driver = Line(tmp_path, told=refused), Recorder()
    line.delivery.aim(target(driver))
    line.run(RUN, b"1")
    line.run(NEXT, b"2")
    line.delivery.close(10)
    assert driver.messages == published(b"1") + published(b"2")


def test_after_a_stop_nothing_comes_again_that_a_slow_target_has_taken(tmp_path: Path) -> None:
    class Slow(Recorder):
        """Takes one message a call, as long as it is not told to stop."""

        def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
            time.sleep(0.02)
            self.calls.append(("publish", run, messages[0]))
            return Advance(1)

    numbers = [str(number).encode() for number in range(100)]
    line, driver = Line(tmp_path), Slow()
    line.run(RUN, *numbers)
    line.delivery.aim(target(driver))
    eventually(lambda: len(driver.messages) > 5)
    line.delivery.close(0)
    later, rest = Line(tmp_path), Recorder()
    assert later.tally.counts().waiting == 102 - len(driver.messages)
    later.delivery.aim(target(rest))
    later.delivery.close(10)
    assert driver.messages + rest.messages == published(*numbers)


def test_whoever_is_patient_waits_for_a_slow_target_and_not_for_one_that_takes_nothing(tmp_path: Path) -> None:
    class Slow(Recorder):
        def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
            time.sleep(0.3)
            return super().publish(run, messages)

    line, driver = Line(tmp_path, patience=0.9), Slow()
    for run in RUNS:
        line.run(run, b"1")
    line.delivery.aim(target(driver))
    line.delivery.settle()
    line.delivery.close(0)
    assert driver.messages == published(b"1") * len(RUNS)
    assert line.tally.counts().waiting == 0
    down = Line(tmp_path, patience=0.1)
    down.run(RUN, b"1")
    down.delivery.aim(target(Recorder(down=True)))
    down.delivery.settle()
    assert down.tally.counts().waiting == 3
    down.delivery.close(0)
