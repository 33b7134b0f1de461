"""When runs start: a fixed clock, no waiting."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import inf
from threading import Event

from audit.loop import Loop, Prompting


@dataclass
class World:
    """A clock that only moves when somebody sleeps or a run takes time; stops after `limit` runs."""

    limit: int = 3
    takes: list[float] = field(default_factory=list)
    now: float = 100.0
    starts: list[float] = field(default_factory=list)
    waits: list[float | None] = field(default_factory=list)
    stop: Event = field(default_factory=Event)

    def wait(self, seconds: float | None) -> None:
        self.waits.append(seconds)
        self.now += seconds or 0
        if len(self.waits) > 50:
            self.stop.set()

    def run(self) -> None:
        self.starts.append(self.now - 100)
        if len(self.starts) >= self.limit:
            self.stop.set()
        self.now += self.takes.pop(0) if self.takes else 0

    def loop(self, interval: float = 60, on_start: bool = True, prompted: Prompting | None = None) -> Loop:
        what = prompted or Prompting(self.run)
        return Loop(what, self.stop, interval, on_start, clock=lambda: self.now, wait=self.wait)


def test_the_first_run_starts_at_once_and_the_others_one_interval_apart() -> None:
    world = World(takes=[5, 5])
    world.loop().forever()
    assert world.starts == [0, 60, 120]


def test_without_on_start_the_first_run_waits_one_interval() -> None:
    world = World(limit=2)
    world.loop(on_start=False).forever()
    assert world.starts == [60, 120]


def test_a_run_longer_than_the_interval_is_followed_at_once_and_missed_ticks_are_dropped() -> None:
    world = World(limit=4, takes=[200, 10])
    world.loop().forever()
    assert world.starts == [0, 200, 260, 320]


def test_an_interval_of_zero_audits_never() -> None:
    world = World()
    world.loop(interval=0).forever()
    assert (world.starts, world.waits) == ([], [None])


def test_only_a_leader_audits_and_it_begins_soon_after_it_was_elected() -> None:
    world = World(limit=1)
    replace(world.loop(), may_run=lambda: world.now >= 107.5).forever()
    assert world.starts == [8]


def test_a_stop_during_the_wait_ends_the_loop() -> None:
    world = World(limit=1)
    world.loop().forever()
    assert world.starts == [0]


def test_a_run_that_is_wanted_sooner_is_not_put_off_to_the_interval_and_the_next_one_is_a_whole_interval_later() -> (
    None
):
    world = World(takes=[1, 1, 1])
    wanted = [107.0]

    def taking() -> None:
        if world.now >= wanted[0]:
            wanted[0] = inf
        world.run()

    world.loop(interval=15, prompted=Prompting(taking, lambda: wanted[0])).forever()
    assert world.starts == [0, 7, 22]


def test_a_run_that_is_wanted_while_another_goes_on_follows_it() -> None:
    world = World(limit=2, takes=[30, 1])
    world.loop(prompted=Prompting(world.run, lambda: 105.0 if len(world.starts) == 1 else inf)).forever()
    assert world.starts == [0, 30]
