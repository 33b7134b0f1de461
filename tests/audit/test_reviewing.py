"""A page and its rules are all that a review takes, in this process or in another one."""

from __future__ import annotations

import io
import logging
import pickle
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from typing import Any

import pytest
from builders import summary
from policybuilders import constraint, template
from prometheus_client import generate_latest
from saying import PODS, engine, pod

from audit.demo import sample_objects
from audit.errors import OtherVersion
from audit.exclusion import Exclusion
from audit.hooks.engines import DEFAULTS, EngineOptions, empty_engine
from audit.hooks.timekeeping import TimeLimits
from audit.logs.streams import LineFormatter, LineHandler
from audit.metrics.registry import Metrics
from audit.model import ConstraintRecord, Lost, Page, Resource
from audit.reviewing import Rules, review_page, unknown_namespaces
from audit.run import Past, Prepared, Work, run
from audit.settings.config import LogConfig
from audit.sinks.log import LogSink
from audit.sinks.metrics import MetricsSink
from audit.sinks.status import StatusSink
from audit.verdicts import Reviewed, Verdict, received
from constraints import Engine, Inventory, Kind
from constraints.review import review_of
from constraints.timing import Untimed

PODS_ONLY = {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}
NODES_ONLY = {"kinds": [{"apiGroups": [""], "kinds": ["Node"]}]}
SELECTING = {"namespaceSelector": {"matchLabels": {"team": "a"}}}


def test_there_is_a_verdict_for_each_object_that_some_constraint_matched() -> None:
    page = Page(PODS, [pod("a", ["one"]), pod("b"), pod("c", namespace="left-out")])
    reviewed = review_page(page, Rules(engine(PODS_ONLY, NODES_ONLY), Exclusion(("left-*",))))
    broken, clean = reviewed.verdicts
    assert (broken.object.name, [v.message for v in broken.violations], broken.passed) == ("a", ["one"], ())
    assert (clean.object.name, clean.violations, clean.passed) == ("b", (), ("K8sSay/say-0",))
    assert (reviewed.objects, reviewed.excluded) == (3, 1)
    assert review_page(page, Rules(engine(NODES_ONLY))).verdicts == ()


def test_of_the_objects_without_a_verdict_those_that_are_left_out_come_first() -> None:
    page = Page(PODS, [pod("a"), pod("b", namespace="left-out"), pod("c"), pod("d", namespace="left-out")])
    reviewed = review_page(page, Rules(engine(NODES_ONLY), Exclusion(("left-*",))))
    assert [other.split("\0")[1] for other in reviewed.others] == ["b", "d", "a", "c"]


def test_a_failure_is_a_gap_of_the_verdict_and_no_pass() -> None:
    [verdict] = review_page(Page(PODS, [pod("a", "crash")]), Rules(engine())).verdicts
    assert ([gap.policy for gap in verdict.gaps], verdict.passed) == (["K8sSay/say-0"], ())


def test_what_was_not_asked_is_no_pass() -> None:
    spent = engine(PODS_ONLY, {}, timekeeper=Untimed(spent={"K8sSay/say-1"}))
    reviewed = review_page(Page(PODS, [pod("a"), pod("b")]), Rules(spent))
    assert reviewed.passes() == {"K8sSay/say-0": 2}
    assert [gap.policy for gap in reviewed.unfinished] == ["K8sSay/say-1"]
    assert review_page(Page(PODS, [pod("a")]), Rules(spent)).unfinished != ()


def test_the_namespaces_that_have_to_be_read_first_are_those_on_which_answers_depend() -> None:
    pods = [pod("a"), pod("b", namespace="known"), pod("c", namespace=""), pod("d", namespace="out"), pod("e")]
    page, known = Page(PODS, pods), {"known": {"metadata": {"name": "known"}}}
    assert unknown_namespaces(page, Rules(engine(SELECTING), Exclusion(("out",)), known)) == ["ns"]
    assert unknown_namespaces(page, Rules(engine(NODES_ONLY | SELECTING), namespaces=known)) == []


def test_a_namespace_that_is_lost_makes_gaps() -> None:
    rules = Rules(engine(SELECTING), namespaces={"ns": Lost("no right")})
    [verdict] = review_page(Page(PODS, [pod("a", ["one"])]), rules).verdicts
    assert [(gap.reason, gap.namespace) for gap in verdict.gaps] == [("NamespaceUnknown", "ns")]


def test_rules_of_another_version_are_refused_before_they_are_read() -> None:
    of, (inner, _, _) = Rules(engine()).__reduce__()
    with pytest.raises(OtherVersion, match=r"of kube-patrol 0\.0"):
        of(inner, "0.0", b"whatever")
    assert of is received


SAMPLES = sample_objects()
POLICIES = [item for item in SAMPLES if "gatekeeper.sh" in item["apiVersion"]]
OBJECTS = [item for item in SAMPLES if item not in POLICIES]


def sample_rules(**status: Any) -> Rules:
    made = empty_engine()
    for item in POLICIES:
        if item["kind"] == "ConstraintTemplate":
            made.add_template(item)
    for item in POLICIES:
        if item["apiVersion"].startswith("constraints."):
            made.add_constraint(item | {"status": status} if status else item)
    namespaces = {item["metadata"]["name"]: item for item in OBJECTS if item["kind"] == "Namespace"}
    return Rules(made, namespaces=namespaces, inventory=Inventory.of(OBJECTS), empty=partial(empty_engine, DEFAULTS))


