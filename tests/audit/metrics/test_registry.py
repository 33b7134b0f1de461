"""What a scrape shows: names, labels and values, Gatekeeper's (compatibility, section 2) and ours."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from builders import DEPLOYMENT, POD, SERVICE, constraint, pods, record, settled, summary, unlisted, violation
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from audit.aggregate import KindStats, Summary
from audit.ledger import NO_CHANGES
from audit.metrics.registry import INGESTION_SECONDS, RUN_SECONDS, Distribution, Metrics
from audit.metrics.requests import Requests
from audit.metrics.series import capped
from audit.model import ConstraintRecord, Outcome, RunInfo, Syncing
from audit.sinks.metrics import MetricsSink
from constraints import Cause, Gap

Labels = tuple[tuple[str, str], ...]


def scraped(metrics: Metrics) -> dict[str, dict[Labels, float]]:
    """Sample name to labels to value; the process' own series left out."""
    text = generate_latest(metrics.registry).decode()
    samples: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if not sample.name.startswith("process_"):
                samples.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    return samples


def values(samples: dict[Labels, float], *names: str) -> dict[Any, float]:
    """Values by those labels alone, in the order of `names`."""
    rows = {tuple(dict(labels)[name] for name in names): value for labels, value in samples.items()}
    return {key[0] if len(names) == 1 else key: value for key, value in rows.items()}


def finished(run: Summary, metrics: Metrics | None = None) -> dict[str, dict[Labels, float]]:
    metrics = metrics or Metrics()
    sink = MetricsSink(metrics)
    sink.start(run.info)
    run = settled(run)
    sink.finish(run, NO_CHANGES)
    metrics.run_ended(run)
    return scraped(metrics)


def unenforced(name: str, spec: Any, **status: Any) -> ConstraintRecord:
    """A constraint that cannot be enforced."""
    good = record(constraint(name), **status)
    return ConstraintRecord({**good.obj, "spec": spec}, None, good.resource)


def test_before_the_first_run_nothing_is_told_of_a_run() -> None:
    samples = scraped(Metrics())
    assert sorted(samples) == [
        "gatekeeper_watch_manager_intended_watch_gvk",
        "gatekeeper_watch_manager_watched_gvk",
        "kube_patrol_audit_runs_total",
        "kube_patrol_last_complete_run_time",
        "kube_patrol_leader",
    ]
    assert samples.pop("kube_patrol_leader") == {(): 1}
    assert {value for rows in samples.values() for value in rows.values()} == {0}


def test_what_is_synced_is_told_by_kind_with_both_statuses_and_a_kind_that_is_left_out_goes_to_0() -> None:
    metrics = Metrics()
    metrics.synced(Syncing({"Pod": 7, "Service": 2}, 0.0035), 1000.5)
    metrics.synced(Syncing({"Pod": 8}, 0.0035), 2000.5)
    samples = scraped(metrics)
    assert values(samples["gatekeeper_sync"], "kind", "status") == {
        ("Pod", "active"): 8,
        ("Pod", "error"): 0,
        ("Service", "active"): 0,
        ("Service", "error"): 0,
    }
    assert samples["gatekeeper_sync_last_run_time_seconds"] == {(): 2000.5}
    buckets = values(samples["gatekeeper_sync_duration_seconds_bucket"], "le")
    assert (buckets["0.003"], buckets["0.004"], buckets["+Inf"]) == (0, 2, 2)
    metrics.synced(None, 3000.5)
    after = scraped(metrics)
    assert set(after["gatekeeper_sync"].values()) == {0}
    assert after["gatekeeper_sync_last_run_time_seconds"] == {(): 2000.5}


