"""Policy reports that others write, edit or delete, and servers that do not take them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from builders import POD, record, summary
from reporttrials import FAILS, ONE, PASSES, TWO, Trial, broken, foreign, pod, timeless, uid, verdict
from storedreports import nothing, status

from audit.errors import AuditError
from audit.kube.request import Reply, Request
from audit.ledger import NO_CHANGES
from audit.model import RunInfo
from audit.reports.names import UID
from audit.reports.writing import Rate
from audit.sinks.guard import GuardedSink
from audit.verdicts import Reviewed
from constraints import Cause


def test_a_report_of_another_engine_is_never_touched_and_the_cure_is_told() -> None:
    trial = Trial(naming=UID)
    trial.server.put("policyreports", foreign(uid(1)))
    trial.server.put("policyreports", foreign("polr-ns-default"))
    before = deepcopy(trial.server.objects)
    with pytest.raises(AuditError, match=f"ns/{uid(1)}; --policy-report-names=prefixed"):
        trial.run(FAILS)
    assert trial.server.objects == before
    with pytest.raises(AuditError):
        trial.run(FAILS)
    assert trial.server.writes() == 0
    trial.server.objects.clear()
    trial.run(FAILS)
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}


def test_of_many_names_that_are_taken_each_run_looks_at_a_few_and_finds_those_that_are_free() -> None:
    trial, objects = Trial(naming=UID), {pod(number): [(ONE.key, "bad")] for number in range(50)}
    for number in range(50):
        trial.server.put("policyreports", foreign(uid(number)))
    with pytest.raises(AuditError, match="reports of 50 objects have the name"):
        trial.run(objects)
    trial.server.verbs()
    with pytest.raises(AuditError, match="reports of 50 objects have the name"):
        trial.run(objects)
    assert trial.server.verbs() == {"list": 2, "get": 20}
    trial.server.objects.clear()
    for _ in range(10):
        with suppress(AuditError):
            trial.run(objects)
    assert len(trial.server.objects) == 50


def test_our_label_alone_makes_a_report_not_ours() -> None:
    trial = Trial()
    trial.server.put("policyreports", foreign("by-hand", **{"app.kubernetes.io/managed-by": "kube-patrol"}))
    before = deepcopy(trial.server.objects)
    assert trial.run({}) == 0
    assert trial.server.objects == before


def test_what_somebody_else_adds_to_a_report_of_ours_stays() -> None:
    trial = Trial()
    trial.run(FAILS)
    [obj] = trial.server.objects.values()
    obj["metadata"]["labels"]["team"] = "a"
    obj["metadata"]["annotations"] = {"note": "seen"}
    trial.server.put("policyreports", obj)
    assert trial.run(FAILS) == 0
    trial.run(PASSES)
    assert trial.report()["metadata"]["labels"]["team"] == "a"
    assert trial.report()["metadata"]["annotations"] == {"note": "seen"}


EDITS = [
    {"summary": {"pass": 9, "fail": 0, "warn": 0, "error": 0, "skip": 0}},
    {"results": []},
    {"results": [{"policy": "one", "rule": "K8sTest", "result": "pass"}]},
    {"scope": {"kind": "Pod", "name": "other"}},
    {"scope": {}},
    {"summary": None, "results": None, "scope": None},
]
SELECTOR = {"scopeSelector": {"matchLabels": {"a": "b"}}}  # a new process reads results, numbers, scope and owner only


@pytest.mark.parametrize(
    ("edit", "restarts"), [(each, restarts) for each in EDITS for restarts in (False, True)] + [(SELECTOR, False)]
)
def test_a_report_that_somebody_edits_says_what_is_true_after_the_next_run(edit: Any, restarts: bool) -> None:
    trial = Trial()
    trial.run(FAILS)
    true = timeless(trial)
    [obj] = trial.server.objects.values()
    obj |= edit
    trial.server.put("policyreports", obj)
    if restarts:
        trial.restart()
    trial.run(FAILS)
    assert timeless(trial) == true
    assert trial.run(FAILS) == 0


def test_a_report_that_somebody_deletes_comes_back() -> None:
    trial = Trial()
    trial.run(FAILS)
    trial.server.objects.clear()
    assert trial.run(FAILS) == 1
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}


@dataclass
class InTheWay:
    """Answers the first `times` requests of a verb with `reply`, and calls `also` with each."""

    verb: str
    reply: Reply | None
    times: int = 1
    also: Any = None

    def __call__(self, request: Request) -> Reply | None:
        if request.verb != self.verb or not self.times:
            return None
        self.times -= 1
        if self.also:
            self.also(request)
        return self.reply


def test_somebody_who_is_faster_is_not_written_over() -> None:
    trial = Trial()
    trial.run(FAILS)

    def label(request: Request) -> None:
        [obj] = trial.server.objects.values()
        obj["metadata"]["labels"]["team"] = "a"
        trial.server.put("policyreports", obj)

    trial.server.before = InTheWay("patch", None, also=label)
    assert trial.run(PASSES) == 2  # the first one is a conflict
    assert trial.said() == {"p1": [("one", "pass", ""), ("two", "pass", "")]}
    assert trial.report()["metadata"]["labels"]["team"] == "a"


def test_one_that_is_somebody_elses_by_now_is_left_alone() -> None:
    trial = Trial()
    trial.run(FAILS)

    def take(request: Request) -> None:
        [obj] = trial.server.objects.values()
        obj["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "kyverno"}
        trial.server.put("policyreports", obj)

    trial.server.before = InTheWay("delete", None, also=take)
    with pytest.raises(AuditError, match="not ours"):
        trial.run({})
    assert len(trial.server.objects) == 1


def test_a_server_that_asks_to_wait_is_waited_for() -> None:
    trial = Trial()
    trial.server.before = InTheWay("create", status(429, "TooManyRequests", "slow down", **{"retry-after": "1"}), 2)
    trial.run(FAILS)
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}


def test_a_creation_whose_answer_is_lost_is_found_out() -> None:
    trial = Trial()

    def make(request: Request) -> None:
        trial.server.put("policyreports", json.loads(request.body or b""))

    trial.server.before = InTheWay("create", status(500, "InternalError", "lost"), also=make)
    trial.run(FAILS)
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}


@pytest.mark.parametrize(
    ("code", "reason", "cure"),
    [
        (404, "NotFound", r"manifests/optional/crds-wgpolicyk8s\.io\.yaml"),
        (403, "Forbidden", r"allow this account to .* manifests/optional/reports\.yaml"),
    ],
)
def test_what_is_missing_is_a_gap_that_names_the_cure(code: int, reason: str, cure: str) -> None:
    trial = Trial()
    trial.server.before = InTheWay("list", status(code, reason, "no"), 99)
    sink = GuardedSink(trial.sink)
    sink.start(RunInfo.at(0))
    sink.page(Reviewed(POD, (verdict(pod(1), [(ONE.key, "bad")]),), 1))
    [gap] = sink.finish(summary(record(ONE)), NO_CHANGES)
    assert (gap.cause, gap.reason) == (Cause.SINK, reason)
    assert re.search(cure, gap.message)
    trial.server.before = nothing
    trial.run(FAILS)
    assert len(trial.server.reports()) == 1


def test_what_became_of_reports_is_counted() -> None:
    trial = Trial()
    trial.run(FAILS)
    trial.run(FAILS)
    trial.run(PASSES)
    trial.run({})
    assert trial.fates == {("created",): 1, ("updated",): 1, ("removed",): 1}


def test_without_the_right_to_write_one_is_tried_and_the_right_is_named() -> None:
    trial = Trial()
    trial.server.before = InTheWay("create", status(403, "Forbidden", "cannot create"), 99)
    objects = {pod(number): [(ONE.key, "bad")] for number in range(50)}
    with pytest.raises(AuditError, match=r"the reports of 50 objects could not be written: .*reports\.yaml"):
        trial.run(objects)
    assert trial.server.writes() <= 4
    trial.server.before = nothing
    assert trial.run(objects) == 50


def test_a_namespace_that_is_going_takes_its_reports_along() -> None:
    trial = Trial()
    why = "unable to create new content in namespace ns because it is being terminated"
    trial.server.before = InTheWay("create", status(403, "Forbidden", why), 99)
    trial.run(FAILS)
    assert trial.said() == {}


def test_a_server_that_answers_nothing_is_given_up_soon() -> None:
    trial = Trial()
    trial.server.before = InTheWay("create", status(500, "InternalError", "broken"), 10_000)
    objects = {pod(number): [(ONE.key, "bad")] for number in range(50)}
    with pytest.raises(AuditError, match="broken"):
        trial.run(objects)
    trial.server.before = nothing
    assert trial.run(objects) == 50


def test_results_that_no_run_can_see_again_end_with_their_time_to_live() -> None:
    trial = Trial(ttl=600)
    trial.run({**FAILS, pod(2): [(ONE.key, "bad")]})
    records = [broken(ONE), record(TWO)]
    seen = {pod(1): [(TWO.key, "")], pod(2): [(TWO.key, "")]}
    trial.run(seen, records)
    trial.restart()
    assert [trial.run(seen, records) for _ in range(7)] == [0] * 7
    for _ in range(3):
        trial.run(seen, records)
    assert trial.said() == {"p1": [("two", "pass", "")], "p2": [("two", "pass", "")]}
    assert trial.run(seen, records) == 0


def test_reports_with_a_time_to_live_are_renewed_before_half_of_it_is_over() -> None:
    trial = Trial(ttl=600)
    trial.run(FAILS)
    writes = [trial.run(FAILS) for _ in range(30)]
    assert sum(writes) == 6
    assert [result["timestamp"]["seconds"] for result in trial.report()["results"]] == [1_795_216_701] * 2


@dataclass
class Ticking:
    """A clock that goes on when somebody waits, and by `step` whenever it is asked."""

    now: float = 100.0
    step: float = 0.0
    slept: list[float] = field(default_factory=list)

    def elapsed(self) -> float:
        self.now += self.step
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_requests_begin_at_the_rate_that_is_allowed_after_a_second_of_them_at_once() -> None:
    clock = Ticking()
    rate = Rate(10, clock.sleep, clock.elapsed)
    for _ in range(31):
        rate.wait()
    assert clock.now == pytest.approx(102.0)
    assert len(clock.slept) == 20


def test_what_is_not_written_in_time_is_written_by_the_next_run() -> None:
    trial, clock = Trial(), Ticking(step=1.0)
    objects = {pod(number): [(ONE.key, "bad")] for number in range(60)}
    slow = replace(trial.sink.writer, within=20.0, elapsed=clock.elapsed, parallel=1)
    trial.sink.writer = slow
    writes = []
    while len(trial.server.objects) < len(objects):
        writes.append(trial.run(objects))
    assert len(writes) > 1
    assert min(writes) > 0
    assert trial.fates["late",] > 0
    assert trial.run(objects) == 0


def test_a_process_that_is_told_to_leave_writes_no_more() -> None:
    trial = Trial()
    trial.sink.writer = replace(trial.sink.writer, stopped=lambda: True)
    assert trial.run(FAILS) == 0
    assert trial.fates == {("late",): 1}
