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
from functools import partial
from pathlib import Path
from threading import Event, Thread, Timer
from types import FrameType

from audit.aggregate import Summary
from audit.carry import Memory
from audit.controller.intake import Intake
from audit.hooks.engines import EngineOptions, empty_engine
from audit.hooks.timekeeping import TimeLimits
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Retries
from audit.kube.connection import Connection
from audit.kube.deadline import Deadline
from audit.kube.doubts import Doubts
from audit.kube.fence import Fence
from audit.kube.lease import Election, Seat, unique_identity
from audit.kube.lister import Lister
from audit.kube.pagesize import PageBounds, PageSizes
from audit.kube.patch import StatusWriter
from audit.kube.tardy import Patience, Tardy
from audit.kube.watch import Server
from audit.ledger import Ledger
from audit.logs.streams import configure_logging
from audit.loop import Loop, Prompting
from audit.metrics.registry import Metrics
from audit.model import Outcome, RunInfo
from audit.outcomes import EXIT_CODES, ending, misses_policies
from audit.plan import plan, without_data
from audit.policies.book import Policies, PolicySettings
from audit.policies.policywatch import PolicyWatch
from audit.policies.unserved import unserved
from audit.process.early import STOPPING, Early
from audit.process.garbage import Garbage
from audit.process.lasting import lasting
from audit.process.leading import Duty, Leadership, NoLease, campaigning
from audit.process.memory import available, share
from audit.process.readiness import Readiness
from audit.reviewing import Rules
from audit.run import Prepared, Work, run
from audit.settings.config import AuditConfig, Config, PoliciesConfig, ServeConfig
from audit.sinks import Sink
from audit.sinks.log import CHANGES, LogSink
from audit.sinks.metrics import MetricsSink
from audit.sinks.status import StatusSink
from audit.sources.ahead import Room
from audit.sources.cluster import ClusterSource, Pace
from audit.sources.served import ServedKinds
from audit.tracking import NEVER, PolicyChanges
from constraints import Constraint

log = logging.getLogger("kube_patrol")
OK, FAILED = 0, 1
PAGES_MEMORY = 256 << 20  # bytes, where nothing tells how much memory there is
PARTING_SECONDS = 3.0
CONNECTIONS = 64  # kept open at most: the audit's own few, and one for each kind of policy that is watched


@dataclass(slots=True)
class Auditor:
    """What every run needs, kept from run to run; `duty` says whether it may go on."""

    config: Config
    client: Client
    metrics: Metrics
    served: ServedKinds
    policies: Policies
    sinks: tuple[Sink, ...]
    duty: Duty
    readiness: Readiness
    lister: Lister
    pace: Pace
    deadline: Deadline
    clock: Callable[[], float] = time.time
    memory: Memory = field(default_factory=Memory)
    last: RunInfo | None = None
    garbage: Garbage = field(default_factory=Garbage)
    enforced: tuple[Constraint, ...] = ()
    skipped: int = 0

    def run(self) -> Summary:
        """One audit; what prevents it is in the summary. What only a mistake of ours can raise is logged."""
        self.last = RunInfo.at(self.clock(), self.last)
        blank = Summary(self.last, self.config.audit.violations_limit)
        with self.garbage.resting(self.enforced):
            summary = run(partial(self._prepare, self.last), self.sinks, blank, self.memory, self.duty.over)
        error = summary.mistake
        if error is not None:
            text = "a mistake in this program ended the run: %s: %s"
            log.error(text, type(error).__name__, error, exc_info=error, extra={"audit_id": summary.info.audit_id})
        self.enforced = summary.constraints
        self.metrics.run_ended(summary)
        self.readiness.ended(ending(summary))
        return summary

    def _prepare(self, info: RunInfo) -> Prepared:
        begun = self.pace.elapsed()
        self.deadline.ends = self.pace.since(begun).ends()
        catalogue = self.served.read()
        loaded = self.policies.load(catalogue.listed)
        for ingestion in loaded.ingestions:
            self.metrics.ingested(ingestion.accepted, ingestion.seconds)
        self.metrics.templates_read(loaded.with_cel)
        self.metrics.synced(loaded.synced, self.clock())
        enforced = loaded.engine.enforced()
        chosen = plan(catalogue.listed, enforced)
        chosen = without_data(chosen, loaded.engine.reads_metadata_only)
        self._tell_skipped(len(chosen.skipped))
        source = ClusterSource(self.lister, chosen.listings, self.pace.since(begun), self.duty.stop)
        known = loaded.namespaces
        settings = self.policies.settings
        rules = Rules(
            loaded.engine, loaded.exclusion, known.listed, loaded.inventory, empty=settings.empty, run=info.audit_id
        )
        return Prepared(
            Work(source, rules, known.missing, settings.turn),
            loaded.records,
            Counter("error" if record.errors else "active" for record in loaded.templates),
            gaps=(*catalogue.gaps, *loaded.gaps, *unserved(enforced, catalogue)),
            skipped=chosen.skipped,
        )

    def _tell_skipped(self, number: int) -> None:
        """Once, and whenever there are more or fewer."""
        if number != self.skipped:
            log.info("%d kinds are not listed: no enforced constraint can match them", number)
        self.skipped = number


