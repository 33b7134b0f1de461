"""The whole program against the embedded cluster: what a user sees in statuses, log, metrics and exit codes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from builders import POD
from policybuilders import samples_with

from audit.app import Beside, assemble, serve
from audit.auditor import Auditor
from audit.demo import load, sample_objects
from audit.embedded import EmbeddedCluster
from audit.embedded.access import Rule
from audit.embedded.faults import Fault
from audit.errors import ConfigError
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.metrics.requests import Requests
from audit.model import Outcome, RunInfo
from audit.outcomes import EXIT_CODES, ending
from audit.process.leading import Duty
from audit.settings.config import AuditConfig, ClusterConfig, Config, EventsConfig, ExportConfig, LogConfig
from audit.sinks.table import TableSink
from audit.verdicts import Reviewed
from constraints import Kind, Template
from constraints.crd import crd

CONSTRAINTS = "constraints.gatekeeper.sh"
TOTALS = {
    "K8sAllowedRepos": 2,
    "K8sContainerLimits": 3,
    "K8sDisallowedTags": 2,
    "K8sHttpsOnly": 2,
    "K8sPSPPrivilegedContainer": 1,
    "K8sReplicaLimits": 1,
    "K8sRequiredLabels": 2,
    "K8sUniqueServiceSelector": 2,
}
FEW = {kind: TOTALS[kind] for kind in ("K8sContainerLimits", "K8sHttpsOnly", "K8sUniqueServiceSelector")}


@pytest.fixture
def samples(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The embedded cluster with the sample policies and objects."""
    load(cluster, sample_objects())
    return cluster


