"""Policy reports, from verdicts to what is in the cluster: what they say, and when they are written."""

from __future__ import annotations

import json

import pytest
from builders import DEPLOYMENT, POD, constraint, record, unlisted
from reporttrials import (
    FAILS,
    KEPT,
    NAMESPACE,
    ONE,
    PASSES,
    TWO,
    WARNS,
    Trial,
    broken,
    pod,
    timeless,
    uid,
    verdict,
)

from audit.model import Outcome, RunInfo
from audit.reports.bodies import APIS
from audit.reports.names import UID
from audit.reports.results import ReportChoice
from audit.verdicts import Reviewed
from constraints import Cause, Gap, Kind, ObjectRef


def test_an_object_has_a_report_with_all_results_and_their_numbers() -> None:
    trial = Trial()
    trial.run({pod(1): [(ONE.key, "bad"), (TWO.key, ""), (WARNS.key, "odd")]})
    report = trial.report()
    assert report["metadata"]["name"] == f"kube-patrol-{uid(1)}"
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", ""), ("warns", "warn", "odd")]}
    assert report["summary"] == {"pass": 1, "fail": 1, "warn": 1, "error": 0, "skip": 0}
    assert [result["scored"] for result in report["results"]] == [True, True, False]


def test_an_object_that_is_in_no_namespace_has_a_cluster_report() -> None:
    trial = Trial()
    trial.run({pod(1, kind=NAMESPACE): [(ONE.key, "")]})
    [(plural, namespace, _)] = trial.server.objects
    assert (plural, namespace) == ("clusterpolicyreports", "")


def test_where_nothing_has_changed_nothing_is_written_nor_read_but_two_lists() -> None:
    trial = Trial()
    assert trial.run(FAILS) == 1
    for _ in range(3):
        trial.run(FAILS)
    trial.server.verbs()
    trial.sink.start(RunInfo.at(0))
    assert trial.server.verbs() == {"list": 2}
    assert trial.run(FAILS) == 0


def test_a_new_process_finds_that_nothing_has_changed() -> None:
    trial = Trial()
    trial.run(FAILS)
    trial.restart()
    assert trial.run(FAILS) == 0


def test_what_has_changed_is_patched_and_what_has_not_keeps_its_time() -> None:
    trial = Trial()
    trial.run(FAILS)
    before = {result["policy"]: result["timestamp"] for result in trial.report()["results"]}
    assert trial.run({pod(1): [(ONE.key, "worse"), (TWO.key, "")]}) == 1
    after = {result["policy"]: result["timestamp"] for result in trial.report()["results"]}
    assert after["two"] == before["two"]
    assert after["one"]["seconds"] == before["one"]["seconds"] + 60
    assert after["one"]["nanos"] == 0


def test_an_object_that_is_gone_or_that_nothing_matches_any_more_loses_its_report() -> None:
    trial = Trial()
    trial.run({**FAILS, pod(2): [(ONE.key, "")]})
    assert trial.run({}, others=[pod(2)]) == 2
    assert trial.server.reports() == {}
    assert trial.run({}, others=[pod(2)]) == 0


def test_a_constraint_that_is_gone_takes_its_results_along() -> None:
    trial = Trial()
    trial.run(FAILS)
    trial.run({pod(1): [(TWO.key, "")]}, [record(TWO)])
    assert trial.said() == {"p1": [("two", "pass", "")]}


def test_annotations_that_change_are_in_the_reports_of_the_next_run() -> None:
    trial = Trial()
    for _ in range(3):
        trial.run(FAILS)
    severe = constraint("one", obj={"metadata": {"annotations": {"policies.kyverno.io/severity": "high"}}})
    records = [record(severe), record(TWO), record(WARNS)]
    assert trial.run(FAILS, records) == 1
    assert [result.get("severity") for result in trial.report()["results"]] == ["high", None]
    assert trial.run(FAILS, records) == 0


