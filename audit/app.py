"""The composition root: the only file, with `demo`, that knows every room."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread, Timer
from types import FrameType

from audit.aggregate import Summary
from audit.carry import Memory
from audit.config import AuditConfig, ClusterConfig, Config, ServeConfig
from audit.engines import EngineOptions, engines
from audit.guard import attempt
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Retries
from audit.kube.connection import Connection
from audit.kube.lease import Election, Seat, unique_identity
from audit.kube.lister import Lister
from audit.kube.pagesize import PageBounds, PageSizes
from audit.kube.patch import StatusWriter
from audit.kube.tardy import Patience, Tardy
from audit.kube.watch import Server
from audit.logs import configure_logging
from audit.loop import Loop, always
from audit.memory import available, share
from audit.model import Outcome, RunInfo
from audit.outcomes import EXIT_CODES, ending
from audit.plan import plan
from audit.run import Rules, Work, run
from audit.sinks import Sink
from audit.sinks.guard import GuardedSink
from audit.sinks.log import LogSink
from audit.sinks.metrics import Metrics, MetricsSink
from audit.sinks.status import StatusSink
from audit.sources.ahead import Room
from audit.sources.cluster import ClusterSource, Pace
from audit.sources.intake import Intake
from audit.sources.policies import Policies, PolicySettings
from audit.sources.policywatch import PolicyWatch
from audit.sources.served import ServedKinds
from audit.timekeeping import TimeLimits, Watchdog
from audit.tracking import NEVER, Changes
from audit.unserved import unserved
from audit.web.server import Address, Endpoint, address, health_app, metrics_app, serving

log = logging.getLogger("kube_patrol")
OK, FAILED = 0, 1
PAGES_MEMORY = 256 << 20  # bytes, where nothing tells how much memory there is
CONNECTIONS = 64  # kept open at most: the audit's own few, and one for each kind of policy that is watched


@dataclass(slots=True)
class Auditor:
    """What every run needs, kept from run to run; `may_go_on` turns false when another replica leads."""

    config: Config
    client: Client
    metrics: Metrics
    served: ServedKinds
    policies: Policies
    sinks: tuple[Sink, ...]
    stop: Event
    lister: Lister
    pace: Pace
    watchdog: Watchdog
    may_go_on: Callable[[], bool] = always
    clock: Callable[[], float] = time.time
    memory: Memory = field(default_factory=Memory)

    def run(self) -> Summary:
        """One audit; what prevents it is in the summary. What only a mistake of ours can raise is logged."""
        summary = Summary(RunInfo.at(self.clock()), self.config.audit.violations_limit)
        with self.watchdog.watching():
            error = attempt(lambda: run(self._prepare, self.sinks, summary, self.memory, self._stopping))
        if error is not None:
            text = "a mistake in this program ended the run: %s: %s"
            log.error(text, type(error).__name__, error, exc_info=error, extra={"audit_id": summary.info.audit_id})
        self.metrics.run_ended(summary)
        return summary

    def _stopping(self) -> Outcome | None:
        if self.stop.is_set():
            return Outcome.INTERRUPTED
        return None if self.may_go_on() else Outcome.NOT_LEADER

    def _prepare(self, summary: Summary) -> Work:
        begun = self.pace.elapsed()
        catalogue = self.served.read()
        loaded = self.policies.load(catalogue.listed)
        summary.records = loaded.records
        summary.templates = Counter("error" if record.errors else "active" for record in loaded.templates)
        for ingestion in loaded.ingestions:
            self.metrics.ingested(ingestion.accepted, ingestion.seconds)
        self.metrics.templates_read(loaded.with_cel)
        self.metrics.synced(loaded.inventory.counts(), loaded.sync_seconds, self.clock())
        enforced = loaded.engine.enforced()
        summary.gaps += [*catalogue.gaps, *loaded.gaps, *unserved(enforced, catalogue)]
        chosen = plan(catalogue.listed, enforced, self.config.audit.match_kind_only)
        summary.skipped = chosen.skipped
        source = ClusterSource(self.lister, chosen.listings, self.pace.since(begun), self.stop)
        known = loaded.namespaces
        return Work(source, Rules(loaded.engine, loaded.excluded, known.listed, known.missing, loaded.inventory))


def serve(config: Config, *more: Sink) -> int:
    """`patrol run`: audit until told to stop, or once; gives the exit code. `more` sinks hear of each run as well.

    Raises ConfigError when the configuration cannot be used.
    """
    configure_logging(config.log)
    for warning in config.warnings:
        log.warning("%s", warning)
    stop = Event()
    with ExitStack() as stack:
        stack.enter_context(signals(stop, config.serve.shutdown_delay))
        metrics = Metrics()
        connection = connect(access(config))
        stack.callback(connection.close)
        auditor = assemble(config, Client(connection, stop=stop, on_request=metrics.request), metrics, stop, more)
        if config.audit.once:
            return once(auditor)
        loop = loop_of(auditor)
        stack.enter_context(endpoints(config.serve, metrics))
        # The election has a client of its own: one that still answers after `stop`, to give the Lease back.
        stack.enter_context(leading(config.cluster, loop, auditor, Client(connection, on_request=metrics.request)))
        if config.audit.on_policy_change and loop.interval:
            stack.enter_context(following(auditor, loop, connection))
        loop.forever()
    return OK


def access(config: Config) -> Access:
    """Which cluster, and how large its replies may be."""
    largest = PageBounds.within(pages_memory(config.audit)).largest
    return Access(config.cluster.kubeconfig, largest_reply=largest, connections=CONNECTIONS)


@contextmanager
def following(auditor: Auditor, loop: Loop, connection: Connection) -> Iterator[None]:
    """While the block lasts, take in new templates at once, and audit soon after policies have changed."""
    client = Client(connection, retries=Retries(attempts=1), stop=auditor.stop, on_request=auditor.metrics.request)
    changes = Changes(auditor.config.audit.debounce)
    intake = Intake(auditor.client, auditor.policies.settings, lambda: auditor.may_go_on())
    watch = PolicyWatch(Server(client, connection, auditor.metrics.request), changes, intake.submit)
    intake.served = watch.served
    auditor.metrics.watching = watch.counts
    run = loop.run

    def sooner() -> float:
        if not loop.may_run():
            return NEVER
        watch.start()
        return changes.due()

    def taking() -> object:
        changes.take()
        return run()

    loop.run, loop.sooner = taking, sooner
    intake.start()
    try:
        yield
    finally:
        intake.close()
        watch.close()


def assemble(config: Config, client: Client, metrics: Metrics, stop: Event, more: tuple[Sink, ...] = ()) -> Auditor:
    """The auditor of this configuration. The log comes last: `audit_finished` says that statuses are written."""
    memory = pages_memory(config.audit)
    tardy = Tardy(Patience.of(config.audit.kind_timeout))
    lister = Lister(client, PageSizes(PageBounds.within(memory)), tardy)
    watchdog = Watchdog(TimeLimits(config.audit.evaluation_timeout, config.audit.policy_timeout))
    settings = PolicySettings(
        pod_name=config.cluster.pod_name,
        namespace=config.cluster.config_namespace,
        manage_crds=config.audit.manage_crds,
        operations=config.audit.operations,
        chunk_size=config.audit.chunk_size,
        referential=config.audit.referential_rules,
        drivers=engines(engine_options(config.audit)),
        lister=lister,
        timing=watchdog,
    )
    told = LogSink(violations=config.log.violations)
    sinks: tuple[Sink, ...] = (StatusSink(StatusWriter(client).patch), MetricsSink(metrics), *more, told)
    guarded = tuple(GuardedSink(sink) for sink in sinks)
    pace = pace_of(config.audit, memory)
    policies = Policies(client, settings, stop)
    return Auditor(config, client, metrics, ServedKinds(client), policies, guarded, stop, lister, pace, watchdog)


def pages_memory(audit: AuditConfig) -> int:
    """The bytes that pages from the API server may take: those of the configuration, else a share of what there is."""
    return audit.memory or share(available()) or PAGES_MEMORY


def pace_of(audit: AuditConfig, memory: int) -> Pace:
    """How fast, how far ahead and how long to list; a quarter of `memory` is for pages that wait."""
    return Pace(audit.chunk_size, Room(memory=memory // 4), Path(audit.cache_dir), audit.timeout)


def engine_options(audit: AuditConfig) -> EngineOptions:
    """What the configuration says of the policy engines."""
    return EngineOptions(
        disabled_builtins=audit.disabled_builtins,
        enabled_builtins=audit.enabled_builtins,
        budget=audit.evaluation_budget,
        native_validation=audit.native_validation,
        failure_policy=audit.failure_policy,
    )


def once(auditor: Auditor) -> int:
    """One run; the exit code says how it ended."""
    return EXIT_CODES[ending(auditor.run()).outcome]


def loop_of(auditor: Auditor) -> Loop:
    """The loop around an auditor."""
    audit = auditor.config.audit
    interval = audit.interval if "audit" in audit.operations else 0
    return Loop(auditor.run, auditor.stop, interval, audit.on_start)


@contextmanager
def endpoints(config: ServeConfig, metrics: Metrics) -> Iterator[None]:
    """Health and metrics over HTTP while the block lasts. Raises ConfigError when an address is taken."""
    health = address(config.health_addr)
    apps = [Endpoint(health_app(always), health)] if health else []
    if config.prometheus_port:
        apps.append(Endpoint(metrics_app(metrics.registry), Address("", config.prometheus_port)))
    with serving(*apps):
        yield


@contextmanager
def leading(cluster: ClusterConfig, loop: Loop, auditor: Auditor, client: Client) -> Iterator[None]:
    """Run for leader in the background while the block lasts; the Lease is given back once the last run has ended."""
    if not cluster.leader_elect:
        yield
        return
    election = Election(client, Seat(cluster.pod_namespace, cluster.lease_name, unique_identity(cluster.pod_name)))
    auditor.may_go_on = loop.may_run = lambda: election.is_leader
    done = Event()
    thread = Thread(target=election.run, args=(done,), name="election", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=5.0)


@contextmanager
def signals(stop: Event, delay: float) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`; whoever is still here `delay` seconds later, or at a second signal, goes at once."""

    def leave(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(FAILED)
        stop.set()
        watchdog = Timer(delay, overdue)
        watchdog.daemon = True
        watchdog.start()

    def overdue() -> None:
        log.error("still not done %s seconds after the signal to stop: leaving anyway", delay)
        os._exit(FAILED)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