@pytest.fixture
def few(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """The embedded cluster with the sample objects and three of the policies, for what more would not tell."""
    load(cluster, samples_with(FEW))
    return cluster


@pytest.fixture
def config(cluster: EmbeddedCluster, tmp_path: Path) -> Config:
    """One audit of the embedded cluster, its log in a file."""
    return Config(
        audit=AuditConfig(once=True, chunk_size=2, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig")), leader_elect=False),
        log=LogConfig(file=str(tmp_path / "log")),
    )


@pytest.fixture
def auditor(config: Config) -> Iterator[Auditor]:
    """An auditor that can run several times."""
    with auditing(config) as made:
        yield made


@contextmanager
def auditing(config: Config) -> Iterator[Auditor]:
    """An auditor that never really sleeps."""
    handler = configure_logging(config.log)
    connection = connect(Access(kubeconfig=config.cluster.kubeconfig))
    requests = Requests()
    metrics = Metrics(requests)
    client = Client(connection, on_request=requests.count, clock=Clock(sleep=lambda seconds: None))
    yield assemble(config, client, metrics, Duty(Event()))
    connection.close()
    handler.close()


def events(config: Config, name: str = "") -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in Path(config.log.file).read_text().splitlines()]
    return [line for line in lines if "event_type" in line and name in ("", line["event_type"])]


def statuses(cluster: EmbeddedCluster) -> dict[str, dict[str, Any]]:
    kinds = [kind for kind in TOTALS if cluster.get("ConstraintTemplate", kind.lower())]
    return {kind: next(iter(cluster.objects(Kind(CONSTRAINTS, "v1beta1", kind)))).get("status", {}) for kind in kinds}


def totals(cluster: EmbeddedCluster) -> dict[str, Any]:
    return {kind: status.get("totalViolations") for kind, status in statuses(cluster).items()}


def test_one_audit_writes_every_status_and_exits_with_zero(samples: EmbeddedCluster, config: Config) -> None:
    assert serve(config) == 0
    assert totals(samples) == TOTALS
    labels = statuses(samples)["K8sRequiredLabels"]
    assert [v["name"] for v in labels["violations"]] == ["payments", "monitoring"]
    assert "auditGaps" not in labels


def test_the_events_of_a_run_share_its_audit_id_and_come_in_order(samples: EmbeddedCluster, config: Config) -> None:
    serve(config)
    found = events(config)
    assert {e["audit_id"] for e in found} == {statuses(samples)["K8sHttpsOnly"]["auditTimestamp"]}
    assert (found[0]["event_type"], found[-1]["event_type"]) == ("audit_started", "audit_finished")
    assert len(events(config, "violation_audited")) == sum(TOTALS.values())
    audited = {e["constraint_kind"]: e["constraint_violations"] for e in events(config, "constraint_audited")}
    assert audited == {kind: str(total) for kind, total in TOTALS.items()}


def test_templates_and_constraints_say_that_they_are_enforced(few: EmbeddedCluster, config: Config) -> None:
    serve(config)
    (entry,) = statuses(few)["K8sHttpsOnly"]["byPod"]
    template = few.get("ConstraintTemplate", "k8shttpsonly") or {}
    assert entry["enforced"] is True
    assert template["status"]["created"] is True


def test_a_kind_that_may_not_be_listed_keeps_its_last_results_and_says_so(
    few: EmbeddedCluster, config: Config, auditor: Auditor
) -> None:
    auditor.run()
    before = statuses(few)["K8sContainerLimits"]
    few.denied.append(Rule(verbs=["list"], groups=[""], resources=["pods"]))
    auditor.run()
    after = statuses(few)["K8sContainerLimits"]
    assert (after["totalViolations"], after["violations"]) == (before["totalViolations"], before["violations"])
    (gap,) = after["auditGaps"]
    assert (gap["reason"], gap["kind"]) == ("Forbidden", "Pod")
    assert "auditGaps" not in statuses(few)["K8sHttpsOnly"]
    assert [e["resource_kind"] for e in events(config, "audit_gap")] == ["Pod"]


def test_a_kind_whose_list_hangs_is_given_up_and_all_others_are_audited(
    samples: EmbeddedCluster, config: Config
) -> None:
    samples.faults.append(Fault(path="/api/v1/pods", delay=30.0, times=None))
    impatient = replace(config, audit=replace(config.audit, kind_timeout=1))
    assert serve(impatient) == EXIT_CODES[Outcome.GAPS]
    (gap,) = events(config, "audit_gap")
    assert (gap["gap_reason"], gap["resource_kind"]) == ("ListTimeout", "Pod")
    seen = ("K8sHttpsOnly", "K8sReplicaLimits", "K8sRequiredLabels", "K8sUniqueServiceSelector")
    assert {kind: totals(samples)[kind] for kind in seen} == {kind: TOTALS[kind] for kind in seen}
    assert statuses(samples)["K8sContainerLimits"]["auditGaps"][0]["reason"] == "ListTimeout"


def test_a_constraint_that_is_made_anew_during_a_run_does_not_get_its_predecessors_results(
    few: EmbeddedCluster, config: Config, auditor: Auditor
) -> None:
    kind = Kind(CONSTRAINTS, "v1beta1", "K8sHttpsOnly")
    (old,) = few.objects(kind)

    class Replacing(TableSink):
        def page(self, reviewed: Reviewed) -> None:
            if any(reviewed.violations()) and not replaced:
                replaced.append(reviewed)
                few.delete(kind, old["metadata"]["name"])
                fresh = {"name": old["metadata"]["name"], "uid": "another"}
                few.load([{**old, "metadata": fresh, "status": {}}])

    replaced: list[Reviewed] = []
    run = assemble(config, auditor.preparation.client, Metrics(), Duty(Event()), Beside((Replacing(StringIO()),))).run()
    assert run.totals["K8sHttpsOnly/" + old["metadata"]["name"]] == FEW["K8sHttpsOnly"]
    assert totals(few) == {**FEW, "K8sHttpsOnly": None}
    auditor.run()
    assert totals(few) == FEW


def test_data_of_secrets_and_config_maps_that_no_policy_reads_stays_in_the_api_server(
    samples: EmbeddedCluster, auditor: Auditor
) -> None:
    samples.load([labels_of("ConfigMap", "Secret")])
    before = auditor.run()
    assert forms(samples) == {"configmaps": {"metadata"}, "secrets": {"metadata"}, "pods": {"whole"}}
    samples.load(policy_of_data())
    samples.asked.clear()
    summary = auditor.run()
    assert forms(samples) == {"configmaps": {"metadata"}, "secrets": {"whole"}, "pods": {"whole"}}
    assert summary.totals - before.totals == {"K8sHasData/has-data": len(samples.objects("Secret"))}
    assert before.totals.total() == sum(TOTALS.values())


def forms(cluster: EmbeddedCluster) -> dict[str, set[str]]:
    """How the objects of three kinds were asked for."""
    found: dict[str, set[str]] = {}
    for asked in cluster.asked:
        plural = asked.path.removeprefix("/api/v1/")
        if plural in ("configmaps", "secrets", "pods"):
            form = "metadata" if "PartialObjectMetadataList" in asked.accept else "whole"
            found.setdefault(plural, set()).add(form)
    return found


def labels_of(*kinds: str) -> dict[str, Any]:
    """A constraint about labels that no object lacks."""
    return {
        "apiVersion": f"{CONSTRAINTS}/v1beta1",
        "kind": "K8sRequiredLabels",
        "metadata": {"name": "labels-of-data"},
        "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": list(kinds)}]}, "parameters": {"labels": []}},
    }


