"""The whole program against the embedded cluster: what a user sees in statuses, log, metrics and exit codes."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from io import StringIO
from pathlib import Path
from threading import Event

import pytest
from builders import POD
from policybuilders import constraint, template
from wholeruns import CONSTRAINTS, FEW, TOTALS, auditing, events, samples_of, statuses, totals

from audit.app import Beside, assemble, serve
from audit.auditor import Auditor
from audit.embedded import EmbeddedCluster
from audit.embedded.access import Rule
from audit.embedded.faults import Fault
from audit.errors import ConfigError
from audit.metrics.registry import Metrics
from audit.model import Outcome, RunInfo
from audit.outcomes import EXIT_CODES, ending
from audit.process.leading import Duty
from audit.settings.config import ClusterConfig, Config, EventsConfig, ExportConfig
from audit.sinks.table import TableSink
from constraints import Kind, Template
from constraints.crd import crd


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


@pytest.mark.parametrize(("read", "told"), [("managedFields", 3), ("labels", 0)])
def test_managed_fields_are_seen_by_a_policy_that_reads_them(
    few: EmbeddedCluster, auditor: Auditor, read: str, told: int
) -> None:
    managed = [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}]
    metadata = {"namespace": "shop", "managedFields": managed}
    rego = f'package x\nviolation[{{"msg": m.manager}}] {{ m := input.review.object.metadata.{read}[_] }}'
    maps = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**metadata, "name": f"c{at}"}} for at in range(3)]
    few.load([*maps, crd(Template.parse(template(rego=rego))), template(rego=rego)])
    few.load([constraint(match={"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}]})])
    assert auditor.run().totals["K8sTest/one"] == told


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
