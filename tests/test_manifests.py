"""What is deployed: valid, with the least rights, and told only flags that exist."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.reports.bodies import APIS
from audit.settings.arguments import parse, warnings
from audit.settings.config import Config
from constraints.crd import MATCH
from constraints.schema import defaults, unknown_fields, validate

ROOT = Path(__file__).parent.parent
MANIFESTS = ROOT / "manifests"
TEMPLATE_VERSIONS = ("v1", "v1beta1", "v1alpha1")


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text()))


def kustomization() -> Any:
    return documents(MANIFESTS / "kustomization.yaml")[0]


@cache
def installed() -> tuple[dict[str, Any], ...]:
    """What `kubectl apply -k manifests` applies."""
    return tuple(item for name in kustomization()["resources"] for item in documents(MANIFESTS / name))


def one(kind: str, name: str = "") -> Any:
    (found,) = [item for item in installed() if item["kind"] == kind and name in item["metadata"]["name"]]
    return found


def rules(kind: str) -> Any:
    return one(kind)["rules"]


def pod_spec() -> Any:
    return one("Deployment")["spec"]["template"]["spec"]


def container() -> Any:
    (found,) = pod_spec()["containers"]
    return found


def schema(crd: str, version: str) -> Any:
    (found,) = [v for v in one("CustomResourceDefinition", crd)["spec"]["versions"] if v["name"] == version]
    return found["schema"]["openAPIV3Schema"]


def files() -> list[Path]:
    """Those of objects; the chart is for helm to read."""
    return [path for path in sorted(MANIFESTS.rglob("*.yaml")) if "helm" not in path.parts[len(MANIFESTS.parts) :]]


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(MANIFESTS)))
def test_every_file_holds_objects_with_kind_and_version(path: Path) -> None:
    assert [item for item in documents(path) if not (item.get("apiVersion") and item.get("kind"))] == []


def test_everything_but_the_samples_and_what_is_optional_is_installed() -> None:
    there = {str(path.relative_to(MANIFESTS)) for path in files()}
    others = {name for name in there if name.startswith(("samples/", "optional/"))}
    assert set(kustomization()["resources"]) == there - others - {"kustomization.yaml"}


def test_everything_namespaced_is_in_our_namespace() -> None:
    cluster_wide = {"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
    namespaces = {item["metadata"].get("namespace") for item in installed() if item["kind"] not in cluster_wide}
    assert namespaces == {one("Namespace")["metadata"]["name"]}


@pytest.mark.parametrize("kind", ["ClusterRole", "Role"])
def test_no_rule_has_a_wildcard_verb(kind: str) -> None:
    assert [rule for rule in rules(kind) if "*" in rule["verbs"]] == []


def test_every_kind_may_be_listed_and_nothing_else_is_allowed_on_every_kind() -> None:
    broad = [rule for rule in rules("ClusterRole") if "*" in rule["apiGroups"]]
    assert broad == [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["list"]}]


def test_nothing_may_be_deleted_and_no_rights_handed_on() -> None:
    verbs = {verb for kind in ("ClusterRole", "Role") for rule in rules(kind) for verb in rule["verbs"]}
    assert verbs == {"list", "get", "watch", "create", "update", "patch"}


def test_only_policies_may_be_watched() -> None:
    watched = {name for rule in rules("ClusterRole") if "watch" in rule["verbs"] for name in rule["apiGroups"]}
    assert watched == {
        "templates.gatekeeper.sh",
        "constraints.gatekeeper.sh",
        "config.gatekeeper.sh",
        "syncset.gatekeeper.sh",
    }


def test_patches_are_for_statuses_only() -> None:
    every = [*rules("ClusterRole"), *rules("Role")]
    patched = [name for rule in every if "patch" in rule["verbs"] for name in rule["resources"]]
    assert patched == ["constrainttemplates/status", "*/status", "connections/status"]


def test_the_rights_for_events_are_to_make_and_count_them_and_only_for_who_wants_them() -> None:
    role, binding = documents(MANIFESTS / "optional" / "events.yaml")
    assert [(rule["apiGroups"], rule["resources"], rule["verbs"]) for rule in role["rules"]] == [
        (["events.k8s.io"], ["events"], ["create"]),
        ([""], ["events"], ["create", "patch"]),
    ]
    assert binding["subjects"] == one("ClusterRoleBinding")["subjects"]
    assert binding["roleRef"] == {**one("ClusterRoleBinding")["roleRef"], "name": role["metadata"]["name"]}
    assert [rule for kind in ("ClusterRole", "Role") for rule in rules(kind) if "events" in rule["resources"]] == []


def test_the_rights_for_reports_are_for_reports_alone_and_only_for_who_wants_them() -> None:
    role, binding = documents(MANIFESTS / "optional" / "reports.yaml")
    verbs = ["get", "create", "patch", "delete"]
    assert [(rule["apiGroups"], rule["resources"], rule["verbs"]) for rule in role["rules"]] == [
        ([of.namespaced.kind.group], [of.namespaced.plural, of.clusterwide.plural], verbs) for of in APIS.values()
    ]
    assert binding["subjects"] == one("ClusterRoleBinding")["subjects"]
    assert binding["roleRef"] == {**one("ClusterRoleBinding")["roleRef"], "name": role["metadata"]["name"]}


@pytest.mark.parametrize("api", APIS)
def test_the_definitions_of_reports_are_those_of_the_api_that_is_written(api: str) -> None:
    of = APIS[api]
    crds = documents(MANIFESTS / "optional" / f"crds-{of.namespaced.kind.group}.yaml")
    for crd, resource in zip(crds, (of.namespaced, of.clusterwide), strict=True):
        spec = crd["spec"]
        [version] = spec["versions"]
        names = (spec["group"], version["name"], spec["names"]["kind"], spec["names"]["plural"])
        assert names == (resource.kind.group, resource.kind.version, resource.kind.kind, resource.plural)
        assert (spec["scope"] == "Namespaced") is resource.namespaced
        columns = [column["name"] for column in version["additionalPrinterColumns"]]
        assert columns == ["Kind", "Name", "Pass", "Fail", "Warn", "Error", "Skip", "Age"]


def test_only_our_own_lease_can_be_changed() -> None:
    leases = [rule for rule in rules("Role") if "leases" in rule["resources"]]
    assert [rule for rule in leases if "resourceNames" not in rule and rule["verbs"] != ["create"]] == []
    others = {verb for rule in rules("Role") if rule not in leases for verb in rule["verbs"]}
    assert others == {"get", "patch"}  # patches are for statuses only
    names = {name for rule in leases for name in rule.get("resourceNames", ())}
    assert names == {Config().cluster.lease_name}


def test_of_secrets_only_one_by_name_can_be_read_for_the_export() -> None:
    [rule] = [rule for rule in rules("Role") if "secrets" in rule["resources"]]
    assert rule == {
        "apiGroups": [""],
        "resources": ["secrets"],
        "resourceNames": ["kube-patrol-export"],
        "verbs": ["get"],
    }


@pytest.mark.parametrize("kind", ["ClusterRoleBinding", "RoleBinding"])
def test_the_rights_go_to_the_account_of_the_deployment_and_to_nobody_else(kind: str) -> None:
    account = one("ServiceAccount")["metadata"]
    subject = {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
    assert one(kind)["subjects"] == [subject]
    assert pod_spec()["serviceAccountName"] == account["name"]


def test_the_container_has_no_rights_on_its_host() -> None:
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    context = pod_spec()["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert {"hostNetwork", "hostPID", "hostIPC"}.isdisjoint(pod_spec())


def test_the_namespace_admits_restricted_pods_only() -> None:
    assert one("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_user_of_the_image_is_that_of_the_pod() -> None:
    (user,) = re.findall(r"^USER (\d+:\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    context = pod_spec()["securityContext"]
    assert user == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert context["runAsUser"] != 0


def test_the_pod_is_started_with_flags_that_exist() -> None:
    command, *flags = container()["args"]
    values = parse(flags, {})
    assert command == "run"
    assert warnings(values) == ()
    assert Config.of(values) == Config.of(parse([], {}))  # they are spelled out to be changed


def test_pages_spill_to_a_folder_that_can_be_written() -> None:
    mounts = {mount["mountPath"]: mount["name"] for mount in container()["volumeMounts"]}
    (volume,) = [v for v in pod_spec()["volumes"] if v["name"] == mounts["/tmp"]]
    assert "emptyDir" in volume
    assert Config().audit.cache_dir.startswith("/tmp/")


def test_ports_and_probes_are_where_the_program_answers() -> None:
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    serve = Config().serve
    assert ports == {"metrics": serve.prometheus_port, "health": int(serve.health_addr.rpartition(":")[2])}
    assert container()["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}
    assert container()["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "health"}


def test_the_pod_learns_its_name_and_namespace() -> None:
    paths = {env["name"]: env["valueFrom"]["fieldRef"]["fieldPath"] for env in container()["env"]}
    assert paths == {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"}


def test_the_pod_has_longer_to_leave_than_the_program_takes() -> None:
    assert pod_spec()["terminationGracePeriodSeconds"] > Config().cluster.shutdown_delay


def test_the_pod_asks_for_resources_and_has_limits() -> None:
    assert {name: set(amounts) for name, amounts in container()["resources"].items()} == {
        "requests": {"cpu", "memory"},
        "limits": {"cpu", "memory"},
    }


def test_the_service_and_the_deployment_select_the_same_pods() -> None:
    spec = one("Deployment")["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert one("Service")["spec"]["selector"] == spec["selector"]["matchLabels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    assert labels["control-plane"] == "audit-controller"


def test_the_image_carries_the_version_of_the_project() -> None:
    (version,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert container()["image"] == f"kube-patrol:{version}"
    assert [image["newTag"] for image in kustomization()["images"]] == [version]


@pytest.mark.parametrize("version", TEMPLATE_VERSIONS)
@pytest.mark.parametrize(
    "path", sorted((MANIFESTS / "samples" / "templates").glob("*.yaml")), ids=lambda path: path.stem
)
def test_sample_templates_fit_the_schema_of_every_version(path: Path, version: str) -> None:
    (template,) = documents(path)
    spec = schema("constrainttemplates", version)["properties"]["spec"]
    assert validate(template["spec"], spec) == []
    assert unknown_fields(template["spec"], spec) == []


@pytest.mark.parametrize(("version", "legacy"), [("v1", False), ("v1beta1", True), ("v1alpha1", True)])
def test_templates_of_old_versions_get_a_legacy_schema_by_default(version: str, legacy: bool) -> None:
    spec = {"crd": {"spec": {"names": {"kind": "K8sTest"}}}}
    obj = defaults({"spec": spec, "metadata": {"name": "k8stest"}}, schema("constrainttemplates", version))
    assert obj["spec"]["crd"]["spec"]["validation"] == {"legacySchema": legacy}


def test_a_config_takes_the_wildcards_that_constraints_take() -> None:
    match = schema("configs", "v1alpha1")["properties"]["spec"]["properties"]["match"]
    match_schema: Any = MATCH
    pattern = match["items"]["properties"]["excludedNamespaces"]["items"]["pattern"]
    assert pattern == match_schema["properties"]["excludedNamespaces"]["items"]["pattern"]