def policy_of_data() -> list[dict[str, Any]]:
    """A policy that looks into Secrets, and the definition of its constraints."""
    rego = """package data
violation[{"msg": "has data"}] { count(input.review.object.data) > 0 }
"""
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "k8shasdata"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "K8sHasData"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}],
        },
    }
    match = {"kinds": [{"apiGroups": [""], "kinds": ["Secret"]}]}
    constraint = {
        "apiVersion": f"{CONSTRAINTS}/v1beta1",
        "kind": "K8sHasData",
        "metadata": {"name": "has-data"},
        "spec": {"match": match},
    }
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "shop"},
        "data": {"a": "eA=="},
    }
    return [secret, crd(Template.parse(template)), template, constraint]


@pytest.mark.parametrize("restarted", [False, True])
def test_status_metrics_and_log_tell_the_same_of_what_could_not_be_seen(
    restarted: bool, samples: EmbeddedCluster, config: Config, auditor: Auditor
) -> None:
    auditor.run()
    if restarted:
        auditor = assemble(config, auditor.preparation.client, Metrics(), Duty(Event()))
    samples.denied.append(Rule(verbs=["list"], groups=[""], resources=["pods"]))
    summary = auditor.run()
    lines = {
        e["constraint_kind"]: (e["constraint_violations"], e.get("constraint_stale", False))
        for e in events(config, "constraint_audited")
        if e["audit_id"] == summary.info.audit_id
    }
    blind = {kind for kind, status in statuses(samples).items() if "auditGaps" in status}
    assert {"K8sContainerLimits", "K8sPSPPrivilegedContainer"} <= blind < TOTALS.keys()
    assert totals(samples) == TOTALS
    assert lines == {kind: (str(total), kind in blind) for kind, total in TOTALS.items()}
    assert known_violations(auditor.metrics) == {(k, str(k in blind).lower()): total for k, total in TOTALS.items()}
    by_action = sum(s.value for s in samples_of(auditor.metrics, "gatekeeper_violations"))
    assert by_action == sum(TOTALS.values())


def samples_of(metrics: Metrics, name: str) -> list[Any]:
    return [sample for family in metrics.registry.collect() for sample in family.samples if sample.name == name]


def known_violations(metrics: Metrics) -> dict[tuple[str, str], float]:
    rows = samples_of(metrics, "kube_patrol_violations")
    return {(row.labels["kind"], row.labels["stale"]): row.value for row in rows}


def test_what_can_be_listed_again_turns_complete_again(few: EmbeddedCluster, auditor: Auditor) -> None:
    few.denied.append(Rule(verbs=["list"], groups=[""], resources=["pods"]))
    auditor.run()
    assert statuses(few)["K8sContainerLimits"].get("totalViolations") is None
    few.denied.clear()
    auditor.run()
    assert totals(few) == FEW
    assert "auditGaps" not in statuses(few)["K8sContainerLimits"]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault("/api/v1/pods", query="continue=", status=410), id="an expired token without a fresh one"),
        pytest.param(Fault("/api/v1/pods", query="continue=", status=410, fresh_token=True), id="with a fresh one"),
        pytest.param(Fault("/api/v1/pods", query="continue=", status=429, retry_after=1), id="429 with Retry-After"),
        pytest.param(Fault("/api/v1/pods", query="continue=", status=503), id="503"),
        pytest.param(Fault("/api/v1/pods", query="continue=", cut=100), id="a cut connection"),
        pytest.param(Fault("*/status", method="PATCH", status=409), id="a conflict while a status is written"),
        pytest.param(Fault("*/status", method="PATCH", status=500, times=2), id="a server error while it is written"),
        pytest.param(Fault("/apis/templates*", status=500), id="templates that come at the second try"),
    ],
)
def test_what_can_be_got_over_changes_nothing(few: EmbeddedCluster, auditor: Auditor, fault: Fault) -> None:
    few.faults.append(fault)
    summary = auditor.run()
    assert (totals(few), summary.gaps) == (FEW, ())


