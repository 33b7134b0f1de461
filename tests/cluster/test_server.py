"""The harness itself: what is true of the server that the other tests rely on."""

import shutil
import subprocess

import pytest
from cluster.api import Api, Refused
from cluster.deployed import MANIFESTS, Cluster, manifests
from cluster.policies import config_map

pytestmark = pytest.mark.cluster


def test_is_the_kubernetes_that_go_mod_names(cluster: Cluster) -> None:
    assert cluster.api.get("/version")["gitVersion"].startswith("v1.34.")


def test_kubectl_installs_the_manifests(cluster: Cluster) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl")
    config = cluster.kubeconfig(cluster.server.token, cluster.folder)
    command = ["kubectl", "--kubeconfig", str(config), "apply", "--server-side", "-k", str(MANIFESTS)]
    done = subprocess.run([*command, "--force-conflicts"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == len(manifests())


def test_pods_of_the_deployment_are_admitted_by_the_restricted_level(cluster: Cluster) -> None:
    deployment = next(obj for obj in manifests() if obj["kind"] == "Deployment")
    metadata = {"name": "one", "namespace": "kube-patrol"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": deployment["spec"]["template"]["spec"]}
    assert cluster.api.create(pod, "?dryRun=All")["metadata"]["name"] == "one"
    rooted = {**pod, "spec": {**pod["spec"], "securityContext": {"runAsUser": 0}}}
    with pytest.raises(Refused, match="violates PodSecurity"):
        cluster.api.create(rooted, "?dryRun=All")


def test_a_compaction_expires_continue_tokens_and_a_fresh_one_is_offered(cluster: Cluster) -> None:
    for number in range(4):
        cluster.api.apply(config_map(f"page-{number}"))
    pages = "/api/v1/namespaces/default/configmaps?limit=2"
    token = cluster.api.get(pages)["metadata"]["continue"]
    cluster.server.compact()
    with pytest.raises(Refused) as refused:
        cluster.api.get(f"{pages}&continue={token}")
    assert refused.value.status == 410
    assert '"continue":' in refused.value.text


def test_the_audit_log_tells_what_the_service_account_asked(cluster: Cluster) -> None:
    account = Api(cluster.server.url, cluster.server.ca, cluster.account_token())
    list(account.items("/api/v1/configmaps", limit=3))
    with pytest.raises(Refused):
        account.apply(config_map("forbidden"))
    first, *_, last = cluster.asked()
    assert (first.verb, first.resource, first.code, first.query["limit"]) == ("list", "configmaps", 200, ["3"])
    assert (last.verb, last.resource, last.name, last.code) == ("patch", "configmaps", "forbidden", 403)
