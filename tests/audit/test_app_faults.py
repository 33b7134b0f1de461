"""The whole program where a part of the cluster cannot be seen: what is told of that, and what is not read at all."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from threading import Event
from typing import Any

import pytest
from builders import POD
from wholeruns import CONSTRAINTS, FEW, TOTALS, events, samples_of, statuses, totals

from audit.app import Beside, assemble, serve
from audit.auditor import Auditor
from audit.embedded import EmbeddedCluster
from audit.embedded.access import Rule
from audit.embedded.faults import Fault
from audit.metrics.registry import Metrics
from audit.model import Outcome
from audit.outcomes import EXIT_CODES
from audit.process.leading import Duty
from audit.settings.config import Config
from audit.sinks.table import TableSink
from audit.verdicts import Reviewed
from constraints import Kind, Template
from constraints.crd import crd


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