def test_a_replica_that_does_not_lead_tells_nothing_of_policies() -> None:
    leads = [True]
    metrics = Metrics(leads=lambda: leads[0])
    metrics.synced(Syncing({"Pod": 7}, 0.1), 1000.0)
    metrics.templates_read(2)
    assert {"gatekeeper_sync", "gatekeeper_constraint_templates_with_cel"} <= scraped(metrics).keys()
    leads[0] = False
    told = scraped(metrics)
    assert [name for name in told if name.startswith(("gatekeeper_sync", "gatekeeper_constraint_templates"))] == []


def test_what_is_watched_and_what_has_cel_is_told_as_it_is_now() -> None:
    metrics = Metrics(watching=lambda: (4, 5))
    metrics.templates_read(2)
    samples = scraped(metrics)
    assert samples["gatekeeper_watch_manager_watched_gvk"] == {(): 4}
    assert samples["gatekeeper_watch_manager_intended_watch_gvk"] == {(): 5}
    assert samples["gatekeeper_constraint_templates_with_cel"] == {(): 2}


def test_violations_have_a_series_for_each_action_even_without_any() -> None:
    samples = finished(summary())["gatekeeper_violations"]
    assert values(samples, "enforcement_action") == {"deny": 0, "dryrun": 0, "warn": 0, "scoped": 0, "unrecognized": 0}


def test_violations_are_counted_by_action_and_strange_ones_as_unrecognized() -> None:
    deny, warn, strange = constraint("a"), constraint("b", action="warn"), constraint("c", action="")
    found = [violation(each) for each in (deny, deny, warn, strange)]
    run = summary(record(deny), record(warn), record(strange), found=found)
    samples = finished(run)["gatekeeper_violations"]
    assert values(samples, "enforcement_action") == {"deny": 2, "dryrun": 0, "warn": 1, "scoped": 0, "unrecognized": 1}


def test_start_and_end_are_whole_seconds() -> None:
    samples = finished(summary(seconds=90.5))
    assert samples["gatekeeper_audit_last_run_time"] == {(): 1_795_216_641.0}
    assert samples["gatekeeper_audit_last_run_end_time"] == {(): 1_795_216_732.0}


def test_a_run_in_progress_moves_the_start_and_not_the_end() -> None:
    metrics = Metrics()
    finished(summary(), metrics)
    MetricsSink(metrics).start(RunInfo.at(1_795_216_999.0))
    samples = scraped(metrics)
    assert samples["gatekeeper_audit_last_run_time"] == {(): 1_795_216_999.0}
    assert samples["gatekeeper_audit_last_run_end_time"] == {(): 1_795_216_641.0}


def test_durations_fall_into_gatekeepers_buckets() -> None:
    metrics = Metrics()
    for seconds in (1.0, 60.0, 61.0, 99_999.0):
        finished(summary(seconds=seconds), metrics)
    samples = scraped(metrics)
    buckets = values(samples["gatekeeper_audit_duration_seconds_bucket"], "le")
    assert list(buckets) == ["60", "180", "300", "600", "900", "1200", "2400", "4800", "9600", "19200", "+Inf"]
    assert (buckets["60"], buckets["180"], buckets["19200"], buckets["+Inf"]) == (2, 3, 3, 4)
    assert samples["gatekeeper_audit_duration_seconds_count"] == {(): 4}
    assert samples["gatekeeper_audit_duration_seconds_sum"] == {(): 100_121.0}


def test_constraints_are_counted_by_action_and_status() -> None:
    refused = unenforced("refused", {"enforcementAction": "warn"})
    no_action = unenforced("none", {})
    bad_action = unenforced("bad", {"enforcementAction": "shout"})
    no_spec = unenforced("strange", ["x"])
    run = summary(record(constraint("a")), refused, no_action, bad_action, no_spec)
    samples = values(finished(run)["gatekeeper_constraints"], "enforcement_action", "status")
    assert len(samples) == 10
    assert {key: value for key, value in samples.items() if value} == {
        ("deny", "active"): 1,
        ("warn", "error"): 1,
        ("deny", "error"): 2,
    }