@pytest.mark.parametrize("restarts", [False, True])
def test_a_kind_that_could_not_be_listed_keeps_its_reports(restarts: bool) -> None:
    trial = Trial()
    trial.run({**FAILS, pod(2, kind=DEPLOYMENT): [(ONE.key, "bad")]})
    if restarts:
        trial.restart()
    trial.run({}, gaps=(unlisted(POD),))
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("choice", [ReportChoice(), ReportChoice(frozenset({"fail"})), ReportChoice(listing=False)])
def test_what_a_broken_constraint_said_stands_while_others_change(choice: ReportChoice, restarts: bool) -> None:
    trial = Trial(choice=choice)
    trial.run({pod(1): [(ONE.key, "bad"), (TWO.key, ""), (WARNS.key, "odd")]})
    if restarts:
        trial.restart()
    records = [record(ONE), broken(TWO), broken(WARNS)]
    trial.run({pod(1): [(ONE.key, "worse")]}, records)
    trial.run({pod(1): [(ONE.key, "worse"), (ONE.key, "worst")]}, records)
    assert trial.report()["summary"] == {"pass": 1, "fail": 2, "warn": 1, "error": 0, "skip": 0}
    assert trial.run({pod(1): [(ONE.key, "worse"), (ONE.key, "worst")]}, records) == 0


def test_constraints_that_could_not_be_listed_at_all_keep_their_results_after_a_restart() -> None:
    trial = Trial()
    trial.run(FAILS)
    trial.restart()
    gap = Gap(Cause.CONSTRAINT, "Forbidden", "not listed", Kind("constraints.gatekeeper.sh", "v1beta1", "K8sTest"))
    assert trial.run({}, [], others=[pod(1)], gaps=(gap,)) == 0
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}


def test_what_could_not_be_decided_is_an_error_whatever_it_was_before() -> None:
    trial = Trial()
    trial.run(FAILS)
    gap = Gap(Cause.EVALUATION, "EvaluationTimeout", "took too long", POD, pod(1), ONE.key)
    page = Reviewed(POD, (verdict(pod(1), [(TWO.key, "")], (gap,)),), 1)
    trial.run({}, pages=[page], gaps=(gap,))
    assert trial.said() == {"p1": [("one", "error", "took too long"), ("two", "pass", "")]}


def test_objects_for_which_a_constraint_had_no_time_keep_what_it_said() -> None:
    trial = Trial()
    trial.run(FAILS)
    gap = Gap(Cause.EVALUATION, "EvaluationTimeout", "has used up its time", policy=ONE.key)
    assert trial.run({pod(1): [(TWO.key, "")]}, gaps=(gap,)) == 0


def test_a_run_that_did_not_come_to_its_end_writes_nothing() -> None:
    trial = Trial()
    trial.run(FAILS)
    assert trial.run(PASSES, cut=Outcome.INTERRUPTED) == 0
    assert trial.run(FAILS) == 0


def test_what_the_config_excludes_is_skipped_for_the_constraints_that_its_names_concern() -> None:
    elsewhere = constraint("elsewhere", match={"namespaces": ["other"]})
    records = [record(ONE), record(elsewhere), record(constraint("pods", kinds=[{"apiGroups": ["apps"]}]))]
    trial = Trial()
    trial.run({}, records, excluded=[pod(1)], others=[pod(2)])
    assert trial.said() == {"p1": [("one", "skip", "excluded from audits by the Config")]}
    assert trial.report()["summary"]["skip"] == 1
    assert trial.run({}, records, excluded=[pod(1)], others=[pod(2)]) == 0


def test_where_nobody_knows_what_is_excluded_nothing_is_skipped_and_what_was_known_stands() -> None:
    trial = Trial()
    trial.run(FAILS)
    gap = Gap(Cause.NAMESPACE, "ConfigUnknown", "the Config could not be read")
    assert trial.run({}, excluded=[pod(1), pod(2)], excludes=False, gaps=(gap,)) == 0


def test_there_are_no_reports_about_reports_nor_about_events() -> None:
    trial = Trial()
    kinds = [APIS[api].namespaced.kind for api in APIS] + [
        Kind("", "v1", "Event"),
        Kind("events.k8s.io", "v1", "Event"),
    ]
    trial.run({pod(number, kind=kind): [(ONE.key, "bad")] for number, kind in enumerate(kinds)})
    assert trial.server.reports() == {}


def test_one_object_that_is_listed_as_two_kinds_has_one_report_with_all_that_is_said() -> None:
    old, new = Kind("extensions", "v1beta1", "Ingress"), Kind("networking.k8s.io", "v1", "Ingress")
    objects = {pod(1, kind=old): [(ONE.key, "bad")], pod(1, kind=new): [(TWO.key, "")]}
    trial = Trial()
    trial.run(objects)
    for turned in (objects, dict(reversed(objects.items())), objects):
        assert trial.run(turned) == 0
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}
    trial.run({**objects, pod(1, kind=new): [(TWO.key, "worse")]})
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "fail", "worse")]}


