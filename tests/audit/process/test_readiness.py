"""When /readyz is not 200, and what it says then."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from audit.model import Ending, Outcome
from audit.process.readiness import Readiness


@dataclass
class World:
    """A clock, a leader or not, and a Lease that is refused or not."""

    now: float = 1000.0
    leads: bool = True
    refused: str = ""
    max_age: float = 300.0
    readiness: Readiness = field(init=False)

    def __post_init__(self) -> None:
        self.readiness = Readiness(lambda: self.leads, lambda: self.refused, self.max_age, lambda: self.now)

    def after(self, seconds: float) -> str:
        self.now += seconds
        return self.readiness.problem()


def test_a_replica_is_ready_before_its_first_run_but_not_for_ever() -> None:
    world = World()
    assert (world.after(0), world.after(300)) == ("", "")
    assert world.after(1) == "no audit came to its end in the last 301 s (--ready-max-age=300)"


@pytest.mark.parametrize("outcome", [Outcome.COMPLETE, Outcome.GAPS, Outcome.UNWRITTEN])
def test_a_run_that_came_to_its_end_makes_it_ready_again(outcome: Outcome) -> None:
    world = World()
    assert world.after(0) == ""
    assert world.after(400) != ""
    world.readiness.ended(Ending(outcome))
    assert (world.after(300), world.after(1) != "") == ("", True)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INTERRUPTED, Outcome.NOT_LEADER, Outcome.NO_POLICIES])
def test_a_run_that_did_not_come_to_its_end_counts_for_nothing_and_is_named(outcome: Outcome) -> None:
    world = World()
    assert world.after(0) == ""
    world.now += 250
    world.readiness.ended(Ending(outcome, "GET /api: 403"))
    text = world.after(60)
    assert text.endswith(f"the last run: {outcome.value}: GET /api: 403")
    assert "in the last 310 s" in text


def test_time_counts_from_the_first_run_where_nobody_asked_before() -> None:
    world = World()
    world.readiness.ended(Ending(Outcome.FAILED, "GET /api: 401"))
    assert (world.after(300), world.after(1) != "") == ("", True)


def test_one_that_waits_for_the_leader_is_ready_and_has_all_the_time_once_it_leads() -> None:
    world = World(leads=False)
    assert [world.after(1000) for _ in range(3)] == ["", "", ""]
    world.leads = True
    assert world.after(200) == ""
    assert world.after(200) != ""


def test_one_that_is_refused_the_lease_says_so() -> None:
    world = World(leads=False, refused="Lease ns/audit is refused: 403")
    assert world.after(0) == "Lease ns/audit is refused: 403"


def test_without_a_limit_only_the_lease_counts() -> None:
    world = World(max_age=0)
    assert world.after(1_000_000) == ""
