"""An evaluation that takes too long is ended wherever it is; nobody else is, and the engine goes on as if nothing had
been.
"""

from __future__ import annotations

import gc
import itertools
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import pytest
from answering import Answer, Answering

from audit.aggregate import Summary
from audit.hooks.timekeeping import TimeLimits, Watchdog, is_untouchable
from audit.model import Page, Resource, RunInfo
from audit.reviewing import Rules
from audit.run import Past, Prepared, Work, run
from constraints import Engine, Gap, Inventory, Kind, Review, Violation
from constraints.drivers.rego import RegoDriver
from constraints.model import Finding, Json
from constraints.rego.builtins import BUILTINS
from constraints.rego.policy import Settings
from constraints.review import review_of
from constraints.timing import OutOfTime, Timekeeper, Untimed

NO_TIME = "the evaluation needs more time than it is given"
SHORT = TimeLimits(evaluation=0.05, policy=0)
TraceFunction = Callable[[FrameType, str, Any], Any]


def filled(engine: Engine, *rego: str) -> Engine:
    for number, text in enumerate(rego):
        names = {"kind": f"K{number}"}
        targets = [
            {
                "target": "admission.k8s.gatekeeper.sh",
                "code": [{"engine": "Rego", "source": {"rego": text, "version": "v1"}}],
            }
        ]
        engine.add_template(
            {
                "apiVersion": "templates.gatekeeper.sh/v1",
                "kind": "ConstraintTemplate",
                "metadata": {"name": f"k{number}"},
                "spec": {"crd": {"spec": {"names": names}}, "targets": targets},
            }
        )
        engine.add_constraint(
            {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "metadata": {"name": "c"}, "spec": {}, **names}
        )
    return engine


def asked(watchdog: Watchdog, program: Answer) -> Engine:
    return filled(Engine(drivers={"Rego": Answering(program)}, timekeeper=watchdog), "package p")


