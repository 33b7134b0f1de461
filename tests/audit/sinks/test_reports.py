"""Policy reports, from verdicts to what is in the cluster: compared, written, swept, and left alone."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from builders import DEPLOYMENT, POD, constraint, record, summary, unlisted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storedreports import READS, StoredReports, nothing, status

from audit.errors import AuditError
from audit.kube.request import Reply, Request
from audit.ledger import NO_CHANGES
from audit.model import ConstraintRecord, Outcome, RunInfo
from audit.reports.bodies import APIS, WGPOLICY
from audit.reports.book import Book
from audit.reports.names import PREFIXED, UID
from audit.reports.reading import Shelf
from audit.reports.results import ReportChoice
from audit.reports.writing import Rate, ReportWriter
from audit.sinks.guard import GuardedSink
from audit.sinks.reports import ReportsSink
from audit.verdicts import Reviewed, Verdict, identity
from constraints import Cause, Constraint, Gap, Kind, ObjectRef, Violation

ONE, TWO, WARNS = constraint("one"), constraint("two"), constraint("warns", action="warn", actions=("warn",))
ALL = (ONE, TWO, WARNS)
NAMESPACE = Kind("", "v1", "Namespace")
Said = tuple[str, str]  # a constraint's key and a message; an empty one is a pass
Objects = Mapping[ObjectRef, Sequence[Said]]


def uid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def pod(number: int, namespace: str = "ns", kind: Kind = POD) -> ObjectRef:
    return ObjectRef(kind, "" if kind == NAMESPACE else namespace, f"p{number}", uid(number))


def verdict(item: ObjectRef, said: Sequence[Said], gaps: tuple[Gap, ...] = ()) -> Verdict:
    by_key = {each.key: each for each in ALL}
    broken = [Violation(by_key[key], item, text, {}, by_key[key].action) for key, text in said if text]
    matched = tuple(sorted({key for key, _ in said} | {gap.policy for gap in gaps}))
    return Verdict(item, None, matched, tuple(broken), gaps)


@dataclass
class Trial:
    """One process that audits again and again, and the reports that it leaves in `server`."""

    server: StoredReports = field(default_factory=StoredReports)
    choice: ReportChoice = field(default_factory=ReportChoice)
    naming: str = PREFIXED
    api: str = WGPOLICY
    ttl: int = 0
    runs: int = 0
    fates: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        api = APIS[self.api]
        rate = Rate(1e9, lambda seconds: None)
        writer = ReportWriter(self.server.client, api, self.choice, rate, lambda: False, self.ttl, 2)
        book, shelf = Book(self.naming, self.choice, self.ttl), Shelf(self.server.client, api)
        self.sink = ReportsSink(book, shelf, writer, self.fates.update)

    def run(
        self,
        objects: Objects,
        records: Iterable[ConstraintRecord] = tuple(map(record, ALL)),
        *,
        others: Iterable[ObjectRef] = (),
        excluded: Iterable[ObjectRef] = (),
        pages: Iterable[Reviewed] = (),
        **more: Any,
    ) -> int:
        """One run that finds this; gives how many writes it took. Raises what the sink raises."""
        self.runs += 1
        info = RunInfo.at(1_795_216_641.0 + 60 * self.runs)
        records = tuple(records)
        self.server.verbs()
        self.sink.start(info)
        self.sink.policies(records, (), more.pop("excludes", True))
        for page in (*_pages(objects, tuple(others), tuple(excluded)), *pages):
            self.sink.page(page)
        self.sink.finish(replace(summary(*records), info=info, **more), NO_CHANGES)
        return self.server.writes()

    def said(self) -> dict[str, list[tuple[str, str, str]]]:
        """Policy, result and message of each result, by what the reports are about."""
        found: dict[str, list[tuple[str, str, str]]] = {}
        for report in self.server.reports().values():
            rows = [(r["policy"], r["result"], r.get("message", "")) for r in report.get("results", ())]
            found.setdefault(report["scope"]["name"], []).extend(rows)
        return found

    def report(self, number: int = 1) -> dict[str, Any]:
        [found] = [r for r in self.server.reports().values() if r["scope"]["name"] == f"p{number}"]
        return found


def _pages(objects: Objects, others: tuple[ObjectRef, ...], excluded: tuple[ObjectRef, ...]) -> Iterable[Reviewed]:
    for kind in dict.fromkeys(item.kind for item in (*objects, *others, *excluded)):
        verdicts = tuple(verdict(item, said) for item, said in objects.items() if item.kind == kind)
        out, rest = ([i for i in items if i.kind == kind] for items in (excluded, others))
        names = tuple(identity(item.namespace, item.name, item.uid) for item in (*out, *rest))
        yield Reviewed(kind, verdicts, len(verdicts) + len(names), len(out), others=names)


def broken(of: Constraint) -> ConstraintRecord:
    """A constraint that cannot be enforced."""
    return replace(record(of), constraint=None)


PASSES: Objects = {pod(1): [(ONE.key, ""), (TWO.key, "")]}
FAILS: Objects = {pod(1): [(ONE.key, "bad"), (TWO.key, "")]}


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


KEPT = frozenset({"fail", "error"})


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
    assert _timeless(trial) == _timeless(fresh)
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


def foreign(name: str, **labels: str) -> dict[str, Any]:
    """A report of another engine."""
    return {
        "apiVersion": "wgpolicyk8s.io/v1alpha2",
        "kind": "PolicyReport",
        "metadata": {"name": name, "namespace": "ns", "labels": {"app.kubernetes.io/managed-by": "kyverno", **labels}},
        "scope": {"kind": "Pod", "name": "p1"},
        "summary": {"fail": 1},
    }


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
    true = _timeless(trial)
    [obj] = trial.server.objects.values()
    obj |= edit
    trial.server.put("policyreports", obj)
    if restarts:
        trial.restart()
    trial.run(FAILS)
    assert _timeless(trial) == true
    assert trial.run(FAILS) == 0


def test_a_report_that_somebody_deletes_comes_back() -> None:
    trial = Trial()
    trial.run(FAILS)
    trial.server.objects.clear()
    assert trial.run(FAILS) == 1
    assert trial.said() == {"p1": [("one", "fail", "bad"), ("two", "pass", "")]}


def _timeless(trial: Trial) -> dict[tuple[str, str], dict[str, Any]]:
    found = trial.server.reports()
    for report in found.values():
        for result in report.get("results", ()):
            result.pop("timestamp", None)
        report["metadata"].get("annotations", {}).pop("kube-patrol/audited", None)
        report["metadata"].setdefault("annotations", {})
        if not report.get("results"):
            report.pop("results", None)
    return found


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


@given(random=st.randoms(use_true_random=False), data=st.sampled_from(range(12)))
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_after_any_runs_the_reports_are_those_of_what_is_known(random: Random, data: int) -> None:
    choices = [ReportChoice(), ReportChoice(KEPT), ReportChoice(listing=False)]
    trial = Trial(choice=choices[data % 3], naming=(PREFIXED, UID)[data // 3 % 2], api=list(APIS)[data // 6])
    trial.server.put(APIS[trial.api].namespaced.plural, foreign("not-ours"))
    world = World(random, trial.choice.kept)
    for _ in range(random.randint(1, 8)):
        world.step()
        if random.random() < 0.3:
            trial.restart()
        faults = random.random() < 0.3
        if faults:
            _disturbed(trial, world, random)
        world.run(trial)
        assert _timeless(trial) == _timeless(world.afresh(trial))
        assert world.run(trial) == 0


def _disturbed(trial: Trial, world: World, random: Random) -> None:
    """A run that is killed at some request, or that finds the server broken."""
    left = random.randint(0, 6)
    kills, code = random.random() < 0.5, random.choice([409, 500, 403])

    def before(request: Request) -> Reply | None:
        nonlocal left
        if request.verb in READS and request.verb == "list":
            return None
        left -= 1
        if left >= 0:
            return None
        if kills:
            raise KeyboardInterrupt
        return status(code, "Conflict", "in the way")

    trial.server.before = before
    with suppress(AuditError, KeyboardInterrupt):
        world.run(trial)
    trial.server.before = nothing
    if kills:
        trial.restart()


class World:
    """Objects and constraints that change, and what is known of them: the slow way."""

    def __init__(self, random: Random, kept: frozenset[str]) -> None:
        self.random = random
        self.kept = kept
        self.objects: dict[ObjectRef, dict[str, list[str]]] = {}
        self.states = {each.key: "there" for each in ALL}
        self.hidden: set[Kind] = set()
        self.known: dict[ObjectRef, dict[str, list[str]]] = {}

    def step(self) -> None:
        """Some things change, and what can be seen is known from then on."""
        for _ in range(self.random.randint(0, 4)):
            number = self.random.randint(1, 6)
            item = pod(number, kind=(POD, DEPLOYMENT)[number % 2])
            if self.random.random() < 0.3:
                self.objects.pop(item, None)
            else:
                said = {each.key: self._texts() for each in ALL if self.random.random() < 0.7}
                self.objects[item] = said
        if self.random.random() < 0.4:
            self.states[self.random.choice(ALL).key] = self.random.choice(["there", "there", "broken", "gone"])
        self.hidden = {kind for kind in (POD, DEPLOYMENT) if self.random.random() < 0.2}
        self._learn()

    def run(self, trial: Trial) -> int:
        seen = {
            item: [(key, text) for key, texts in said.items() if self.states[key] == "there" for text in texts]
            for item, said in self.objects.items()
            if item.kind not in self.hidden
        }
        objects = {item: rows for item, rows in seen.items() if rows}
        others = [item for item, rows in seen.items() if not rows]
        gaps = tuple(unlisted(kind) for kind in sorted(self.hidden))
        return trial.run(objects, self._records(), others=others, gaps=gaps)

    def afresh(self, trial: Trial) -> Trial:
        """What a run that sees all that is known would write where there is nothing yet."""
        fresh = Trial(choice=trial.choice, naming=trial.naming, api=trial.api)
        fresh.server.put(APIS[trial.api].namespaced.plural, foreign("not-ours"))
        rows = {item: [(key, t) for key, texts in said.items() for t in texts] for item, said in self.known.items()}
        fresh.run({item: said for item, said in rows.items() if said}, map(record, ALL))
        return fresh

    def _texts(self) -> list[str]:
        return self.random.choice([[""], [""], ["bad"], ["bad", "worse"], ["odd"]])

    def _records(self) -> list[ConstraintRecord]:
        made = {"there": record, "broken": broken}
        return [made[state](each) for each in ALL if (state := self.states[each.key]) != "gone"]

    def _learn(self) -> None:
        now: dict[ObjectRef, dict[str, list[str]]] = {}
        for item in {*self.known, *self.objects}:
            for key, state in self.states.items():
                old = self.known.get(item, {}).get(key)
                new = self.objects.get(item, {}).get(key)
                blind = state == "broken" or item.kind in self.hidden
                said = None if state == "gone" else old if blind else new
                if said:
                    now.setdefault(item, {})[key] = said
        # Of an object without a report nothing is remembered.
        self.known = {item: said for item, said in now.items() if any(self._keeps(*row) for row in said.items())}

    def _keeps(self, key: str, texts: list[str]) -> bool:
        outcome = "warn" if key == WARNS.key else "fail"
        return any((outcome if text else "pass") in self.kept for text in texts)