def test_an_engine_is_made_once_in_a_process_whatever_was_written_into_the_statuses_of_policies() -> None:
    first: Rules = pickle.loads(pickle.dumps(sample_rules()))
    again: Rules = pickle.loads(pickle.dumps(sample_rules(totalViolations=7)))
    assert first.engine is again.engine
    fewer = sample_rules()
    fewer.engine.remove_constraint(next(iter(fewer.engine.constraints)))
    assert pickle.loads(pickle.dumps(fewer)).engine is not first.engine


class Samples:
    """The sample objects, page by page."""

    def pages(self) -> Iterator[Page]:
        for kind in dict.fromkeys((item["apiVersion"], item["kind"]) for item in OBJECTS):
            found = [item for item in OBJECTS if (item["apiVersion"], item["kind"]) == kind]
            yield Page(Resource(Kind.of(*kind), kind[1].lower(), True), found)


def records(of: Engine) -> tuple[ConstraintRecord, ...]:
    group = "constraints.gatekeeper.sh"
    return tuple(
        ConstraintRecord(each.obj, each, Resource(Kind(group, "v1beta1", each.kind), each.kind.lower(), False))
        for each in of.constraints.values()
    )


def told(review: Callable[[Page, Rules], Reviewed]) -> tuple[list[Any], list[str], list[str]]:
    """The statuses, log lines and metrics of a run, byte for byte but for what tells of time."""
    rules, stream, metrics = sample_rules(), io.StringIO(), Metrics()
    statuses: list[Any] = []
    logger, handler = logging.Logger("controller"), LineHandler(stream)
    handler.setFormatter(LineFormatter(LogConfig()))
    logger.addHandler(handler)
    sinks = (
        StatusSink(lambda place, body: statuses.append((place, body)), parallel=1),
        MetricsSink(metrics),
        LogSink(logger),
    )
    work = Work(Samples(), rules, lambda name: Lost("nobody knows"), review=review)
    run(lambda: Prepared(work, records(rules.engine)), sinks, summary(), Past(), lambda: None)
    lines = [re.sub(r'"(ts|duration)":[^,}]*', r'"\1":', line) for line in stream.getvalue().splitlines()]
    rows = generate_latest(metrics.registry).decode().splitlines()
    return (
        statuses,
        lines,
        [row for row in rows if "process_" not in row and "time" not in row and "seconds" not in row],
    )


def test_a_run_over_what_another_process_has_reviewed_tells_the_same() -> None:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        here = told(review_page)
        there = told(lambda page, rules: pool.submit(review_page, page, rules).result())
    assert here == there
    statuses, lines, metrics = here
    assert (len(statuses) > 3, len([line for line in lines if '"violation_audited"' in line]) > 10) == (True, True)
    assert len([row for row in metrics if row.startswith("kube_patrol_violations{")]) > 3


RUNAWAY = """package runaway
violation[{"msg": msg}] {
  input.review.object.metadata.name == "runs-away"
  count([1 | numbers.range(1, 90000)[_]; numbers.range(1, 90000)[_]]) > 0
  msg := "never"
}
violation[{"msg": msg}] { msg := input.review.object.metadata.name }
"""
IMPATIENT = EngineOptions(budget=10**15, limits=TimeLimits(evaluation=0.1, policy=0.3))


def runaways(number: int) -> tuple[Page, Rules]:
    """So many objects for which a policy comes to no end, and one for which it does, as a run holds them against it."""
    made = empty_engine(IMPATIENT)
    made.add_template(template("Runaway", RUNAWAY))
    made.add_constraint(constraint("one", "Runaway"))
    page = Page(PODS, [pod("fine"), *[pod("runs-away", namespace=f"ns{at}") for at in range(number)]])
    return page, Rules(made, empty=partial(empty_engine, IMPATIENT), run="this one")


def test_a_policy_that_runs_away_is_ended_in_another_process_as_it_is_here() -> None:
    page, rules = runaways(1)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        there = pool.submit(review_page, page, rules).result()
    found = [[(each.message, each.error) for each in one.violations] for one in there.verdicts]
    assert found == [[("fine", False)], [("the evaluation needs more time than it is given", True)]]
    here = review_page(page, rules)
    assert [[(each.message, each.error) for each in one.violations] for one in here.verdicts] == found


def test_a_policy_has_its_time_once_in_a_run_however_many_pages_it_has() -> None:
    page, rules = runaways(2)
    read: Rules = pickle.loads(pickle.dumps(rules))
    for each in (rules, read):
        reviewed = [review_page(page, each) for _ in range(4)]
        assert [gap.reason for gap in reviewed[-1].unfinished] == ["EvaluationTimeout"]
        assert (reviewed[0].unfinished, reviewed[-1].passes()) == ((), {})
        again = review_page(Page(PODS, page.objects[:1]), replace(each, run="the next one"))
        assert [violation.message for violation in again.violations()] == ["fine"]


def test_a_verdict_of_another_process_is_equal_but_for_whose_constraint_it_names() -> None:
    page = Page(PODS, [pod("a"), pod("b")])
    sent: Reviewed = pickle.loads(pickle.dumps(review_page(page, Rules(engine()))))
    assert sent.verdicts == tuple(
        Verdict(each.object, None, each.matched) for each in review_page(page, Rules(engine())).verdicts
    )


def test_what_a_page_has_left_that_ended_in_a_mistake_is_not_said_of_the_next() -> None:
    spent = engine(timekeeper=Untimed(spent={"K8sSay/say-0"}))
    rules = Rules(spent)
    spent.askable(spent.matching(review_of(pod("a"))))
    assert review_page(Page(PODS, []), rules).unfinished == ()
