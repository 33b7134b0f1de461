"""Whatever goes wrong at whichever request: status, log, metrics and outcome say the same, and no figure is false."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from policybuilders import samples_with

from audit.aggregate import Summary
from audit.app import assemble
from audit.auditor import Auditor
from audit.demo import load, sample_objects
from audit.embedded import EmbeddedCluster
from audit.embedded.faults import Fault
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock, Retries
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.model import Outcome
from audit.outcomes import ending
from audit.process.leading import Duty
from audit.settings.config import AuditConfig, ClusterConfig, Config, LogConfig
from constraints import Kind

FEW = {"K8sRequiredLabels", "K8sDisallowedTags", "K8sUniqueServiceSelector"}  # the last reads the inventory
FAULTS = {
    "refused": {"status": 403},
    "not there": {"status": 404},
    "not JSON": {"body": b"<html>sorry</html>"},
    "less than there is": {"body": b"{}"},
}


@dataclass
class Trial:
    """A cluster and its audits, in one process or with a restart between."""

    cluster: EmbeddedCluster
    config: Config
    client: Client

    def auditor(self) -> Auditor:
        return assemble(self.config, self.client, Metrics(), Duty(Event()))

    def totals(self) -> dict[str, Any]:
        return {key: status.get("totalViolations") for key, status in self.statuses().items()}

    def statuses(self) -> dict[str, dict[str, Any]]:
        kinds = [t["spec"]["crd"]["spec"]["names"]["kind"] for t in self.cluster.objects("ConstraintTemplate")]
        found = (c for kind in kinds for c in self.cluster.objects(Kind("constraints.gatekeeper.sh", "v1beta1", kind)))
        return {f"{c['kind']}/{c['metadata']['name']}": c.get("status", {}) for c in found}

    def events(self, audit_id: str, name: str) -> list[dict[str, Any]]:
        lines = map(json.loads, Path(self.config.log.file).read_text().splitlines())
        return [e for e in lines if e.get("event_type") == name and e["audit_id"] == audit_id]


@pytest.fixture
def trial(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Trial]:
    config = Config(
        audit=AuditConfig(once=True, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig")), leader_elect=False),
        log=LogConfig(file=str(tmp_path / "log"), violations="none"),
    )
    handler = configure_logging(config.log)
    connection = connect(Access(kubeconfig=config.cluster.kubeconfig))
    client = Client(connection, retries=Retries(attempts=1), clock=Clock(sleep=lambda seconds: None))
    yield Trial(cluster, config, client)
    connection.close()
    handler.close()


def series(metrics: Metrics, name: str) -> list[tuple[dict[str, str], float]]:
    samples = (sample for family in metrics.registry.collect() for sample in family.samples)
    return [(sample.labels, sample.value) for sample in samples if sample.name == name]


def violations(metrics: Metrics) -> Iterator[tuple[str, float]]:
    return ((f"{row['kind']}/{row['name']}", value) for row, value in series(metrics, "kube_patrol_violations"))


def told(trial: Trial, auditor: Auditor, summary: Summary) -> None:
    """Log, metrics and outcome say the same of this run."""
    end, metrics = ending(summary), auditor.metrics
    (line,) = trial.events(summary.info.audit_id, "audit_finished")
    gaps = trial.events(summary.info.audit_id, "audit_gap")
    complete = end.outcome is Outcome.COMPLETE
    assert (line["outcome"], line.get("reason", "")) == (end.outcome.value, end.reason)
    assert (len(gaps), bool(gaps)) == (len(summary.gaps), not complete)
    assert metrics.registry.get_sample_value("kube_patrol_last_run_complete") == complete
    assert sum(value for _, value in series(metrics, "kube_patrol_gaps")) == len(gaps)


@pytest.mark.parametrize(
    ("fault", "warm", "step"),
    [
        pytest.param("refused", True, 11, id="a sample of the requests of a warm run"),
        pytest.param("not JSON", False, 11, id="a sample of the requests of a cold run"),
        *(
            pytest.param(fault, warm, 1, marks=pytest.mark.slow, id=f"{fault}, {'warm' if warm else 'cold'}")
            for fault in FAULTS
            for warm in (True, False)
        ),
    ],
)
def test_a_fault_at_any_request_is_told_alike_and_no_figure_is_false(
    fault: str, warm: bool, step: int, trial: Trial
) -> None:
    load(trial.cluster, sample_objects() if step == 1 else samples_with(FEW))
    trial.auditor().run()
    truth, auditor = trial.totals(), trial.auditor()
    starts = map(float, count(1_900_000_000, 60))
    for index in count(0, step):
        if warm:
            auditor.run()
        else:
            auditor = trial.auditor()
        auditor = replace(auditor, clock=partial(next, starts))
        trial.cluster.faults.clear()
        trial.cluster.asked.clear()
        trial.cluster.faults.append(Fault(after=index, **FAULTS[fault]))  # type: ignore[arg-type]
        summary = auditor.run()
        if len(trial.cluster.asked) <= index:
            assert index > step
            break
        told(trial, auditor, summary)
        assert trial.totals() == truth
        assert dict(violations(auditor.metrics)).items() <= truth.items()


def test_what_a_run_reads_first_has_no_more_time_than_the_run(trial: Trial) -> None:
    load(trial.cluster, samples_with(FEW))
    trial.auditor().run()
    truth = trial.totals()
    trial.config = replace(trial.config, audit=replace(trial.config.audit, timeout=1))
    trial.cluster.faults.append(Fault("/apis", delay=4))
    # Not in the same second as the run before, whose audit_id it would have.
    auditor = replace(trial.auditor(), clock=lambda: 1_900_000_000.0)
    summary = auditor.run()
    assert ("discovery", "Timeout") in [(gap.cause.value, gap.reason) for gap in summary.gaps]
    told(trial, auditor, summary)
    assert trial.totals() == truth
