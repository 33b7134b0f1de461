"""What the real helm makes of the chart, and what a real API server and the program make of that."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster.api import Object
from cluster.deployed import manifests
from cluster.patrol import ROOT
from cluster.releases import CHART, DAPR_ANNOTATIONS, DISK, Helm

from audit.settings.arguments import parse, warnings
from audit.settings.config import Config

pytestmark = pytest.mark.cluster
PEERS = ROOT / "tests" / "peers"
HELMS = {"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "helm.sh/chart"}
DAPR = DISK[:3]
READER = {  # of the same page: what stands in a file of values for the driver disk
    "name": "reader",
    "image": "ghcr.io/open-policy-agent/fake-reader:latest",
    "imagePullPolicy": "Always",
    "securityContext": {"runAsUser": 1000, "runAsNonRoot": True},
    "volumeMounts": [{"mountPath": "/tmp/violations", "name": "tmp-violations"}],
}
EVENTS = {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]}
NEW_EVENTS = {"apiGroups": ["events.k8s.io"], "resources": ["events"], "verbs": ["create"]}


@pytest.fixture(scope="module")
def gatekeepers() -> dict[str, Any]:
    """All values of Gatekeeper's chart, of the version that answers are compared with."""
    if shutil.which("go") is None:
        pytest.skip("needs Go to have Gatekeeper's chart")
    command = ["go", "mod", "download", "-json", "github.com/open-policy-agent/gatekeeper/v3"]
    module = subprocess.run(command, cwd=PEERS, stdout=subprocess.PIPE, text=True, check=True)
    chart = Path(json.loads(module.stdout)["Dir"]) / "charts" / "gatekeeper"
    values: dict[str, Any] = yaml.safe_load((chart / "values.yaml").read_text())
    return values


def one(objects: list[Object], kind: str) -> Object:
    (found,) = [obj for obj in objects if obj["kind"] == kind]
    return found


def pod(objects: list[Object]) -> Any:
    return one(objects, "Deployment")["spec"]["template"]["spec"]


def config(objects: list[Object]) -> Config:
    """What the program is told; there is nothing to warn of."""
    command, *flags = pod(objects)["containers"][0]["args"]
    assert command == "run"
    values = parse(flags, {})
    assert warnings(values) == ()
    return Config.of(values)


def test_helm_finds_nothing_to_complain_about(helm: Helm) -> None:
    assert "0 chart(s) failed" in (told := helm.does("lint", "--strict", str(CHART)))
    assert [line for line in told.splitlines() if line.startswith("[") and "icon is recommended" not in line] == []


def test_without_values_the_chart_is_what_the_kustomization_applies(helm: Helm) -> None:
    ours = {identity(obj): comparable(obj) for obj in helm.render("--include-crds")}
    theirs = {identity(obj): comparable(obj) for obj in manifests()}
    del theirs["Namespace", "kube-patrol"]  # made by helm install --create-namespace
    role = theirs["Role", "kube-patrol"]  # the rights to export come with enableViolationExport
    role["rules"] = [rule for rule in role["rules"] if rule["apiGroups"] == ["coordination.k8s.io"]]
    assert ours == theirs


def identity(obj: Object) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]


def comparable(obj: Object) -> Object:
    """An object without what helm says of itself; the order of flags does not count."""
    copy: Object = json.loads(json.dumps(obj))
    for name in HELMS:
        copy["metadata"].get("labels", {}).pop(name, None)
    if copy["kind"] == "Deployment":
        (container,) = copy["spec"]["template"]["spec"]["containers"]
        container["args"].sort()
    return copy


def test_without_values_the_program_runs_with_its_defaults(helm: Helm) -> None:
    assert config(helm.render()) == Config.of(parse([], {}))


def test_disk_as_gatekeepers_documentation_has_it_brings_volume_reader_and_connection(helm: Helm) -> None:
    objects = helm.render(*DISK)
    connection = one(objects, "Connection")
    assert connection["metadata"]["name"] == "audit-connection"
    assert connection["spec"] == {
        "driver": "disk",
        "config": {"path": "/tmp/violations/topics", "maxAuditResults": 3},
    }
    spec = pod(objects)
    audit, reader = spec["containers"]
    assert {"name": "tmp-violations", "emptyDir": {}} in spec["volumes"]
    assert {"name": "tmp-violations", "mountPath": "/tmp/violations"} in audit["volumeMounts"]
    assert reader["args"] == ["export", "read", "/tmp/violations/topics"]
    assert (reader["name"], reader["image"]) == ("reader", audit["image"])
    assert reader["volumeMounts"] == [{"name": "tmp-violations", "mountPath": "/tmp/violations", "readOnly": True}]
    assert reader["securityContext"] == audit["securityContext"]
    export = config(objects).export
    assert (export.enabled, export.connection, export.channel) == (True, "audit-connection", "audit-channel")


def test_a_reader_of_ones_own_is_taken_as_it_is(helm: Helm) -> None:
    values = {"audit": {"exportSidecar": READER, "exportVolume": {"name": "tmp-violations", "emptyDir": {}}}}
    assert pod(helm.render(*DISK, values=values))["containers"][1] == READER


