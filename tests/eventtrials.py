"""Runs whose violations are told as Kubernetes Events, and the Events that come of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from builders import POD, constraint, page, record, settled, summary, violation

from audit.aggregate import KindStats
from audit.embedded import EmbeddedCluster
from audit.events.bodies import Where
from audit.events.telling import Telling
from audit.events.writing import EventWriter
from audit.kube.client import Client, Clock, Retries, Transport
from audit.ledger import NO_CHANGES, Ledger
from audit.model import RunInfo
from audit.sinks.events import AuditEvents, ChangeEvents
from constraints import Constraint, Kind, Violation

EVENT = Kind("", "v1", "Event")
ONE = constraint("one")
OURS, PATIENT = Where("default", False), Retries()


@dataclass
class Trial:
    """Runs whose violations are told by one sink; `time` is what its clocks say."""

    transport: Transport
    limit: int = 0
    within: float = 30.0
    where: Where = OURS
    retries: Retries = PATIENT
    stopped: bool = False
    parallel: int = 8
    time: float = 1_795_216_641.0
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    ledger: Ledger = field(default_factory=Ledger)
    begun: float = 0.0

    def telling(self) -> Telling:
        clock = Clock(lambda: self.time, lambda: self.time, sleep=lambda seconds: None)
        writer = EventWriter(
            Client(self.transport, retries=self.retries, clock=clock),
            lambda: self.stopped,
            self.where.namespace,
            self.within,
            self.parallel,
            elapsed=lambda: self.time,
        )
        return Telling(writer, self.counted, self.limit, "pod-1", now=lambda: self.time, elapsed=lambda: self.time)

    def counted(self, counts: Mapping[tuple[str, str], int]) -> None:
        self.counts.update(counts)

    def emitting(self) -> AuditEvents:
        return AuditEvents(self.telling(), self.where)

    def changing(self) -> ChangeEvents:
        telling = self.telling()
        return ChangeEvents(replace(telling, writer=replace(telling.writer, home="")))

    def run(self, sink: AuditEvents | ChangeEvents, *found: Violation, **more: Any) -> None:
        """One run, a minute after the last one."""
        self.time += 60
        self.begun = self.time
        info = RunInfo.at(self.time)
        whole = page(*found)
        done = settled(summary(record(ONE), info=info, found=found, **{"kinds": {POD: KindStats(POD)}, **more}))
        self.ledger.start(info)
        sink.start(info)
        self.ledger.page(whole)
        sink.page(whole)
        sink.finish(done, NO_CHANGES if done.cut else self.ledger.end(done))


def stored(cluster: EmbeddedCluster) -> list[Any]:
    return sorted(cluster.objects(EVENT), key=lambda event: str(event["metadata"]["name"]))


def counts(cluster: EmbeddedCluster) -> dict[str, int]:
    return {event["involvedObject"]["name"]: event["count"] for event in stored(cluster)}


def reasons(cluster: EmbeddedCluster) -> list[str]:
    return sorted(f"{event['reason']} {event['involvedObject']['name']}" for event in stored(cluster))


def pods(*names: str, of: Constraint = ONE, **more: Any) -> list[Violation]:
    return [violation(of, name, **more) for name in names]