def test_a_page_that_is_not_json_is_a_gap_and_other_kinds_go_on(few: EmbeddedCluster, auditor: Auditor) -> None:
    few.faults.append(Fault("/api/v1/pods", body=b"<html>proxy</html>", times=None))
    summary = auditor.run()
    assert [(g.reason, g.kind) for g in summary.gaps] == [("BadBody", POD)]
    assert "page 1 of v1/Pod" in summary.gaps[0].message
    assert totals(few)["K8sHttpsOnly"] == 2


def test_a_broken_api_group_is_a_gap_and_the_rest_is_audited(few: EmbeddedCluster, auditor: Auditor) -> None:
    few.broken.add("networking.k8s.io/v1")
    summary = auditor.run()
    assert [(g.cause.value, g.kind.group) for g in summary.gaps if g.kind] == [("discovery", "networking.k8s.io")]
    status = statuses(few)["K8sHttpsOnly"]
    assert (status.get("totalViolations"), status["auditGaps"][0]["group"]) == (None, "networking.k8s.io")
    assert totals(few)["K8sContainerLimits"] == 3


def test_only_kinds_that_some_constraint_can_match_are_listed_and_the_number_of_others_is_told_once(
    samples: EmbeddedCluster, auditor: Auditor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "kube_patrol")
    auditor.run()
    summary = auditor.run()
    listed = {"Pod", "Namespace", "Deployment", "Ingress", "Service"}
    assert {kind.kind for kind in summary.kinds} == listed
    assert len(summary.skipped) > 20
    told = [record.getMessage() for record in caplog.records if "can match" in record.getMessage()]
    assert told == [f"{len(summary.skipped)} kinds are not listed: no enforced constraint can match them"]
    assert not listed & {kind.kind for kind in summary.skipped}
    counted = auditor.metrics.registry.get_sample_value("kube_patrol_kinds", {"state": "skipped"})
    assert counted == len(summary.skipped)
    asked = {request.path.rpartition("/")[2] for request in samples.asked if "limit" in request.query}
    assert asked >= {"pods", "namespaces", "deployments"}
    assert not asked & {"configmaps", "secrets", "nodes", "replicasets", "jobs"}


def test_events_that_two_groups_serve_are_counted_once(samples: EmbeddedCluster, auditor: Auditor) -> None:
    always = samples.get(Kind(CONSTRAINTS, "v1beta1", "K8sRequiredLabels"), "namespaces-have-an-owner") or {}
    match = {"kinds": [{"apiGroups": ["", "events.k8s.io"], "kinds": ["Event"]}]}
    spec = {**always["spec"], "match": match}
    events_too = {**always, "metadata": {"name": "events"}, "spec": spec, "status": {}}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": "shop"}, "involvedObject": {}}
    samples.load([events_too, event])
    summary = auditor.run()
    assert summary.totals["K8sRequiredLabels/events"] == 1


def test_excluded_namespaces_are_not_audited_and_counted(samples: EmbeddedCluster, auditor: Auditor) -> None:
    exclusion = {"match": [{"processes": ["audit"], "excludedNamespaces": ["pay*"]}]}
    meta = {"name": "config", "namespace": "gatekeeper-system"}
    samples.load(
        [{"apiVersion": "config.gatekeeper.sh/v1alpha1", "kind": "Config", "metadata": meta, "spec": exclusion}]
    )
    summary = auditor.run()
    assert summary.kinds[POD].excluded == 2
    assert {v["namespace"] for v in statuses(samples)["K8sContainerLimits"]["violations"]} == {"shop"}


def test_deleted_objects_are_gone_from_the_next_run(samples: EmbeddedCluster, auditor: Auditor) -> None:
    auditor.run()
    samples.delete("Pod", "debug-alice", "payments")
    auditor.run()
    assert totals(samples) == {
        **TOTALS,
        "K8sAllowedRepos": 1,
        "K8sContainerLimits": 1,
        "K8sDisallowedTags": 1,
        "K8sPSPPrivilegedContainer": 0,
    }


def test_a_constraint_deleted_during_the_run_is_no_error(few: EmbeddedCluster, auditor: Auditor) -> None:
    path = f"/apis/{CONSTRAINTS}/v1beta1/k8shttpsonly/*"
    few.faults.append(Fault(path, status=404, times=None, named=True))
    assert auditor.run().gaps == ()