def test_the_reader_can_be_changed_and_left_out(helm: Helm) -> None:
    changed = {"audit": {"exportSidecar": {"name": "tail", "resources": {"limits": {"memory": "99Mi"}}}}}
    reader = pod(helm.render(*DISK, values=changed))["containers"][1]
    assert (reader["name"], reader["resources"]["limits"]["memory"]) == ("tail", "99Mi")
    assert reader["args"][:2] == ["export", "read"]
    assert len(pod(helm.render(*DISK, "--set=audit.disableAuditSidecar=true"))["containers"]) == 1


def test_a_volume_of_ones_own_takes_the_place_of_the_emptydir(helm: Helm) -> None:
    volume = {"persistentVolumeClaim": {"claimName": "violations"}}
    objects = helm.render(*DISK, values={"audit": {"exportVolume": volume}})
    assert {"name": "tmp-violations", **volume} in pod(objects)["volumes"]


def test_all_fields_of_the_connection_can_be_given_and_zero_counts(helm: Helm) -> None:
    given = {"path": "/data/here", "maxAuditResults": 0, "extended": True}
    audit = {"exportConnection": given, "exportVolumeMount": {"path": "/data"}}
    objects = helm.render(*DISK[:3], DISK[4], values={"audit": audit})
    assert one(objects, "Connection")["spec"]["config"] == given
    stdout = helm.render(*DISK[:3], "--set=exportBackend=stdout", values={"audit": audit})
    assert one(stdout, "Connection")["spec"] == {"driver": "stdout", "config": {"extended": True}}
    assert len(pod(stdout)["containers"]) == 1


def test_dapr_as_gatekeepers_documentation_has_it_brings_annotations_and_flags(helm: Helm) -> None:
    objects = helm.render(*DAPR, values={"auditPodAnnotations": DAPR_ANNOTATIONS})
    assert one(objects, "Deployment")["spec"]["template"]["metadata"]["annotations"] == DAPR_ANNOTATIONS
    assert config(objects).export.enabled
    assert [obj for obj in objects if obj["kind"] == "Connection"] == []  # made by hand there
    made = helm.render(*DAPR, "--set=exportBackend=dapr", "--set=audit.exportConnection.component=pubsub")
    assert one(made, "Connection")["spec"] == {"driver": "dapr", "config": {"component": "pubsub"}}


def test_the_rights_to_export_come_with_it_and_are_those_of_the_manifests(helm: Helm) -> None:
    assert one(helm.render("--set=enableViolationExport=true"), "Role")["rules"] == one(manifests(), "Role")["rules"]


COLLECTOR = {"secretName": "collector", "key": "token"}


@pytest.mark.parametrize(
    ("driver", "given", "names"),
    [
        (
            "http",
            {"url": "https://collector", "tls": {"secretName": "ca"}, "headers": {"Authorization": COLLECTOR}},
            ["ca", "collector"],
        ),
        ("syslog", {"address": "tls://collector", "tls": {"secretName": "ca"}}, ["ca"]),
        (
            "kafka",
            {"brokers": "k", "tls": {"secretName": "ca"}, "sasl": {"username": "me", "password": COLLECTOR}},
            ["ca", "collector"],
        ),
        ("kafka", {"brokers": ["k"], "tls": {}, "sasl": {"username": COLLECTOR, "password": COLLECTOR}}, ["collector"]),
        ("syslog", {"address": "udp://collector"}, []),
        ("http", {"url": "http://collector", "tls": "wrong", "headers": ["wrong"]}, []),
        ("kafka", {"brokers": "k", "sasl": "wrong"}, []),
    ],
)
def test_the_secrets_that_the_connection_names_may_be_read_and_no_others(
    helm: Helm, driver: str, given: dict[str, Any], names: list[str]
) -> None:
    objects = helm.render(*DAPR, f"--set=exportBackend={driver}", values={"audit": {"exportConnection": given}})
    assert one(objects, "Connection")["spec"] == {"driver": driver, "config": given}
    rules = [rule for rule in one(objects, "Role")["rules"] if rule["resources"] == ["secrets"]]
    assert [(rule["verbs"], rule["resourceNames"]) for rule in rules] == ([(["get"], names)] if names else [])


@pytest.mark.parametrize(
    ("wanted", "anywhere", "here"),
    [
        ((), [], []),
        (("auditEventsOnChange",), [NEW_EVENTS], []),
        (("emitAuditEvents",), [], [EVENTS]),
        (("emitAuditEvents", "auditEventsInvolvedNamespace"), [EVENTS], []),
    ],
)
def test_the_rights_for_events_come_with_them(
    helm: Helm, wanted: tuple[str, ...], anywhere: list[Object], here: list[Object]
) -> None:
    objects = helm.render(*(f"--set={name}=true" for name in wanted))
    for kind, expected in (("ClusterRole", anywhere), ("Role", here)):
        assert [rule for rule in one(objects, kind)["rules"] if "events" in rule["resources"]] == expected


