"""What a policy costs to compile grows with its text, and no faster; large ones are answered as small ones are."""

from __future__ import annotations

from cProfile import Profile

import pytest
from largemodules import REVIEW, modules

from constraints.drivers.rego import ConstraintProgram, RegoDriver
from constraints.inventory import EMPTY

SCALES = [(10, 30), (80, 40)]  # parts of the smallest policy, and steps to larger ones; bodies are cut from 60 on
LARGE = 120
SLACK = 300  # calls, for what happens by chance
NAMES = [name for name, _, _ in modules(6)]


def compiled(rego: str) -> ConstraintProgram:
    """The program of a policy of v0 without parameters."""
    return RegoDriver().compile("K", {"rego": rego}).program({})


def text(name: str, n: int) -> str:
    """The module of a shape."""
    return next(rego for found, rego, _ in modules(n) if found == name)


def work(rego: str) -> int:
    """How many functions are called to compile a policy."""
    profile = Profile()
    profile.runcall(compiled, rego)
    return sum(row.callcount for row in profile.getstats())


def grows_evenly(name: str, start: int, step: int) -> bool:
    """Whether two steps more take about twice as much as one."""
    small, middle, large = (work(text(name, n)) for n in (start, start + step, start + 3 * step))
    return large - middle < 3 * (middle - small) + SLACK  # 2 where it is linear, over 4 where it is quadratic


@pytest.mark.parametrize("name", NAMES)
def test_twice_as_much_of_a_policy_takes_twice_the_work(name: str) -> None:
    compiled(text(name, 10))  # what is done once in a process
    assert any(grows_evenly(name, *scale) for scale in SCALES)


@pytest.mark.parametrize("name", NAMES)
def test_large_policies_are_answered(name: str) -> None:
    rego, messages = next((rego, messages) for found, rego, messages in modules(LARGE) if found == name)
    assert [finding.message for finding in compiled(rego)(REVIEW, EMPTY)] == messages