def test_results_that_are_not_wanted_are_counted_all_the_same_and_make_no_report() -> None:
    trial = Trial(choice=ReportChoice(KEPT))
    trial.run({**FAILS, pod(2): [(ONE.key, "")]})
    assert trial.said() == {"p1": [("one", "fail", "bad")]}
    assert trial.report()["summary"] == {"pass": 1, "fail": 1, "warn": 0, "error": 0, "skip": 0}
    trial.run({pod(1): [(ONE.key, ""), (TWO.key, "")]})
    assert trial.server.reports() == {}


def test_a_summary_has_numbers_alone() -> None:
    trial = Trial(choice=ReportChoice(listing=False))
    trial.run(FAILS)
    assert "results" not in trial.report()
    assert trial.report()["summary"] == {"pass": 1, "fail": 1, "warn": 0, "error": 0, "skip": 0}
    trial.restart()
    assert trial.run(FAILS) == 0


@pytest.mark.parametrize("listing", [True, False])
def test_other_flags_bring_the_reports_that_there_are_to_what_is_wanted_now(listing: bool) -> None:
    trial, objects = Trial(choice=ReportChoice(listing=listing)), {**FAILS, pod(2): [(ONE.key, "")]}
    trial.run(objects)
    trial.choice = ReportChoice(KEPT, listing=not listing)
    trial.restart()
    trial.run(objects)
    fresh = Trial(choice=trial.choice)
    fresh.run(objects)
    assert timeless(trial) == timeless(fresh)
    assert trial.run(objects) == 0


def test_other_names_replace_the_reports_of_before() -> None:
    trial = Trial()
    trial.run(FAILS)
    trial.naming = UID
    trial.restart()
    trial.run(FAILS)
    assert [name for _, name in trial.server.reports()] == [uid(1)]


def test_an_object_with_an_odd_uid_or_none_has_a_report_of_its_own() -> None:
    items = [ObjectRef(POD, "ns", "p", odd) for odd in ("", "../../x", "A" * 300, "kube\0")]
    trial = Trial()
    trial.run({item: [(ONE.key, "bad")] for item in items})
    assert len(trial.server.reports()) == len(items)
    assert trial.run({item: [(ONE.key, "bad")] for item in items}) == 0


HOSTILE = [
    "\x00 \x1b[31m \ud800 half",
    "{{ .Values }} ${HOME} %s",
    "x" * 100_000,
    "\N{RIGHT-TO-LEFT OVERRIDE}txt\n---\nkind: Secret",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_messages_are_text_that_any_server_takes(text: str) -> None:
    trial = Trial()
    objects = {pod(1): [(ONE.key, text)]}
    trial.run(objects)
    [result] = trial.report()["results"]
    assert len(result["message"].encode()) <= 4096
    assert trial.run(objects) == 0
    trial.restart()
    assert trial.run(objects) == 0


def test_a_report_beyond_a_megabyte_is_split_and_numbers_add_up() -> None:
    trial = Trial()
    many = {pod(1): [(ONE.key, f"{number:04d}" + "x" * 4000) for number in range(600)] + [(TWO.key, "")]}
    trial.run(many)
    reports = list(trial.server.reports().values())
    assert [name for _, name in trial.server.reports()] == [f"kube-patrol-{uid(1)}{end}" for end in ("", "-2", "-3")]
    assert all(len(json.dumps(report)) < 1_050_000 for report in reports)
    assert sum(report["summary"]["fail"] for report in reports) == 600
    assert sum(report["summary"]["pass"] for report in reports) == 1
    assert trial.run(many) == 0
    trial.restart()
    assert trial.run(many) == 0
    trial.run(FAILS)
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}


@pytest.mark.parametrize("lost", ["", "-2", "-3"])
def test_a_part_that_is_lost_is_written_again(lost: str) -> None:
    trial = Trial()
    many = {pod(1): [(ONE.key, f"{number:04d}" + "x" * 4000) for number in range(600)]}
    trial.run(many)
    whole = trial.server.reports()
    for restarts in (False, True):
        del trial.server.objects["policyreports", "ns", f"kube-patrol-{uid(1)}{lost}"]
        if restarts:
            trial.restart()
        trial.run(many)
        assert trial.server.reports().keys() == whole.keys()
        assert sum(report["summary"]["fail"] for report in trial.server.reports().values()) == 600
