"""Python's garbage collector rests while a run goes on, and memory stays flat all the same."""

from __future__ import annotations

import gc
import io
import logging
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from builders import record, summary
from saying import PODS, engine, pod

from audit.logs.streams import LineFormatter, LineHandler
from audit.metrics.registry import Metrics
from audit.model import Lost, Page
from audit.process.garbage import EVERY, Garbage
from audit.reviewing import Rules
from audit.run import Past, Prepared, Work, run
from audit.settings.config import LogConfig
from audit.sinks.log import LogSink
from audit.sinks.metrics import MetricsSink
from audit.sinks.status import StatusSink
from constraints import Engine


@contextmanager
def counted() -> Iterator[list[int]]:
    """The generations that are collected while the block lasts."""
    seen: list[int] = []

    def count(phase: str, info: dict[str, Any]) -> None:
        if phase == "start":
            seen.append(info["generation"])

    gc.callbacks.append(count)
    try:
        yield seen
    finally:
        gc.callbacks.remove(count)


def cycles(number: int) -> None:
    for _ in range(number):
        around: list[Any] = []
        around.append(around)


def test_nothing_is_collected_in_a_run_and_everything_new_between_two() -> None:
    garbage = Garbage()
    with garbage.resting(()), counted() as within:
        cycles(5000)
    with counted() as between, garbage.resting(()):
        pass
    assert (within, between, gc.isenabled()) == ([], [2], True)


def test_a_run_that_fails_does_not_leave_the_collector_off() -> None:
    with pytest.raises(KeyError), Garbage().resting(()):
        raise KeyError
    assert gc.isenabled()


def alive() -> int:
    return len(gc.get_objects()) + gc.get_freeze_count()


class Cluster:
    """Pods on several pages, half of them in violation, and one at which the policy crashes."""

    def pages(self) -> Iterator[Page]:
        for number in range(3):
            named = [pod(f"p{number}-{at}", ["x"] * (at % 2)) for at in range(20)]
            yield Page(PODS, [*named, pod("crash", "crash"), pod("fail", "fail")])


def runs(garbage: Garbage, number: int, made: Engine | None = None) -> Iterator[int]:
    """How many objects are alive after each run; without an engine each run has one of its own."""
    logger, handler, past, metrics = logging.Logger("controller"), LineHandler(io.StringIO()), Past(), Metrics()
    handler.setFormatter(LineFormatter(LogConfig()))
    logger.addHandler(handler)
    sinks = (StatusSink(lambda place, body: None, parallel=1), MetricsSink(metrics), LogSink(logger))
    enforced: tuple[Any, ...] = ()
    gc.unfreeze()
    gc.collect()  # what earlier tests have left is not counted
    for _ in range(number):
        with garbage.resting(enforced):
            of = made or engine()
            prepared = Prepared(Work(Cluster(), Rules(of), Lost), tuple(map(record, of.constraints.values())))
            done = run(lambda prepared=prepared: prepared, sinks, summary(), past, lambda: None)  # type: ignore[misc]
            enforced = done.constraints
            cycles(50)
        yield alive()


MANY = pytest.mark.parametrize("number", [8, pytest.param(200, marks=pytest.mark.slow)])


@MANY
def test_memory_stays_flat_over_many_runs(number: int) -> None:
    after = list(runs(Garbage(), number, engine()))
    assert abs(after[-1] - after[4]) < 50


@MANY
def test_policies_that_are_replaced_in_each_run_do_not_pile_up(number: int) -> None:
    after = list(runs(Garbage(), number))
    assert abs(after[-1] - after[4]) < 200


class Node:
    """Something that may be a part of a cycle."""

    other: Node


def test_what_was_alive_at_a_collection_and_became_a_cycle_later_is_found_in_the_end() -> None:
    garbage, node = Garbage(), Node()
    watched = weakref.ref(node)
    for number in range(EVERY + 1):
        with garbage.resting(()):
            pass
        if number == 2:
            node.other = node
            del node
    assert watched() is None