def test_templates_are_counted_by_status() -> None:
    run = summary(templates=Counter(active=3))
    assert values(finished(run)["gatekeeper_constraint_templates"], "status") == {"active": 3, "error": 0}


def test_ingestions_are_counted_and_timed_by_status() -> None:
    metrics = Metrics()
    metrics.ingested(True, 0.015)
    metrics.ingested(True, 9.0)
    metrics.ingested(False, 0.001)
    samples = scraped(metrics)
    count = samples["gatekeeper_constraint_template_ingestion_count_total"]
    assert values(count, "status") == {"active": 2, "error": 1}
    buckets = values(samples["gatekeeper_constraint_template_ingestion_duration_seconds_bucket"], "status", "le")
    assert [le for status, le in buckets if status == "error"] == [f"{bound:g}" for bound in INGESTION_SECONDS] + [
        "+Inf"
    ]
    assert (buckets["active", "0.01"], buckets["active", "0.02"], buckets["active", "+Inf"]) == (0, 1, 2)


def test_each_constraint_has_its_violations_also_when_there_are_none() -> None:
    dirty, clean = constraint("dirty"), constraint("clean", action="dryrun")
    found = [violation(dirty, error=True), violation(dirty)]
    samples = finished(summary(record(dirty), record(clean), found=found))
    assert values(samples["kube_patrol_violations"], "kind", "name", "enforcement_action") == {
        ("K8sTest", "dirty", "deny"): 2,
        ("K8sTest", "clean", "dryrun"): 0,
    }
    assert values(samples["kube_patrol_evaluation_errors"], "name") == {"dirty": 1, "clean": 0}


def test_series_of_a_deleted_constraint_disappear() -> None:
    metrics = Metrics()
    finished(summary(record(constraint("old")), record(constraint("kept"))), metrics)
    samples = finished(summary(record(constraint("kept"))), metrics)
    assert values(samples["kube_patrol_violations"], "name") == {"kept": 0}


def test_what_a_blind_constraint_keeps_is_counted_and_marked() -> None:
    blind = record(constraint("blind", kinds=pods()), totalViolations=7)
    seen, unknown = record(constraint("seen", kinds=pods("Service"))), record(constraint("unknown", kinds=pods()))
    broken = unenforced("broken", {"enforcementAction": "warn"}, totalViolations=3)
    found = [violation(seen.constraint, kind=SERVICE)]
    samples = finished(summary(blind, seen, unknown, broken, found=found, gaps=(unlisted(POD),)))
    assert values(samples["kube_patrol_violations"], "name", "stale") == {
        ("blind", "true"): 7,
        ("seen", "false"): 1,
        ("broken", "true"): 3,
    }
    actions = values(samples["gatekeeper_violations"], "enforcement_action")
    assert (actions["deny"], actions["warn"]) == (8, 3)


def test_kinds_tell_what_was_listed_excluded_and_how_long_it_took() -> None:
    samples = finished(summary(kinds={DEPLOYMENT: KindStats(DEPLOYMENT, 1200, 200, 3, 0.5, 1.5, 7)}))
    of_kind = {
        name.removeprefix("kube_patrol_"): values(rows, "group", "version", "kind")[("apps", "v1", "Deployment")]
        for name, rows in samples.items()
        if any(dict(labels).get("kind") == "Deployment" for labels in rows)
    }
    assert of_kind == {
        "objects": 1200,
        "objects_excluded": 200,
        "list_pages": 3,
        "list_seconds": 0.5,
        "review_seconds": 1.5,
        "kind_violations": 7,
    }


def test_kinds_are_listed_skipped_or_incomplete() -> None:
    kinds = {POD: KindStats(POD), DEPLOYMENT: KindStats(DEPLOYMENT)}
    gaps = (unlisted(POD), unlisted(POD), Gap(Cause.EVALUATION, "x", "y", kind=DEPLOYMENT))
    run = summary(kinds=kinds, skipped=(SERVICE,), gaps=gaps)
    assert values(finished(run)["kube_patrol_kinds"], "state") == {"listed": 1, "skipped": 1, "incomplete": 1}


