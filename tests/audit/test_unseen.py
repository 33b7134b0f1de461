"""Replies that are wrong, and what is missing around objects: the whole program says so, and keeps what it knew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml
from policybuilders import constraint, template

from audit.aggregate import Summary
from audit.app import assemble
from audit.auditor import Auditor
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.embedded.access import Rule
from audit.embedded.faults import Fault
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.process.leading import Duty
from audit.settings.config import AuditConfig, ClusterConfig, Config, LogConfig
from constraints import Kind

MANIFESTS = Path(__file__).parents[2] / "manifests" / "crds"
DEFINITIONS = [each for path in sorted(MANIFESTS.glob("*.yaml")) for each in yaml.safe_load_all(path.read_text())]
HOME = 'input.review.namespaceObject.metadata.labels.team != "a"; msg := "of another team"'
PLAIN = 'msg := "is there"'
MAPS = [{"apiGroups": [""], "kinds": ["ConfigMap"]}]
SHOP = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"team": "b"}}}


def config_map(name: str, namespace: str = "shop") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": {}}


def rule(kind: str, body: str, **match: Any) -> list[dict[str, Any]]:
    rego = f'package x\nviolation[{{"msg": msg}}] {{ {body} }}'
    return [template(kind, rego), constraint(f"the-{kind.lower()}", kind, match={"kinds": MAPS, **match})]


class Trial:
    """A cluster with policies, audited again and again by one process."""

    def __init__(self, cluster: EmbeddedCluster, log: Path, start: Callable[[], Auditor]) -> None:
        self.cluster = cluster
        self.log = log
        self.restart = start
        self.auditor = start()

    def audit(self) -> Summary:
        return self.auditor.run()

    def status(self, kind: str) -> dict[str, Any]:
        [found] = self.cluster.objects(Kind("constraints.gatekeeper.sh", "v1beta1", kind))
        return dict(found.get("status", {}))

    def total(self, kind: str) -> Any:
        return self.status(kind).get("totalViolations")

    def gaps(self, kind: str) -> list[tuple[str, str]]:
        return [(gap["cause"], gap["reason"]) for gap in self.status(kind).get("auditGaps", ())]


@pytest.fixture
def trial(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Trial]:
    """Two policies on ConfigMaps: one of them reads the Namespace."""
    load(cluster, [*DEFINITIONS, SHOP, config_map("a"), *rule("K8sHome", HOME), *rule("K8sPlain", PLAIN)])
    config = Config(
        audit=AuditConfig(once=True, chunk_size=2, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(kubeconfig=str(cluster.kubeconfig(tmp_path / "kubeconfig")), leader_elect=False),
        log=LogConfig(file=str(tmp_path / "log")),
    )
    handler = configure_logging(config.log)
    connection = connect(Access(kubeconfig=config.cluster.kubeconfig))
    client = Client(connection, clock=Clock(sleep=lambda seconds: None))
    yield Trial(cluster, tmp_path / "log", lambda: assemble(config, client, Metrics(), Duty(Event())))
    connection.close()
    handler.close()


def test_a_namespace_that_was_made_after_the_list_is_looked_up(trial: Trial) -> None:
    old = b'{"kind":"NamespaceList","apiVersion":"v1","metadata":{},"items":[]}'
    trial.cluster.faults.append(Fault(path="/api/v1/namespaces", body=old))
    assert trial.audit().gaps == ()
    assert (trial.total("K8sHome"), trial.total("K8sPlain")) == (1, 1)


def test_namespaces_that_can_be_got_need_not_be_listed(trial: Trial) -> None:
    trial.cluster.denied.append(Rule(("list",), ("",), ("namespaces",)))
    assert trial.audit().gaps == ()
    assert (trial.total("K8sHome"), trial.total("K8sPlain")) == (1, 1)


def test_a_namespace_that_cannot_be_had_is_a_gap_of_those_that_read_it_and_their_last_results_stand(
    trial: Trial,
) -> None:
    trial.audit()
    trial.cluster.load([config_map("b"), config_map("c")])
    trial.cluster.denied.append(Rule(("get", "list"), ("",), ("namespaces",)))
    found = trial.audit()
    [gap] = [gap for gap in found.gaps if gap.policy]
    assert (gap.reason, gap.policy, gap.namespace) == ("NamespaceUnknown", "K8sHome/the-k8shome", "shop")
    assert (trial.total("K8sHome"), trial.gaps("K8sHome")) == (1, [("namespace", "NamespaceUnknown")])
    assert (trial.total("K8sPlain"), trial.gaps("K8sPlain")) == (3, [])
    trial.cluster.denied.clear()
    assert trial.audit().gaps == ()
    assert (trial.total("K8sHome"), trial.gaps("K8sHome")) == (3, [])


def test_a_match_by_labels_of_a_namespace_that_is_not_known_is_a_gap_too(trial: Trial) -> None:
    load(trial.cluster, rule("K8sSelect", PLAIN, namespaceSelector={"matchLabels": {"team": "b"}}))
    trial.audit()
    assert trial.total("K8sSelect") == 1
    trial.cluster.denied.append(Rule(("get", "list"), ("",), ("namespaces",)))
    trial.audit()
    assert (trial.total("K8sSelect"), trial.gaps("K8sSelect")) == (1, [("namespace", "NamespaceUnknown")])


CONFIG = {
    "apiVersion": "config.gatekeeper.sh/v1alpha1",
    "kind": "Config",
    "metadata": {"name": "config", "namespace": "gatekeeper-system"},
    "spec": {"match": [{"processes": ["*"], "excludedNamespaces": ["kube-*"]}]},
}
CONFIGS = "*/namespaces/*/configs*"


def test_a_config_that_cannot_be_read_is_the_last_one_and_before_there_was_one_nothing_new_is_said(
    trial: Trial,
) -> None:
    trial.cluster.load([CONFIG, config_map("x", "kube-system")])
    trial.audit()
    assert trial.total("K8sPlain") == 1
    trial.cluster.load([config_map("b")])
    trial.cluster.faults.append(Fault(path=CONFIGS, times=None, status=403))
    assert [gap.cause.value for gap in trial.audit().gaps] == ["config"]
    assert (trial.total("K8sPlain"), trial.gaps("K8sPlain")) == (2, [("config", "Forbidden")])
    trial.cluster.load([config_map("c")])
    trial.auditor = trial.restart()
    assert [gap.reason for gap in trial.audit().gaps] == ["ConfigUnknown"]
    assert (trial.total("K8sPlain"), trial.gaps("K8sPlain")) == (2, [("namespace", "ConfigUnknown")])
    trial.cluster.faults.clear()
    assert trial.audit().gaps == ()
    assert (trial.total("K8sPlain"), trial.gaps("K8sPlain")) == (3, [])


def test_a_config_that_answers_404_for_once_is_still_there(trial: Trial) -> None:
    trial.cluster.load([CONFIG, config_map("x", "kube-system")])
    trial.cluster.faults.append(Fault(path="*/configs/config", times=None, status=404))
    assert trial.audit().gaps == ()
    assert trial.total("K8sPlain") == 1


def test_a_config_that_is_not_found_where_its_kind_is_served_is_not_no_config(trial: Trial) -> None:
    trial.cluster.load([CONFIG, config_map("x", "kube-system")])
    trial.cluster.faults.append(Fault(path=CONFIGS, times=None, status=404))
    assert [gap.reason for gap in trial.audit().gaps] == ["ConfigUnknown"]
    assert (trial.total("K8sPlain"), trial.gaps("K8sPlain")) == (None, [("namespace", "ConfigUnknown")])


def test_an_inventory_that_cannot_be_read_is_that_of_the_last_run_and_before_there_was_one_nobody_is_asked(
    trial: Trial,
) -> None:
    twin = 'o := data.inventory.namespace[n]["v1"]["Secret"][s]; s == input.review.object.metadata.name; msg := "twin"'
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "default"}}
    only = {"gvks": [{"group": "", "version": "v1", "kind": "Secret"}]}
    sync = {"apiVersion": "syncset.gatekeeper.sh/v1alpha1", "kind": "SyncSet", "metadata": {"name": "s"}, "spec": only}
    load(trial.cluster, [*rule("K8sTwin", twin), secret, sync])
    fault = Fault(path="/api/v1/secrets", times=None, status=403)
    trial.cluster.faults.append(fault)
    trial.audit()
    assert (trial.total("K8sTwin"), trial.gaps("K8sTwin")) == (None, [("inventory", "Forbidden")])
    assert (trial.total("K8sPlain"), trial.gaps("K8sPlain")) == (1, [])
    trial.cluster.faults.clear()
    trial.audit()
    assert (trial.total("K8sTwin"), trial.gaps("K8sTwin")) == (1, [])
    trial.cluster.faults.append(fault)
    trial.audit()
    assert (trial.total("K8sTwin"), trial.gaps("K8sTwin")) == (1, [("inventory", "Forbidden")])
    trial.auditor = trial.restart()
    trial.audit()
    assert (trial.total("K8sTwin"), trial.gaps("K8sTwin")) == (1, [("inventory", "Forbidden")])


BAD = [
    b"<html>login</html>",
    b"",
    b"null",
    b"{}",
    b'{"kind":"Status","apiVersion":"v1","status":"Failure","code":500}',
    b'{"kind":"SecretList","apiVersion":"v1","metadata":{},"items":[]}',
    b'{"kind":"ConfigMapList","apiVersion":"v1","metadata":{}}',
    b'{"kind":"ConfigMapList","apiVersion":"v1","metadata":{},"items":[{"metadata":',
]
PATHS = ["/api/v1/configmaps", "/apis", "*/constrainttemplates", "*/k8splain", "*/k8splain/the-k8splain*"]


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_reply_is_got_over_or_said_and_nothing_turns_green(path: str, trial: Trial) -> None:
    trial.audit()
    for times, bodies in ((1, BAD), (None, [BAD[0], BAD[5]])):
        for body in bodies:
            trial.cluster.faults.append(Fault(path=path, times=times, body=body))
            found = trial.audit()
            said = (path, body, [gap.message for gap in found.gaps])
            assert bool(found.gaps) is (times is None), said
            assert (trial.total("K8sHome"), trial.total("K8sPlain")) == (1, 1), said
            trial.cluster.faults.clear()


def test_a_status_that_was_answered_with_something_else_is_not_taken_for_written(trial: Trial) -> None:
    trial.cluster.faults.append(Fault(path="*/status", method="PATCH", times=None, body=b"<html>"))
    found = trial.audit()
    assert {gap.cause.value for gap in found.gaps} == {"sink"}
    assert trial.total("K8sPlain") is None


def test_a_kind_that_got_another_resource_name_between_discovery_and_its_list_is_a_gap(trial: Trial) -> None:
    trial.audit()
    trial.cluster.faults.append(Fault(path="/api/v1/configmaps", times=None, status=404))
    trial.audit()
    assert (trial.total("K8sPlain"), trial.gaps("K8sPlain")) == (1, [("list", "NotFound")])


def test_a_kind_that_is_not_served_is_a_gap_of_its_constraint_only(trial: Trial) -> None:
    typo = constraint("typo", "K8sPlain", match={"kinds": [{"apiGroups": ["apps"], "kinds": ["Deployments"]}]})
    trial.cluster.load([typo])
    found = trial.audit()
    [gap] = found.gaps
    assert (gap.reason, gap.policy) == ("KindNotServed", "K8sPlain/typo")
    assert gap.message.endswith("is Deployment meant?")


@pytest.mark.parametrize("odd", ["9" * 5000, "NaN", "[" * 3000 + "]" * 3000], ids=["5,000 digits", "NaN", "deep"])
def test_an_object_that_cannot_be_read_is_a_gap_of_its_own_and_the_others_of_its_page_are_audited(
    odd: str, trial: Trial
) -> None:
    trial.cluster.load([config_map("b")])
    trial.audit()
    start = '{"metadata":{"namespace":"shop","name":'
    rows = [f'{start}"a"}},"data":{{}}}}', f'{start}"b"}},"data":{odd}}}']
    rows.append('{"metadata":{"name":"c","namespace":"shop"},"data":{"half":"\\ud800"}}')
    head = '{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{},"items":['
    body = head + ",".join(rows) + "]}"
    trial.cluster.faults.append(Fault(path="/api/v1/configmaps", body=body.encode()))
    [gap] = trial.audit().gaps
    assert (gap.reason, str(gap.object)) == ("Malformed", "v1/ConfigMap shop/b")
    assert trial.total("K8sPlain") == 3
    assert trial.gaps("K8sPlain") == trial.gaps("K8sHome") == [("object", "Malformed")]
    assert {entry["name"] for entry in trial.status("K8sPlain")["violations"]} == {"a", "b", "c"}


def test_a_constraint_in_a_list_that_has_no_name_makes_a_gap_and_those_of_the_last_run_go_on(trial: Trial) -> None:
    trial.audit()
    listed = b'{"apiVersion":"constraints.gatekeeper.sh/v1beta1","kind":"K8sPlainList","metadata":{},"items":[{"apiVersion":"constraints.gatekeeper.sh/v1beta1","kind":"K8sPlain"}]}'
    trial.cluster.faults.append(Fault(path="/apis/constraints.gatekeeper.sh/v1beta1/k8splain", body=listed))
    [gap] = trial.audit().gaps
    assert (gap.cause.value, gap.reason, gap.policy) == ("constraint", "BadBody", "K8sPlain")
    assert (trial.total("K8sPlain"), trial.gaps("K8sPlain")) == (1, [("constraint", "BadBody")])


@pytest.mark.parametrize("item", [b"7", b"{}", b'{"metadata":[]}'])
def test_a_definition_in_a_list_that_has_no_name_makes_a_gap_of_the_templates(item: bytes, trial: Trial) -> None:
    trial.audit()
    head = b'{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinitionList","metadata":{},"items":['
    body = head + item + b"]}"
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    trial.cluster.faults.append(Fault(path=path, query="labelSelector", body=body))
    [gap] = trial.audit().gaps
    assert (gap.cause.value, gap.reason) == ("template", "BadBody")
    assert "a mistake in this program" not in trial.log.read_text()
    assert trial.total("K8sPlain") == 1
