"""What the flags about Rego do to a run, on the embedded cluster."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policybuilders import constraint, template

from audit.app import serve
from audit.cli import main
from audit.demo import IN_SOURCES, load, pointed_at
from audit.embedded import EmbeddedCluster
from audit.settings.arguments import parse
from audit.settings.config import Config
from audit.settings.flagtypes import GUARDED as NAMES
from audit.sources.manifests import read_objects
from constraints import Kind
from constraints.rego.builtins.families import GUARDED
from constraints.rego.runtime.context import BUDGET

PLAIN = 'package x\nviolation[{"msg": msg}] { msg := upper(input.review.object.metadata.name) }'
LOOKUP = 'package x\nviolation[{"msg": ip}] { ip := net.lookup_ip_addr("localhost")[_]; ip == "127.0.0.1" }'
RUNAWAY = """package x
violation[{"msg": "m"}] {
  xs := numbers.range(1, input.review.object.data.size)
  count([1 | xs[a]; xs[b]; xs[c]; xs[d]; a + b + c + d == 3]) > 0
}
"""
SMALL, LARGE = (
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": {"size": size},
    }
    for name, size in (("small", 2), ("large", 100))
)
MAPS = {"match": {"kinds": [{"apiGroups": [""], "kinds": ["ConfigMap"]}]}}


@pytest.fixture
def policies(cluster: EmbeddedCluster) -> EmbeddedCluster:
    """Three templates, each with a constraint, and two objects."""
    templates = [template("K8sPlain", PLAIN), template("K8sLookup", LOOKUP), template("K8sRunaway", RUNAWAY)]
    constraints = [constraint("one", kind, **MAPS) for kind in ("K8sPlain", "K8sLookup", "K8sRunaway")]
    crds = read_objects([str(IN_SOURCES / "crds")])
    load(cluster, [*crds, *templates, *constraints, SMALL, LARGE])
    return cluster


def run(cluster: EmbeddedCluster, folder: Path, *flags: str) -> Config:
    """One audit with these flags and few steps for a policy; gives its configuration."""
    config = pointed_at(
        Config.of(parse(["--once", "--health-addr=0", "--prometheus-port=0", "--evaluation-budget=20000", *flags], {})),
        cluster.kubeconfig(folder / "kubeconfig"),
        str(folder / "log"),
        folder / "cache",
    )
    config = replace(config, cluster=replace(config.cluster, leader_elect=False))
    assert serve(config) in (0, 3)  # 3: a template in error is a gap
    return config


def status(cluster: EmbeddedCluster, kind: str) -> dict[str, Any]:
    """The status of the constraint of a kind."""
    (found,) = cluster.objects(Kind("constraints.gatekeeper.sh", "v1beta1", kind))
    result: dict[str, Any] = found.get("status", {})
    return result


def template_errors(cluster: EmbeddedCluster, kind: str) -> list[str]:
    """What is wrong with a template, and where, as its status has it."""
    found = cluster.get("ConstraintTemplate", kind.lower()) or {}
    errors = [error for pod in found["status"]["byPod"] for error in pod.get("errors", [])]
    return [f"{error['location']}: {error['message']}" for error in errors]


def gaps(config: Config) -> list[dict[str, Any]]:
    """The gaps of a run, from its log."""
    events = [json.loads(line) for line in Path(config.log.file).read_text().splitlines()]
    return [event for event in events if event.get("event_type") == "audit_gap"]


def messages(cluster: EmbeddedCluster, kind: str) -> list[tuple[str, str]]:
    """Names and messages of the violations of a kind's constraint."""
    return sorted((row["name"], row["message"]) for row in status(cluster, kind).get("violations", []))


def test_a_template_that_calls_a_disabled_builtin_is_in_error_and_a_gap(
    policies: EmbeddedCluster, tmp_path: Path
) -> None:
    config = run(policies, tmp_path, "--disable-opa-builtin={upper}", "--enable-opa-builtin=net.lookup_ip_addr")
    assert template_errors(policies, "K8sPlain") == [
        "K8sPlain/template:2:34: rego_type_error: undefined function upper"
    ]
    assert [gap["gap_policy"] for gap in gaps(config)] == ["K8sPlain", "K8sPlain/one"]
    assert "totalViolations" not in status(policies, "K8sPlain")
    assert template_errors(policies, "K8sLookup") == []
    assert ("small", "127.0.0.1") in messages(policies, "K8sLookup")


def test_what_reaches_the_network_is_refused_by_default(policies: EmbeddedCluster, tmp_path: Path) -> None:
    run(policies, tmp_path)
    (error,) = template_errors(policies, "K8sLookup")
    assert error == "K8sLookup/template:2:32: rego_type_error: undefined function net.lookup_ip_addr"
    assert messages(policies, "K8sPlain") == [("large", "LARGE"), ("small", "SMALL")]


def test_a_policy_that_runs_away_is_an_error_for_its_object_and_the_audit_goes_on(
    policies: EmbeddedCluster, tmp_path: Path
) -> None:
    run(policies, tmp_path)
    assert messages(policies, "K8sPlain") == [("large", "LARGE"), ("small", "SMALL")]
    (name, text), (other, fine) = messages(policies, "K8sRunaway")
    assert (name, other, fine) == ("large", "small", "m")
    assert "more steps than it is given" in text


@pytest.mark.parametrize(
    ("flag", "why"),
    [
        ("--evaluation-budget=0", "expected a whole number, 1 or more"),
        ("--evaluation-budget=-1", "expected a whole number, 1 or more"),
        ("--evaluation-budget=1e6", "expected a whole number, 1 or more"),
        ("--evaluation-budget=99999999999", "expected a whole number, 1 or more"),
        ("--enable-opa-builtin=http.sent", "expected some of http.send, net.lookup_ip_addr"),
    ],
)
def test_a_value_out_of_range_is_wrong_use(flag: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", flag]) == 2
    assert capsys.readouterr().err == f"patrol: {flag}: {why}\nSee `patrol run --help`.\n"


def test_the_builtins_that_can_be_enabled_are_those_that_are_guarded() -> None:
    assert set(NAMES) == GUARDED


def test_the_budget_is_the_same_whoever_names_none() -> None:
    assert Config().policies.evaluation_budget == BUDGET