def serve(config: Config, *more: Sink) -> int:
    """`patrol run`: audit until told to stop, or once; gives the exit code. `more` sinks hear of each run as well.

    Raises ConfigError when the configuration cannot be used, and NoLease when the Lease cannot be had.
    """
    configure_logging(config.log)
    for warning in config.warnings:
        log.warning("%s", warning)
    stop, parting = Event(), ExitStack()
    with ExitStack() as stack:
        stack.enter_context(signals(stop, parting, config))
        metrics = Metrics(leads=lambda: duty.leadership.leads())
        connection = connect(access(config))
        stack.callback(connection.close)
        # The election has a client of its own: one that still answers after `stop`, to give the Lease back.
        election = election_of(config, Client(connection, on_request=metrics.request), stop)
        duty = Duty(stop, Leadership(election, config.cluster.lease_timeout, config.cluster.lease_optional))
        fence = Fence(connection, duty.leadership.leads)
        auditor = assemble(config, Client(fence, stop=stop, on_request=metrics.request), metrics, duty, more)
        if config.audit.once:
            with lasting():
                return EXIT_CODES[ending(auditor.run()).outcome]
        stack.enter_context(answering(config.serve, auditor))
        if election is not None:
            parting.callback(election.release)
            stack.enter_context(campaigning(election, stop))
        prompted = Prompting(auditor.run)
        if config.audit.on_policy_change and auditing_interval(config.audit):
            prompted = stack.enter_context(following(auditor, connection))
        try:
            loop_of(auditor, prompted).forever()
        except NoLease as error:
            log.error("%s", error)
            raise
    return OK


def access(config: Config) -> Access:
    """Which cluster, and how large its replies may be."""
    largest = PageBounds.within(pages_memory(config.audit)).largest
    return Access(config.cluster.kubeconfig, largest_reply=largest, connections=CONNECTIONS)


@contextmanager
def following(auditor: Auditor, connection: Connection) -> Iterator[Prompting]:
    """While the block lasts, take in new templates at once; gives runs that come soon after policies have changed."""
    client = Client(connection, retries=Retries(attempts=1), stop=auditor.duty.stop, on_request=auditor.metrics.request)
    changes = PolicyChanges(auditor.config.audit.debounce)
    intake = Intake(auditor.client, auditor.policies.settings, auditor.duty.leadership.leads)
    watch = PolicyWatch(Server(client, connection, auditor.metrics.request), changes, intake.submit)
    auditor.metrics.watch(watch.counts)

    def sooner() -> float:
        if not auditor.duty.leadership.may_run():
            return NEVER
        watch.start()
        return changes.due()

    def taking() -> object:
        wanted = changes.take()
        summary = auditor.run()
        if wanted:
            changes.taken(seen=not misses_policies(summary))
        return summary

    intake.start(watch.served)
    try:
        yield Prompting(taking, sooner)
    finally:
        intake.close()
        watch.close()


def assemble(config: Config, client: Client, metrics: Metrics, duty: Duty, more: tuple[Sink, ...] = ()) -> Auditor:
    """The auditor of this configuration. The log comes last: `audit_finished` says that statuses are written."""
    memory = pages_memory(config.audit)
    client = client.doubting(Doubts())
    tardy, sizes = Tardy(Patience.of(config.audit.kind_timeout)), PageSizes(PageBounds.within(memory))
    pace = pace_of(config.audit, memory)
    # What is read before and between the lists ends with the run; lists are left alone then, and statuses still written.
    deadline = Deadline(elapsed=pace.elapsed)
    reading, writing = client.prompt().bounded(deadline.left), client.prompt()
    settings = PolicySettings(
        pod_name=config.cluster.identity,
        namespace=config.cluster.namespace_of_config,
        manage_crds=config.policies.manage_crds,
        operations=config.audit.performed,
        chunk_size=config.audit.chunk_size,
        referential=config.policies.referential_rules,
        empty=partial(empty_engine, engine_options(config.policies)),
        lister=Lister(reading, sizes, tardy),
        inventory_memory=memory,
    )
    ledger = Ledger() if config.log.violations == CHANGES else None
    told = LogSink(violations=config.log.violations, ledger=ledger)
    sinks: tuple[Sink, ...] = (StatusSink(StatusWriter(writing).patch), MetricsSink(metrics), *more, told)
    return Auditor(
        config,
        client,
        metrics,
        ServedKinds(reading),
        Policies(reading, settings, duty.stop),
        sinks,
        duty,
        readiness_of(config, duty),
        Lister(client, sizes, tardy),
        pace,
        deadline,
        memory=Memory(ledger=ledger),
    )