def test_gaps_are_counted_by_cause_and_reason_and_gone_with_the_next_whole_run() -> None:
    metrics, refused = Metrics(), Gap(Cause.TEMPLATE, "NoEngine", "x")
    gaps = (unlisted(POD), unlisted(SERVICE), unlisted(DEPLOYMENT, "Gone"), refused)
    samples = finished(summary(gaps=gaps), metrics)
    assert values(samples["kube_patrol_gaps"], "cause", "reason") == {
        ("list", "Forbidden"): 2,
        ("list", "Gone"): 1,
        ("template", "NoEngine"): 1,
    }
    assert samples["kube_patrol_last_run_complete"] == {(): 0}
    samples = finished(summary(), metrics)
    assert "kube_patrol_gaps" not in samples
    assert samples["kube_patrol_last_run_complete"] == {(): 1}


def test_phases_are_timed() -> None:
    assert (
        values(finished(summary(phases={"evaluate": 1.25}))["kube_patrol_phase_seconds"], "phase")["evaluate"] == 1.25
    )


def test_an_interrupted_run_keeps_the_figures_of_the_last_whole_one() -> None:
    metrics, broken = Metrics(), constraint("a")
    finished(summary(record(broken), found=[violation(broken)]), metrics)
    samples = finished(summary(record(broken), cut=Outcome.INTERRUPTED, seconds=30.0), metrics)
    assert values(samples["gatekeeper_violations"], "enforcement_action")["deny"] == 1
    assert samples["gatekeeper_audit_last_run_end_time"] == {(): 1_795_216_671.0}
    assert values(samples["kube_patrol_audit_runs_total"], "outcome")["interrupted"] == 1
    assert values(samples["kube_patrol_violations"], "name", "stale") == {("a", "true"): 1}


@pytest.mark.parametrize(
    ("cut", "gaps", "outcome"),
    [
        pytest.param(None, [], "complete", id="complete"),
        pytest.param(None, [Gap(Cause.EVALUATION, "x", "", policy="K8sTest")], "gaps", id="gaps"),
        pytest.param(None, [Gap(Cause.SINK, "x", "")], "unwritten", id="unwritten"),
        pytest.param(None, [Gap(Cause.TEMPLATE, "NotServed", "")], "no_policies", id="no policies"),
        pytest.param(Outcome.FAILED, [Gap(Cause.RUN, "x", "")], "failed", id="failed"),
        pytest.param(Outcome.INTERRUPTED, [Gap(Cause.RUN, "x", "")], "interrupted", id="interrupted"),
        pytest.param(Outcome.NOT_LEADER, [Gap(Cause.RUN, "x", "")], "not_leader", id="not the leader"),
    ],
)
def test_how_a_run_ended_is_told_and_counted_and_only_a_complete_one_is_the_last_complete(
    cut: Outcome | None, gaps: list[Gap], outcome: str
) -> None:
    samples = finished(summary(record(constraint()), cut=cut, gaps=tuple(gaps), seconds=30.0))
    assert [o for o, n in values(samples["kube_patrol_audit_runs_total"], "outcome").items() if n] == [outcome]
    assert [o for o, n in values(samples["kube_patrol_last_run_outcome"], "outcome").items() if n] == [outcome]
    whole = outcome == "complete"
    assert samples["kube_patrol_last_run_complete"] == {(): whole}
    assert samples["kube_patrol_last_complete_run_time"] == {(): 1_795_216_671.0 if whole else 0}
    assert samples["gatekeeper_audit_last_run_end_time"] == {(): 1_795_216_671.0}
    assert len(samples.get("kube_patrol_gaps", {})) == len(gaps)


