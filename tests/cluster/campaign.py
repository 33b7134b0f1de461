"""Spoils every request of a run, one trial each, and asks of each trial that it is exact or says what it lacks."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from cluster.api import Object, apply_all
from cluster.deployed import Cluster
from cluster.policies import config_map, constraint, template
from cluster.spoiling import Asked, Orders, Proxy, spoiling
from prometheus_client import generate_latest

from audit.app import assemble
from audit.auditor import Auditor
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Retries
from audit.logs.streams import LogConfig, configure_logging
from audit.metrics.registry import Metrics
from audit.metrics.requests import Requests
from audit.outcomes import EXIT_CODES, ending
from audit.process.leading import Duty
from audit.settings.config import AuditConfig, ClusterConfig, Config

COLD, WARM = "cold", "warm"
NEVER = "never asked"
RETRIES = Retries(attempts=3, first=0.01, longest=0.02)
PATIENCE = 20.0  # seconds for a reply
LITTLE_PATIENCE = 1.0  # where a request hangs; an answer that is only delayed is faster
EXTRA = config_map("extra")

NAMESPACED = """package namespaced
violation[{"msg": msg}] {
  input.review.namespaceObject.metadata.labels.team == "blue"
  msg := sprintf("%v is in the blue namespace", [input.review.object.metadata.name])
}
"""
TWINS = """package twins
violation[{"msg": msg}] {
  other := data.inventory.namespace[input.review.object.metadata.namespace].v1.Service[name]
  name != input.review.object.metadata.name
  msg := sprintf("%v is not alone: %v", [input.review.object.metadata.name, name])
}
"""
TEMPLATES = (
    template("K8sTestLabels"),
    template("K8sTestNamespaced", NAMESPACED),
    template("K8sTestTwins", TWINS),
)
BLUE = {"namespaceSelector": {"matchLabels": {"team": "blue"}}}


def matching(kind: str, name: str, objects: str, match: Object, labels: list[str] | None = None) -> Object:
    """A constraint on core objects of one kind wherever `match` says."""
    found = constraint(kind, name, objects, labels)
    found["spec"]["match"] = {"kinds": found["spec"]["match"]["kinds"], **match}
    return found


CONSTRAINTS = (
    constraint("K8sTestLabels", "owned", "ConfigMap", ["owner"]),
    matching("K8sTestLabels", "namespaces", "Namespace", {}, ["owner"]),
    matching("K8sTestNamespaced", "blue", "ConfigMap", {}),
    matching("K8sTestLabels", "selected", "Service", BLUE, ["owner"]),
    matching("K8sTestTwins", "alone", "Service", {"namespaces": ["default", "blue"]}),
)


def services() -> Iterator[Object]:
    """Two in the namespace blue, one in default."""
    for name, namespace in (("one", "blue"), ("two", "blue"), ("three", "default")):
        metadata = {"name": name, "namespace": namespace}
        yield {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"port": 80}]}}


def objects() -> Iterator[Object]:
    """What is audited, and the Config that syncs Services and leaves a namespace out."""
    for name, labels in (("blue", {"team": "blue"}), ("left-out", {})):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    yield from services()
    for number in range(5):
        yield config_map(f"object-{number}")
    yield config_map("in-blue", "blue")
    yield config_map("not-seen", "left-out")
    sync = {"syncOnly": [{"group": "", "version": "v1", "kind": "Service"}]}
    match = [{"excludedNamespaces": ["left-out", "kube-*"], "processes": ["*"]}]
    metadata = {"name": "config", "namespace": "kube-patrol"}
    yield {
        "apiVersion": "config.gatekeeper.sh/v1alpha1",
        "kind": "Config",
        "metadata": metadata,
        "spec": {"sync": sync, "match": match},
    }


@dataclass(frozen=True, slots=True)
class Told:
    """What one run said, in each of the four places; `before` are the statuses that it found."""

    code: int
    statuses: Mapping[str, Object]
    lines: tuple[Object, ...]
    metrics: Mapping[str, float]
    before: Mapping[str, Object]

    def of_type(self, event_type: str) -> list[Object]:
        """The log events of one type."""
        return [line for line in self.lines if line.get("event_type") == event_type]

    @property
    def violations(self) -> Counter[tuple[str, ...]]:
        """The violations that were logged: constraint, object, message."""
        names = ("constraint_kind", "constraint_name", "resource_kind", "resource_namespace", "resource_name", "msg")
        return Counter(tuple(str(line[name]) for name in names) for line in self.of_type("violation_audited"))

    @property
    def results(self) -> Mapping[str, tuple[Any, Any]]:
        """What each status says: total and list."""
        return {k: (s.get("totalViolations"), json.dumps(s.get("violations"))) for k, s in self.statuses.items()}

    @property
    def finished(self) -> Object:
        """The event of the run's end; empty where there is none."""
        found = self.of_type("audit_finished")
        return found[-1] if found else {}

    def metric(self, name: str) -> float:
        """The sum of a family's samples; -1 where there are none."""
        values = [value for key, value in self.metrics.items() if key.partition("{")[0] == name]
        return sum(values) if values else -1.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One run with one fault, and how it ended."""

    phase: str
    spoil: str
    again: bool
    index: int
    asked: Asked
    verdict: str
    why: str = ""

    @property
    def hit(self) -> bool:
        """Whether the run came as far as the request that was to be spoiled; some runs have fewer."""
        return self.asked.method != NEVER


class Campaign:
    """A cluster with policies and objects, seen through a proxy."""

    def __init__(self, cluster: Cluster, proxy: Proxy, folder: Path) -> None:
        self._cluster, self._proxy = cluster, proxy
        config = json.loads(cluster.kubeconfig(cluster.account_token(), folder).read_text())
        config["clusters"][0]["cluster"] = {"server": proxy.url}
        self._kubeconfig = folder / "kubeconfig-proxy"
        self._kubeconfig.write_text(json.dumps(config))
        self._folder = folder
        self._whole: dict[str, Told] = {}
        self._lengths: dict[str, int] = {}

    def run(self, phase: str, orders: Orders | None) -> Told:
        """One run, cold or warm; a warm one comes after a run that nothing disturbed, and another object since."""
        self._reset()
        with io.StringIO() as stream:
            handler = configure_logging(LogConfig(), stream)
            hanging = orders is not None and orders.spoil == "hanging"
            auditor, close = self._auditor(LITTLE_PATIENCE if hanging else PATIENCE)
            try:
                self._proxy.arm()
                if phase == WARM:
                    # With little patience a busy machine is reason enough for a gap.
                    assert any(audited(auditor) == 0 for _ in range(5)), stream.getvalue()[-2000:]
                    self._cluster.api.apply(EXTRA)
                    stream.seek(0)
                    stream.truncate()
                before = self._statuses()
                self._proxy.arm(orders)
                code = audited(auditor)
                self._proxy.released.set()
            finally:
                close()
            handler.flush()
            lines = tuple(json.loads(line) for line in stream.getvalue().splitlines())
        return Told(code, self._statuses(), lines, samples(auditor), before)

    def whole(self, phase: str) -> Told:
        """A run that nothing disturbs; made once."""
        if phase not in self._whole:
            self.run(phase, None)  # what is written only once, such as our entry in byPod, is there from here on
            self._whole[phase] = self.run(phase, None)
            self._lengths[phase] = len(self.asked())
        return self._whole[phase]

    def length(self, phase: str) -> int:
        """How many requests that run has."""
        self.whole(phase)
        return self._lengths[phase]

    def asked(self) -> list[Asked]:
        """What the last run asked for."""
        return list(self._proxy.asked)

    def trial(self, phase: str, orders: Orders, whole: Told) -> Trial:
        """One run with a fault, judged against one without."""
        told = self.run(phase, orders)
        asked = self.asked()
        hit = asked[orders.index] if orders.index < len(asked) else Asked(NEVER, "", {})
        verdict, why = judged(told, whole)
        return Trial(phase, orders.spoil, orders.again, orders.index, hit, verdict, why)

    def _reset(self) -> None:
        path = self._cluster.api.path(EXTRA)
        if any(
            item["metadata"]["name"] == "extra"
            for item in self._cluster.api.items("/api/v1/namespaces/default/configmaps")
        ):
            self._cluster.api.send("DELETE", path)
        for one in CONSTRAINTS:
            self._cluster.api.merge(f"{self._cluster.api.path(one)}/status", {"status": None})

    def _statuses(self) -> dict[str, Object]:
        return {f"{one['kind']}/{one['metadata']['name']}": self._cluster.status(one) for one in CONSTRAINTS}

    def _auditor(self, patience: float) -> tuple[Auditor, Any]:
        audit = AuditConfig(once=True, chunk_size=2, cache_dir=str(self._folder / "cache"))
        where = ClusterConfig(
            kubeconfig=str(self._kubeconfig),
            pod_name="kube-patrol-audit",
            pod_namespace="kube-patrol",
            config_namespace="kube-patrol",
            leader_elect=False,
        )
        connection = connect(Access(kubeconfig=str(self._kubeconfig), read_timeout=patience))
        duty, requests = Duty(Event()), Requests()
        client = Client(connection, retries=RETRIES, stop=duty.stop, on_request=requests.count)
        return assemble(Config(audit=audit, cluster=where), client, Metrics(requests), duty), connection.close


def audited(auditor: Auditor) -> int:
    """One run, and the exit code of `--once` for it."""
    return EXIT_CODES[ending(auditor.run()).outcome]


def samples(auditor: Auditor) -> dict[str, float]:
    """The metrics as a scrape shows them."""
    text = generate_latest(auditor.metrics.registry).decode()
    rows = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in rows}


def judged(told: Told, whole: Told) -> tuple[str, str]:
    """`exact`, `told` or `LIE`, and why."""
    outcome = told.finished.get("outcome")
    complete = told.metric("kube_patrol_last_run_complete")
    claims = {"exit code": told.code == 0, "log": outcome == "complete", "metrics": complete == 1}
    if len(set(claims.values())) > 1:
        return "LIE", f"they disagree: {claims}, exit {told.code}, outcome {outcome}"
    gaps = {key: status.get("auditGaps") for key, status in told.statuses.items()}
    if told.code == 0:
        wrong = [key for key in whole.results if told.results[key] != whole.results[key]]
        if wrong:
            return "LIE", f"complete, but the status of {wrong} differs: {[told.results[k] for k in wrong]}"
        if any(gaps.values()):
            return "LIE", f"complete, but there are auditGaps: {gaps}"
        if told.violations != whole.violations:
            return (
                "LIE",
                f"complete, but the log differs: {told.violations - whole.violations} {whole.violations - told.violations}",
            )
        return "exact", ""
    return not_complete(told, whole, gaps)


def not_complete(told: Told, whole: Told, gaps: Mapping[str, Any]) -> tuple[str, str]:
    """Of a run that says that it is not complete: whether it says so of everything that is not as it should be."""
    if not told.finished.get("reason"):
        return "LIE", "audit_finished gives no reason"
    if told.metric("kube_patrol_gaps") <= 0:
        return "LIE", "no metric tells of a gap or a failed run"
    if told.violations - whole.violations:
        return "LIE", f"violations that are none: {told.violations - whole.violations}"
    for key, status in told.statuses.items():
        total, right = status.get("totalViolations"), whole.results[key][0]
        written = status != told.before[key]
        if written and total not in (None, right) and not gaps[key]:
            return "LIE", f"{key}: {total} instead of {right}, and no auditGaps"
    return "told", ""


@contextmanager
def prepared(cluster: Cluster, folder: Path) -> Iterator[Campaign]:
    """A campaign on a cluster that has nothing but our manifests so far."""
    cluster.load_policies(TEMPLATES, ())
    apply_all(cluster.api, objects())
    apply_all(cluster.api, CONSTRAINTS)
    with spoiling(cluster.server.url, cluster.server.ca) as proxy:
        yield Campaign(cluster, proxy, folder)


def trials(campaign: Campaign, phase: str, spoil: str, which: slice = slice(None)) -> Iterator[Trial]:
    """A trial for each chosen request of a run: spoiled once, and spoiled whenever it is repeated."""
    whole = campaign.whole(phase)
    for index in range(campaign.length(phase))[which]:
        for again in (False, True):
            yield campaign.trial(phase, Orders(spoil, index, again), whole)