def pod(number: int = 0) -> Review:
    spec = {"list": [{"n": n, "s": str(n)} for n in range(20)], "n": 1}
    return review_of({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{number}"}, "spec": spec}, None)


def said(engine: Engine, review: Review) -> list[str]:
    return [one.message for one in engine.review(review)]


def for_ever(review: Mapping[str, Json], inventory: Inventory) -> Iterable[Finding]:
    while True:
        pass


def stubborn(review: Mapping[str, Json], inventory: Inventory) -> Iterable[Finding]:
    while True:
        try:
            for_ever(review, inventory)
        except Exception as error:
            raise AssertionError from error


def in_generators(review: Mapping[str, Json], inventory: Inventory) -> Iterable[Finding]:
    return sorted((sum(range(n % 10)) for n in itertools.count()), key=str)  # type: ignore[return-value]


@pytest.mark.parametrize("program", [for_ever, stubborn, in_generators], ids=lambda program: program.__name__)
def test_an_evaluation_without_an_end_is_a_violation_for_that_object(program: Answer) -> None:
    watchdog = Watchdog(SHORT)
    with watchdog.watching():
        (found,) = asked(watchdog, program).review(pod())
    assert isinstance(found, Violation)
    assert (found.message, found.details, found.error) == (NO_TIME, None, True)


def test_what_swallows_the_call_is_called_again() -> None:
    swallowed = []

    def program(review: Mapping[str, Json], inventory: Inventory) -> Iterable[Finding]:
        while not swallowed:
            try:
                for_ever(review, inventory)
            except BaseException as error:
                swallowed.append(error)
        return for_ever(review, inventory)

    watchdog = Watchdog(TimeLimits(evaluation=0.05, policy=0, again=0.1))
    with watchdog.watching():
        assert said(asked(watchdog, program), pod()) == [NO_TIME]
    assert len(swallowed) == 1


ENDLESS = """package p
violation contains {"msg": "m"} if {
  input.review.object.metadata.name == "p1"
  count([1 | some _ in numbers.range(1, 90000); some _ in numbers.range(1, 90000)]) > 0
}
"""


def test_other_policies_and_objects_go_on() -> None:
    plain = 'package q\nviolation contains {"msg": input.review.object.metadata.name}'
    watchdog = Watchdog(SHORT)
    driver = RegoDriver(Settings(BUILTINS, budget=10**15))
    engine = filled(Engine(drivers={"Rego": driver}, timekeeper=watchdog), ENDLESS, plain)
    with watchdog.watching():
        assert [said(engine, pod(number)) for number in range(3)] == [["p0"], [NO_TIME, "p1"], ["p2"]]


def test_a_thread_that_waits_uses_no_time() -> None:
    def program(review: Mapping[str, Json], inventory: Inventory) -> Iterable[Finding]:
        time.sleep(0.3)
        return [Finding("waited")]

    watchdog = Watchdog(SHORT)
    with watchdog.watching():
        assert said(asked(watchdog, program), pod()) == ["waited"]


def test_without_a_limit_nobody_watches() -> None:
    watchdog = Watchdog(TimeLimits(0, 0))
    before = threading.active_count()
    with watchdog.watching():
        assert threading.active_count() == before


def test_many_evaluations_just_below_the_limit_are_not_ended() -> None:
    def program(review: Mapping[str, Json], inventory: Inventory) -> Iterable[Finding]:
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass
        return []

    watchdog = Watchdog(SHORT)
    engine = asked(watchdog, program)
    with watchdog.watching():
        assert [said(engine, pod(number)) for number in range(20)] == [[]] * 20


def test_a_constraint_that_used_up_its_time_of_a_run_is_a_gap_and_has_it_again_in_the_next_run() -> None:
    watchdog = Watchdog(TimeLimits(evaluation=0.05, policy=0.2))
    engine = asked(watchdog, for_ever)
    for _ in range(2):
        with watchdog.watching():
            found = [said(engine, pod(number)) for number in range(60)]
        assert (found[0], found[-1]) == ([NO_TIME], [])
        assert [(gap.reason, gap.policy, gap.object) for gap in engine.unfinished()] == [
            ("EvaluationTimeout", "K0/c", None)
        ]
    with watchdog.watching():
        assert said(engine, pod()) == [NO_TIME]
    assert engine.unfinished() == []


def test_nothing_is_interrupted_in_what_hears_of_the_garbage_collector() -> None:
    found: list[bool] = []

    def hear(phase: str, info: dict[str, int]) -> None:
        found.append(is_untouchable(sys._getframe()))

    gc.callbacks.append(hear)
    try:
        gc.collect()
    finally:
        gc.callbacks.remove(hear)
    assert (found, is_untouchable(sys._getframe())) == ([True, True], False)


RICH = """package p
f(x) := y if { y := sprintf("%v-%v", [x, count(data.inventory)]) }
g(x) := concat("", sort([f(x), f(x)]))
seen[k] := v if { some k, v in input.review.object.spec.list[0] }
members contains x.s if { some x in input.review.object.spec.list }
violation contains {"msg": msg, "details": {"d": d}} if {
  some x in input.review.object.spec.list
  x.n % 10 == 3
  x.n < 20
  g(x.s) != "q"
  d := object.union({"a": [x, members]}, seen)
  regex.match("^[0-9]+$", x.s)
  not {"n": 77} == x
  y := {"spec": {"n": 5}} 
  z := json.marshal(d) with input.review.object as y
  msg := sprintf("%v %v %v", [g(x.s), json.marshal(d), count(z)])
}
"""


def test_an_evaluation_that_was_ended_at_any_line_leaves_nothing_behind() -> None:
    inventory = Inventory.of([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}])
    wanted = _whole(filled(Engine(drivers={"Rego": RegoDriver()}), RICH), inventory)
    assert len(wanted) == 2
    timekeeper = Untimed()
    engine = filled(Engine(drivers={"Rego": RegoDriver()}, timekeeper=timekeeper), RICH)
    for line in itertools.count(1, 211):
        with ending_at(line, timekeeper):
            found = _whole(engine, inventory)
        if found == wanted:
            break
        assert found == [(NO_TIME, None)]
        assert _whole(engine, inventory) == wanted
    assert line > 2000


@contextmanager
def ending_at(line: int, timekeeper: Timekeeper) -> Iterator[None]:
    """OutOfTime is raised at so many lines of Python after the beginning of an evaluation."""
    lines = itertools.count(1)

    def trace(frame: FrameType, event: str, argument: object) -> TraceFunction:
        if timekeeper.running is not None and frame.f_code.co_name != "_asked" and next(lines) == line:
            raise OutOfTime
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def _whole(engine: Engine, inventory: Inventory) -> list[Any]:
    return [(one.message, one.details) for one in engine.review(pod(), inventory) if not isinstance(one, Gap)]


def test_a_run_says_which_constraint_used_up_its_time_and_goes_on_with_the_others() -> None:
    watchdog = Watchdog(TimeLimits(evaluation=0.05, policy=0.1))
    driver = RegoDriver(Settings(BUILTINS, budget=10**15))
    engine = filled(
        Engine(drivers={"Rego": driver}, timekeeper=watchdog), ENDLESS, 'package q\nviolation contains {"msg": "m"}'
    )
    page = Page(Resource(Kind("", "v1", "Pod"), "pods", True), [pod(1).object] * 30)
    work = Work(Given([page]), Rules(engine), lambda name: {})
    with watchdog.watching():
        summary = run(lambda: Prepared(work), [], Summary(RunInfo.at(0.0), 20), Past(), lambda: None)
    assert [(gap.reason, gap.policy) for gap in summary.gaps] == [("EvaluationTimeout", "K0/c")]
    assert summary.totals["K1/c"] == 30
    assert summary.errors["K0/c"] < 30


@dataclass
class Given:
    """A source that gives prepared items."""

    items: list[Page]

    def pages(self) -> Iterator[Page]:
        yield from self.items