def test_a_sink_that_fails_after_the_metrics_were_told_is_told_as_well() -> None:
    metrics, run = Metrics(), settled(summary(record(constraint())))
    sink = MetricsSink(metrics)
    sink.start(run.info)
    sink.finish(run, NO_CHANGES)
    metrics.run_ended(replace(run, gaps=(Gap(Cause.SINK, "OSError", "sink log: No space left on device"),)))
    samples = scraped(metrics)
    assert values(samples["kube_patrol_gaps"], "cause", "reason") == {("sink", "OSError"): 1}
    assert samples["kube_patrol_last_run_complete"] == {(): 0}


def test_one_that_leads_no_more_drops_what_it_told_of_its_runs() -> None:
    answers = [True]
    metrics = Metrics(leads=lambda: answers[0])
    whole = finished(summary(record(constraint())), metrics)
    answers[0] = False
    samples = scraped(metrics)
    assert (whole["kube_patrol_leader"], samples["kube_patrol_leader"]) == ({(): 1}, {(): 0})
    told = {name for name in whole if "violations" in name or "last_run" in name or "gaps" in name}
    assert (len(told) > 5, told & samples.keys()) == (True, set())
    answers[0] = True
    assert told & scraped(metrics).keys() == set()


def test_requests_are_counted_by_verb_resource_and_status() -> None:
    requests = Requests()
    requests.count("list", "pods", 200, 0.5)
    requests.count("list", "pods", 200, 0.25)
    requests.count("list", "pods", 0, 10.0)
    samples = scraped(Metrics(requests))
    assert values(samples["kube_patrol_api_requests_total"], "verb", "resource", "status") == {
        ("list", "pods", "200"): 2,
        ("list", "pods", "none"): 1,
    }
    assert values(samples["kube_patrol_api_request_seconds_total"], "verb", "resource") == {("list", "pods"): 10.75}


def test_no_family_has_more_series_than_the_limit_and_their_sum_stays() -> None:
    requests = Requests()
    metrics = Metrics(requests, series_limit=3)
    constraints = [constraint(f"c{number}") for number in range(5)]
    found = [violation(each) for number, each in enumerate(constraints) for _ in range(number)]
    for each in constraints:
        requests.count("get", each.name, 200, 1.0)
    samples = finished(summary(*map(record, constraints), found=found), metrics)
    assert values(samples["kube_patrol_violations"], "name") == {"c3": 3, "c4": 4, "_other": 3}
    assert sum(samples["kube_patrol_api_requests_total"].values()) == 5
    assert len(samples["kube_patrol_api_requests_total"]) == 3


def test_rows_within_the_limit_are_left_alone() -> None:
    rows: dict[tuple[str, ...], float] = {("b",): 1.0, ("a",): 2.0}
    assert capped(rows, 2) == [(("a",), 2.0), (("b",), 1.0)]


@pytest.mark.parametrize("name", ['a"b\\c\nd', "half \ud800"])
def test_hostile_label_values_do_not_break_a_scrape(name: str) -> None:
    run = summary(gaps=(Gap(Cause.LIST, name, "x"),))
    assert len(finished(run)["kube_patrol_gaps"]) == 1


def test_no_series_tells_when_it_was_created() -> None:
    requests = Requests()
    metrics = Metrics(requests)
    metrics.ingested(True, 1.0)
    requests.count("list", "pods", 200, 1.0)
    assert [name for name in finished(summary(), metrics) if name.endswith("_created")] == []


def test_two_sets_of_metrics_live_in_one_process() -> None:
    one, other = Metrics(), Metrics()
    finished(summary(), one)
    assert set(scraped(one)["kube_patrol_audit_runs_total"].values()) == {0, 1}
    assert set(scraped(other)["kube_patrol_audit_runs_total"].values()) == {0}


def test_a_value_at_a_bound_belongs_to_it() -> None:
    times = Distribution(RUN_SECONDS)
    times.observe(60)
    assert times.buckets()[0] == ("60", 1.0)
