"""Replies that no test of a single request thinks of: whatever comes, figures are those of before or say that they are
old.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from oddreplies import ODDITIES, OddProxy, oddly
from policybuilders import samples_with

from audit.aggregate import Summary
from audit.app import assemble
from audit.auditor import Auditor
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Clock, Retries
from audit.logs.streams import configure_logging
from audit.metrics.registry import Metrics
from audit.model import Outcome
from audit.outcomes import ending
from audit.process.leading import Duty
from audit.settings.config import AuditConfig, ClusterConfig, Config, LogConfig
from constraints import Kind

POLICIES = ("K8sRequiredLabels", "K8sUniqueServiceSelector")  # the second one reads data.inventory
HARMLESS = {"gzip", "HTTP/1.0", "each item twice", "statuses that are text"}


@dataclass
class Trial:
    """Two sample policies behind a proxy, audited again and again by one process."""

    cluster: EmbeddedCluster
    proxy: OddProxy
    auditor: Auditor
    log: Path

    def totals(self) -> dict[str, Any]:
        kinds = [Kind("constraints.gatekeeper.sh", "v1beta1", kind) for kind in POLICIES]
        found = [each for kind in kinds for each in self.cluster.objects(kind)]
        return {f"{each['kind']}/{each['metadata']['name']}": each["status"]["totalViolations"] for each in found}

    def is_told_alike(self, summary: Summary) -> None:
        """Log and metrics say the same of a run, and it had no mistake of ours."""
        complete = ending(summary).outcome is Outcome.COMPLETE
        registry = self.auditor.metrics.registry
        lines = [line for line in self.log.read_text().splitlines() if summary.info.audit_id in line]
        (end,) = [line for line in lines if '"audit_finished"' in line]
        assert [line for line in lines if "a mistake in this program" in line] == []
        assert f'"outcome":"{ending(summary).outcome.value}"' in end
        assert registry.get_sample_value("kube_patrol_last_run_complete") == complete
        assert bool(summary.gaps) is not complete


@pytest.fixture
def trial(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Trial]:
    load(cluster, samples_with(POLICIES))
    path = cluster.kubeconfig(tmp_path / "kubeconfig")
    log = LogConfig(file=str(tmp_path / "log"), violations="none")
    config = Config(
        audit=AuditConfig(once=True, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(kubeconfig=str(path), leader_elect=False),
        log=log,
    )
    handler = configure_logging(log)
    with oddly(cluster.url) as proxy:
        path.write_text(path.read_text().replace(cluster.url, proxy.url))
        connection = connect(Access(kubeconfig=str(path)))
        client = Client(connection, retries=Retries(attempts=1), clock=Clock(sleep=lambda seconds: None))
        starts = map(float, count(1_900_000_000, 60))
        made = assemble(config, client, Metrics(), Duty(Event()))
        auditor = replace(made, clock=lambda: next(starts))
        yield Trial(cluster, proxy, auditor, tmp_path / "log")
        connection.close()
    handler.close()


SAMPLE = ("an item without metadata", "a token that is a number", "gzip", "chunks that are cut", "410")


@pytest.mark.parametrize(
    ("name", "step"),
    [
        *(pytest.param(name, 1, marks=pytest.mark.slow, id=f"{name}, at each request") for name in ODDITIES),
        *(
            pytest.param(
                name, 20, marks=() if name in SAMPLE else pytest.mark.slow, id=f"{name}, from some requests on"
            )
            for name in ODDITIES
        ),
    ],
)
def test_an_odd_reply_is_got_over_or_told_and_no_figure_is_false(name: str, step: int, trial: Trial) -> None:
    trial.auditor.run()
    truth = trial.totals()
    for index in count(0, step):
        trial.proxy.arm(ODDITIES[name], index, once=step == 1)
        summary = trial.auditor.run()
        reached = trial.proxy.count > index
        trial.proxy.arm()
        trial.is_told_alike(summary)
        assert trial.totals() == truth
        if not reached:
            break
        if index == 0 and step > 1:
            assert (ending(summary).outcome is Outcome.COMPLETE) is (name in HARMLESS)