def test_a_404_of_somebody_else_does_not_make_a_constraint_deleted(few: EmbeddedCluster, auditor: Auditor) -> None:
    path = f"/apis/{CONSTRAINTS}/v1beta1/k8shttpsonly/*"
    few.faults.append(Fault(path, status=404, times=None))
    assert {(gap.cause.value, "ingresses-are-https-only" in gap.message) for gap in auditor.run().gaps} == {
        ("sink", True)
    }


def test_a_status_that_cannot_be_written_is_a_gap_and_the_others_are_written(
    few: EmbeddedCluster, auditor: Auditor
) -> None:
    few.denied.append(Rule(verbs=["patch"], groups=[CONSTRAINTS], resources=["k8shttpsonly/status"]))
    gaps = [g for g in auditor.run().gaps if g.cause.value == "sink"]
    assert any("K8sHttpsOnly/ingresses-are-https-only" in g.message for g in gaps)
    assert totals(few)["K8sContainerLimits"] == 3


def test_metrics_tell_of_the_run(samples: EmbeddedCluster, auditor: Auditor) -> None:
    auditor.run()
    value = auditor.metrics.registry.get_sample_value
    assert value("gatekeeper_violations", {"enforcement_action": "deny"}) == 7
    assert value("gatekeeper_violations", {"enforcement_action": "unrecognized"}) == 0
    assert value("kube_patrol_api_requests_total", {"verb": "list", "resource": "pods", "status": "200"}) == 3


def test_a_cluster_without_the_template_crd_has_nothing_to_audit_and_says_so(
    cluster: EmbeddedCluster, config: Config
) -> None:
    assert serve(config) == 5
    (gap,) = events(config, "audit_gap")
    assert "does not serve templates.gatekeeper.sh" in gap["msg"]


def test_a_run_that_cannot_discover_fails_and_exits_with_one(few: EmbeddedCluster, config: Config) -> None:
    few.faults.append(Fault("/api*", status=403, times=None))
    assert serve(config) == 1
    assert [e["event_type"] for e in events(config)] == ["audit_started", "audit_gap", "audit_finished"]
    (gap,), (end,) = events(config, "audit_gap"), events(config, "audit_finished")
    assert (gap["gap_cause"], gap["gap_reason"], end["outcome"], end["level"]) == (
        "run",
        "Forbidden",
        "failed",
        "error",
    )
    assert "403 Forbidden" in end["reason"]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        pytest.param(Rule(verbs=["list"], groups=[""], resources=["pods"]), 3, id="a kind may not be listed"),
        pytest.param(Rule(verbs=["patch"], groups=[CONSTRAINTS], resources=["*/status"]), 4, id="no status"),
        pytest.param(Rule(verbs=["patch"], groups=[CONSTRAINTS], resources=["k8shttpsonly/status"]), 4, id="one not"),
        pytest.param(Rule(verbs=["list"], groups=["*"], resources=["*"]), 1, id="nothing may be listed"),
        pytest.param(Rule(verbs=["list"], groups=["templates.gatekeeper.sh"], resources=["*"]), 1, id="no templates"),
        pytest.param(Rule(verbs=["list"], groups=[CONSTRAINTS], resources=["*"]), 1, id="no constraints"),
    ],
)
def test_the_exit_code_and_the_last_line_say_what_is_missing(
    rule: Rule, code: int, few: EmbeddedCluster, config: Config
) -> None:
    few.denied.append(rule)
    assert serve(config) == code
    (end,) = events(config, "audit_finished")
    assert EXIT_CODES[Outcome(end["outcome"])] == code
    assert end["reason"]


def test_statuses_come_first_and_the_log_last_whatever_else_hears_of_a_run(
    few: EmbeddedCluster, config: Config, auditor: Auditor, tmp_path: Path
) -> None:
    every = replace(
        config,
        events=EventsConfig(emit=True, on_change=True),
        results=replace(config.results, folder=str(tmp_path / "results")),
    )
    more = Beside((TableSink(StringIO().write),))
    sinks = assemble(every, auditor.preparation.client, Metrics(), Duty(Event()), more).sinks
    names = [type(sink).__name__ for sink in sinks]
    between = ["AuditEvents", "ChangeEvents", "MetricsSink", "ResultsSink", "TableSink"]
    assert (names[0], sorted(names[1:-1]), names[-1]) == ("StatusSink", between, "LogSink")