@pytest.mark.parametrize(
    ("api", "group", "resources"),
    [
        ("off", "", []),
        ("wgpolicy", "wgpolicyk8s.io", ["policyreports", "clusterpolicyreports"]),
        ("openreports", "openreports.io", ["reports", "clusterreports"]),
    ],
)
def test_the_rights_for_reports_come_with_them(helm: Helm, api: str, group: str, resources: list[str]) -> None:
    objects = helm.render(f"--set-string=policyReports={api}")
    verbs = ["get", "create", "patch", "delete"]
    found = [rule for rule in one(objects, "ClusterRole")["rules"] if "delete" in rule["verbs"]]
    assert found == ([{"apiGroups": [group], "resources": resources, "verbs": verbs}] if group else [])


def test_values_reach_the_program(helm: Helm) -> None:
    values = {
        "auditInterval": 0,
        "evaluationBudget": 20_000_000,  # a number that helm would write as 2e+07
        "exportSpillLimit": "64Mi",
        "disabledBuiltins": ["{http.send}", "time.now_ns"],
        "logLevel": "ERROR",
        "metricsBackends": ["prometheus"],
        "manageCRDs": False,
        "policyReports": "wgpolicy",
        "reportResults": ["fail", "error"],
        "reportTTL": "30d",
        "resultsDir": "/var/lib/kube-patrol",
        "shutdownDelay": 40,
        "audit": {"logLevel": "DEBUG", "metricsPort": 8000, "healthPort": 8001, "disableStatusOperation": True},
    }
    objects = helm.render(values=values)
    told = config(objects)
    assert (told.audit.interval, told.audit.operations, told.cluster.shutdown_delay) == (0, ("audit",), 40)
    assert (told.policies.evaluation_budget, told.policies.manage_crds) == (20_000_000, "false")
    assert told.policies.disabled_builtins == ("http.send", "time.now_ns")
    assert (told.log.level, told.serve.prometheus_port, told.serve.health_addr) == ("DEBUG", 8000, ":8001")
    assert (told.reports.api, told.reports.results, told.reports.ttl) == ("wgpolicy", ("fail", "error"), 30 * 86400)
    assert (told.export.spill_limit, told.results.folder) == (64 << 20, "/var/lib/kube-patrol")
    spec = pod(objects)
    assert {"name": "results", "mountPath": "/var/lib/kube-patrol"} in spec["containers"][0]["volumeMounts"]
    assert {"name": "results", "emptyDir": {}} in spec["volumes"]
    assert spec["terminationGracePeriodSeconds"] == 60
    assert "apiextensions.k8s.io" not in str(one(objects, "ClusterRole"))


def test_a_release_by_another_name_has_objects_and_a_lease_of_its_own(helm: Helm) -> None:
    objects = helm.render("--set=fullnameOverride=second", release="any")
    names = {obj["metadata"]["name"] for obj in objects}
    assert names == {"second", "second-audit", "second-metrics"}
    assert config(objects).cluster.lease_name == "second"
    (lease,) = [rule["resourceNames"] for rule in one(objects, "Role")["rules"] if "resourceNames" in rule]
    assert lease == ["second"]


def test_what_waits_can_be_kept_in_memory(helm: Helm) -> None:
    (tmp,) = pod(helm.render("--set=audit.writeToRAMDisk=true"))["volumes"]
    assert tmp == {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}


def test_results_and_messages_may_be_in_folders_of_one_place(helm: Helm) -> None:
    (audit, _) = pod(helm.render(*DISK, "--set=resultsDir=/tmp/violations/results"))["containers"]
    assert [mount["mountPath"] for mount in audit["volumeMounts"]] == [
        "/tmp",
        "/tmp/violations",
        "/tmp/violations/results",
    ]


def test_case_does_not_count_in_the_name_of_a_driver(helm: Helm) -> None:
    objects = helm.render(*DISK, "--set=exportBackend=Disk")
    assert one(objects, "Connection")["spec"]["driver"] == "disk"
    assert len(pod(objects)["containers"]) == 2


def test_the_path_follows_the_volume_unless_it_is_given(helm: Helm) -> None:
    objects = helm.render(*DISK, "--set=audit.exportVolumeMount.path=/data/")
    assert one(objects, "Connection")["spec"]["config"]["path"] == "/data/topics"
    assert pod(objects)["containers"][1]["args"] == ["export", "read", "/data/topics"]


def test_a_file_with_all_of_gatekeepers_values_needs_our_image_and_nothing_else(
    helm: Helm, gatekeepers: dict[str, Any]
) -> None:
    assert "is the image of Gatekeeper" in helm.refusal(values=gatekeepers)
    objects = helm.render(*DISK, values={**gatekeepers, "image": {"repository": "registry.example.com/kube-patrol"}})
    assert config(objects).export.enabled
    assert [container["image"] for container in pod(objects)["containers"]] == [
        "registry.example.com/kube-patrol:0.1.0",
        gatekeepers["audit"]["exportSidecar"]["image"],
    ]
