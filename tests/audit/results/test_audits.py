"""Audits of the embedded cluster that keep their results: what is in the files is what the cluster has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policybuilders import samples_with

from audit.app import serve
from audit.cli import main
from audit.demo import load
from audit.embedded import EmbeddedCluster, Fault
from audit.settings.config import AuditConfig, ClusterConfig, Config, LogConfig, ResultsConfig
from constraints import Kind

CONSTRAINTS = "constraints.gatekeeper.sh"
KINDS = ("K8sContainerLimits", "K8sHttpsOnly", "K8sUniqueServiceSelector")
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "default"},
    "data": {"password": "aHVudGVyMg=="},
}
TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1",
    "kind": "ConstraintTemplate",
    "metadata": {"name": "k8snosecrets"},
    "spec": {
        "crd": {"spec": {"names": {"kind": "K8sNoSecrets"}}},
        "targets": [
            {
                "target": "admission.k8s.gatekeeper.sh",
                "rego": 'package k8snosecrets\nviolation[{"msg": "no"}] { input.review.object.data.password }',
            }
        ],
    },
}


@pytest.fixture
def config(cluster: EmbeddedCluster, tmp_path: Path) -> Config:
    load(cluster, samples_with(KINDS))
    return Config(
        audit=AuditConfig(once=True, chunk_size=2, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig")), leader_elect=False),
        log=LogConfig(file=str(tmp_path / "log")),
        results=ResultsConfig(folder=str(tmp_path / "results"), compress=True),
    )


def shown(config: Config, capsys: pytest.CaptureFixture[str], *flags: str) -> Any:
    assert main(["results", "--results-dir", config.results.folder, "-o", "json", *flags]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_file_says_what_statuses_and_log_say(
    cluster: EmbeddedCluster, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    assert serve(config) == 0
    told = shown(config, capsys)
    (run,) = told["runs"]
    totals = {
        line["constraint_kind"]: (line["violations"], line["total"], line["stale"]) for line in run["constraints"]
    }
    written = {
        kind: cluster.objects(Kind(CONSTRAINTS, "v1beta1", kind))[0]["status"]["totalViolations"] for kind in KINDS
    }
    assert totals == {kind: (number, number, False) for kind, number in written.items()}
    logged = [json.loads(line) for line in Path(config.log.file).read_text().splitlines()]
    own = {"resource_uid", "full_message"}
    assert [{key: line[key] for key in line.keys() - own} for line in told["violations"]] == [
        {key: line[key] for key in line.keys() - {"level", "ts", "logger", "process"}}
        for line in logged
        if line.get("event_type") == "violation_audited"
    ]
    passes = {line["constraint_kind"]: line["passes"] for line in run["constraints"]}
    assert passes["K8sContainerLimits"] > 0
    assert all(line["resource_uid"] for line in told["violations"])


def test_what_could_not_be_listed_is_stale_and_not_resolved(
    cluster: EmbeddedCluster, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(config)
    cluster.faults.append(Fault("/api/v1/pods", status=403))
    cluster.delete(Kind("", "v1", "Service"), "web-canary", "shop")
    assert serve(config) == 3
    told = shown(config, capsys, "--diff", "previous", "latest")
    assert {(row["change"], row["resource_kind"]) for row in told["changes"]} == {
        *(("stale", "Pod"), ("resolved", "Service"))
    }


def test_data_of_secrets_is_in_no_file(
    cluster: EmbeddedCluster, config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    constraint = {"apiVersion": f"{CONSTRAINTS}/v1beta1", "kind": "K8sNoSecrets", "metadata": {"name": "none"}}
    load(cluster, [SECRET, TEMPLATE, {**constraint, "spec": {}}])
    serve(replace(config, results=replace(config.results, compress=False)))
    assert shown(config, capsys, "--kind", "Secret")["counts"] == {"shown": 1}
    assert "aHVudGVyMg" not in Path(config.results.folder, "latest").read_text()


def test_a_folder_that_cannot_be_used_is_a_gap_and_the_audit_goes_on(
    cluster: EmbeddedCluster, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "results").write_text("a file")
    assert serve(config) == 4
    (gap,) = [line for line in Path(config.log.file).read_text().splitlines() if '"audit_gap"' in line]
    told = json.loads(gap)
    assert (told["gap_cause"], told["gap_reason"]) == ("sink", "NoFolder")
    assert told["msg"].startswith(f"sink results: {tmp_path / 'results'}: ")
    assert cluster.objects(Kind(CONSTRAINTS, "v1beta1", "K8sHttpsOnly"))[0]["status"]["totalViolations"] == 2
    (tmp_path / "results").unlink()
    assert serve(config) == 0
    assert (tmp_path / "results" / "latest").exists()


def test_nothing_is_written_unless_it_is_asked_for(config: Config, tmp_path: Path) -> None:
    serve(replace(config, results=ResultsConfig()))
    assert not (tmp_path / "results").exists()