def test_people_are_shown_what_could_not_be_exported(few: EmbeddedCluster, config: Config, tmp_path: Path) -> None:
    page = StringIO()
    spills = str(tmp_path / "spill")
    assert serve(replace(config, export=ExportConfig(enabled=True, spill_dir=spills)), TableSink(page.write)) == 4
    assert "sink NoConnection: " in page.getvalue()


def test_the_last_line_of_the_log_knows_of_everything_that_was_not_written(
    few: EmbeddedCluster, config: Config, auditor: Auditor
) -> None:
    auditor.run()  # from now on nothing but the results is written, and only at the end
    few.denied.append(Rule(verbs=["patch"], groups=[CONSTRAINTS], resources=["*/status"]))
    outcome = ending(auditor.run()).outcome
    *_, end = events(config, "audit_finished")
    assert (outcome, end["outcome"]) == (Outcome.UNWRITTEN, "unwritten")


@pytest.mark.parametrize("last", [False, True])
def test_a_sink_that_cannot_finish_is_told_by_metrics_and_exit_code_in_whatever_order(
    last: bool, few: EmbeddedCluster, config: Config, auditor: Auditor
) -> None:
    class Full:
        """A table on a full disk."""

        def __call__(self, text: str) -> None:
            raise OSError(28, "No space left on device")

    broken = TableSink(Full())
    sinks = (*auditor.sinks, broken) if last else (broken, *auditor.sinks)
    summary = replace(auditor, sinks=sinks).run()
    assert ending(summary).outcome is Outcome.UNWRITTEN
    assert gaps_told(auditor.metrics) == {("sink", "OSError"): 1}
    assert totals(few) == FEW


def gaps_told(metrics: Metrics) -> dict[tuple[str, str], float]:
    rows = samples_of(metrics, "kube_patrol_gaps")
    return {(row.labels["cause"], row.labels["reason"]): row.value for row in rows}


def test_with_changes_alone_a_second_run_logs_only_what_is_new_and_what_is_gone(
    few: EmbeddedCluster, config: Config
) -> None:
    changes = replace(config, log=replace(config.log, violations="changes"))
    with auditing(changes) as auditor:
        auditor.run()
        assert len(events(config, "violation_audited")) == sum(FEW.values())
        (gone, *_) = events(config, "violation_audited")
        auditor.run()
        assert len(events(config, "violation_audited")) == sum(FEW.values())
        kind = Kind.of(f"{gone['resource_group']}/{gone['resource_api_version']}".lstrip("/"), gone["resource_kind"])
        few.delete(kind, gone["resource_name"], gone["resource_namespace"])
        auditor.run()
    resolved = events(config, "violation_resolved")
    assert {line["resource_name"] for line in resolved} >= {gone["resource_name"]}
    assert len(events(config, "violation_audited")) == sum(FEW.values())


def test_an_interrupted_run_leaves_the_last_results_alone(few: EmbeddedCluster, auditor: Auditor) -> None:
    auditor.run()
    stamp = statuses(few)["K8sHttpsOnly"]
    auditor.duty.stop.set()
    assert auditor.run().cut is Outcome.INTERRUPTED
    assert statuses(few)["K8sHttpsOnly"] == stamp


def test_a_mistake_of_ours_ends_the_run_and_is_logged_with_its_audit_id(
    few: EmbeddedCluster, config: Config, auditor: Auditor
) -> None:
    def broken(info: RunInfo) -> None:
        raise KeyError("uid")

    summary = replace(auditor, preparation=broken).run()  # type: ignore[arg-type]
    assert (summary.cut, ending(summary).reason) == (Outcome.FAILED, "the run failed: KeyError: 'uid'")
    lines = [json.loads(line) for line in Path(config.log.file).read_text().splitlines()]
    (line,) = [line for line in lines if "stacktrace" in line]
    assert (line["level"], line["audit_id"]) == ("error", summary.info.audit_id)
    assert gaps_told(auditor.metrics) == {("run", "KeyError"): 1}


def test_no_secret_is_ever_written_to_the_cache_or_the_log(
    few: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "shop"},
        "data": {"p": "aHVudGVyMg=="},
    }
    few.load([secret])
    serve(config)
    assert "aHVudGVyMg" not in Path(config.log.file).read_text()
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_kubeconfig_that_does_not_exist_is_named(config: Config, tmp_path: Path) -> None:
    nowhere = replace(config, cluster=ClusterConfig(kubeconfig=str(tmp_path / "nowhere")))
    with pytest.raises(ConfigError, match=r"kubeconfig .*/nowhere: does not exist"):
        serve(nowhere)