def readiness_of(config: Config, duty: Duty) -> Readiness:
    """What /readyz says; without audits none can be too old."""
    max_age = config.serve.ready_max_age if auditing_interval(config.audit) else 0
    return Readiness(duty.leadership.leads, duty.leadership.problem, max_age)


def pages_memory(audit: AuditConfig) -> int:
    """The bytes that pages from the API server may take: those of the configuration, else a share of what there is."""
    return audit.memory or share(available()) or PAGES_MEMORY


def pace_of(audit: AuditConfig, memory: int) -> Pace:
    """How fast, how far ahead and how long to list; a quarter of `memory` is for pages that wait."""
    return Pace(audit.chunk_size, Room(memory=memory // 4), Path(audit.cache_dir), audit.timeout)


def engine_options(policies: PoliciesConfig) -> EngineOptions:
    """What the configuration says of the policy engines."""
    return EngineOptions(
        disabled_builtins=policies.disabled_builtins,
        enabled_builtins=policies.enabled_builtins,
        budget=policies.evaluation_budget,
        template_timeout=policies.template_timeout,
        limits=TimeLimits(policies.evaluation_timeout, policies.policy_timeout),
        native_validation=policies.native_validation,
        failure_policy=policies.failure_policy,
    )


def election_of(config: Config, client: Client, stop: Event) -> Election | None:
    """Who leads among replicas; None where nobody is asked: one run by hand is not a replica."""
    cluster = config.cluster
    if config.audit.once or not cluster.leader_elect:
        return None
    seat = Seat(cluster.pod_namespace, cluster.lease_name, unique_identity(cluster.identity))
    return Election(client, seat, leaving=stop)


def loop_of(auditor: Auditor, prompted: Prompting) -> Loop:
    """The loop around the runs of an auditor."""
    audit, duty = auditor.config.audit, auditor.duty
    return Loop(prompted, duty.stop, auditing_interval(audit), audit.on_start, duty.leadership.may_run)


def auditing_interval(audit: AuditConfig) -> int:
    """Seconds between two runs; 0 where this instance does not audit."""
    return audit.interval if "audit" in audit.performed else 0


@contextmanager
def answering(config: ServeConfig, auditor: Auditor) -> Iterator[None]:
    """Health and metrics over HTTP while the block lasts. Raises ConfigError when an address is taken."""
    from audit.web.app import endpoints, serving  # late: one run serves nothing

    with serving(*endpoints(config, auditor.readiness.problem, auditor.metrics.registry)):
        yield


@contextmanager
def signals(stop: Event, parting: ExitStack, config: Config) -> Iterator[None]:
    """SIGTERM and SIGINT set `stop`; whoever is still here after `shutdown_delay`, or at a second signal, goes at once.

    `parting` is what has to be done even then, such as giving the Lease back; it has a few seconds.
    """
    delay = config.cluster.shutdown_delay
    code = EXIT_CODES[Outcome.INTERRUPTED] if config.audit.once else FAILED

    def leave(number: int, frame: FrameType | None) -> None:
        # In a thread of its own: what is done in parting may wait for what this one was interrupted in.
        watchdog = Timer(0 if stop.is_set() else delay, overdue, (stop.is_set(),))
        watchdog.daemon = True
        watchdog.start()
        stop.set()

    def overdue(asked: bool) -> None:
        if not asked:
            log.error("still not done %s seconds after the signal to stop: leaving anyway", delay)
        last = Thread(target=parting.close, name="parting", daemon=True)
        last.start()
        last.join(PARTING_SECONDS)
        os._exit(code)

    before = {number: signal.signal(number, leave) for number in STOPPING}
    if any(isinstance(handler, Early) and handler.came for handler in before.values()):
        stop.set()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
