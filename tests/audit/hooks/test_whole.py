"""The protocols of drivers are whole: whoever stands in front of a driver has, and says, all that the driver does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from audit.gator.stats import Meter
from audit.hooks.compiling import TimedDriver
from audit.hooks.depths import DeepDriver
from constraints.drivers import ENGINES, Driver, Policy, Program, make_drivers
from constraints.inventory import EMPTY
from constraints.model import CEL, REGO

SOURCES: Mapping[str, Mapping[str, Any]] = {
    REGO: {
        "rego": 'package p\nviolation[{"msg": msg}] { input.review.userInfo.username != input.parameters.name; '
        "msg := input.review.object.metadata.name }"
    },
    CEL: {"validations": [{"expression": "request.userInfo.username == variables.params.name", "message": "wrong"}]},
}
REVIEW = {"object": {"metadata": {"name": "a"}}, "userInfo": {"username": "b"}}


def metered(driver: Driver) -> Driver:
    """Behind the statistics of `patrol test`."""
    return Meter().drivers({driver.engine: driver})[driver.engine]


WRAPPED: Mapping[str, Callable[[Driver], Driver]] = {
    "by itself": lambda driver: driver,
    "timed": lambda driver: TimedDriver(driver, 60),
    "deep": DeepDriver,
    "metered": metered,
    "behind all of them": lambda driver: metered(DeepDriver(TimedDriver(driver, 60))),
}


def lacking(found: object, protocol: type) -> set[str]:
    """What a protocol has and the object has not."""
    wanted = {name for name in vars(protocol) if not name.startswith("_") or name == "__call__"}
    return {name for name in wanted if not hasattr(found, name)}


def told(driver: Driver) -> list[Any]:
    """All that a driver, its policy and its program say."""
    policy = driver.compile("Probe", SOURCES[driver.engine])
    program = policy.program({"name": "c"})
    assert [lacking(driver, Driver), lacking(policy, Policy), lacking(program, Program)] == [set(), set(), set()]
    found = program(REVIEW, EMPTY)
    assert len(found) == 1
    return [driver.engine, policy.integers, list(policy.admission_fields), program.reads, found, program.explain()]


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_driver_says_the_same_whoever_stands_in_front_of_it(engine: str, wrapped: Callable[[Driver], Driver]) -> None:
    said = told(wrapped(make_drivers()[engine]))
    assert said == told(make_drivers()[engine])
    assert said[0] == engine
    assert said[1] is (engine == CEL)
    assert [one.field.rpartition(".")[2] for one in said[2]] == ["userInfo"]
    assert bool(said[5]) is (engine == REGO)


def test_a_policy_that_only_a_large_stack_holds_is_whole_too() -> None:
    deep = "[" * 1_000 + "input.review.userInfo" + "]" * 1_000
    code = {"rego": f'package p\nviolation[{{"msg": msg}}] {{ x := {deep}; count(x) == 1; msg := "deep" }}'}
    policy = metered(DeepDriver(TimedDriver(make_drivers()[REGO], 60))).compile("Probe", code)
    program = policy.program({})
    assert (lacking(policy, Policy), lacking(program, Program)) == (set(), set())
    assert (policy.integers, program.reads) == (False, frozenset({("userInfo",)}))
    assert [one.field for one in policy.admission_fields] == ["input.review.userInfo"]
    assert [finding.message for finding in program(REVIEW, EMPTY)] == ["deep"]
    assert "# template:2: " in program.explain()


def test_there_is_one_driver_for_each_engine_and_it_goes_by_its_name() -> None:
    assert [driver.engine for driver in make_drivers().values()] == [*ENGINES]
