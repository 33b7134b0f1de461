"""The composition root: the only file, with `demo`, that knows every room."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event

from audit.auditor import Auditor
from audit.controller.controller import Controller, ControllerSettings
from audit.controller.intake import Intake, Taking, Waiting
from audit.extent import CHANGES
from audit.hooks.engines import EngineOptions, empty_engine
from audit.hooks.timekeeping import TimeLimits
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Retries
from audit.kube.connection import Connection
from audit.kube.doubts import Doubts
from audit.kube.fence import Fence
from audit.kube.lease import Election, Seat, unique_identity
from audit.kube.pagesize import PageBounds, PageSizes
from audit.kube.patch import StatusWriter
from audit.kube.tardy import Patience, Tardy
from audit.kube.watch import Server
from audit.ledger import Ledger
from audit.logs.said import Saying
from audit.logs.streams import configure_logging
from audit.loop import Loop, Prompting
from audit.metrics.registry import Metrics
from audit.metrics.requests import Requests
from audit.model import Outcome
from audit.outcomes import EXIT_CODES, ending, misses_policies
from audit.policies.book import Loaded, Policies, PolicySettings, compiled
from audit.policies.policywatch import PolicyWatch
from audit.policies.reading import Reader
from audit.preparing import Preparation, nowhere
from audit.process.lasting import lasting
from audit.process.leading import Duty, Leadership, NoLease, campaigning
from audit.process.memory import available, share
from audit.process.readiness import Readiness
from audit.process.signals import ExportLeaving, Leaving, Stop, signals
from audit.run import Past
from audit.settings.config import AuditConfig, Config, PoliciesConfig, ResultsConfig, ServeConfig
from audit.sinks import Sink
from audit.sinks.log import LogSink, unknown
from audit.sinks.metrics import MetricsSink
from audit.sinks.status import StatusSink
from audit.sources.ahead import Room
from audit.sources.cluster import Pace
from audit.sources.served import ServedKinds
from audit.tracking import NEVER, PolicyChanges
from constraints.dataclass import dataclass

log = logging.getLogger("kube_patrol")
OK, FAILED = 0, 1
PAGES_MEMORY = 256 << 20  # bytes, where nothing tells how much memory there is
CONNECTIONS = 64  # kept open at most: the audit's own few, and one for each kind of policy that is watched


def serve(config: Config, *more: Sink) -> int:
    """`patrol run`: audit until told to stop, or once; gives the exit code. `more` sinks hear of each run as well.

    Raises ConfigError when the configuration cannot be used, and NoLease when the Lease cannot be had.
    """
    configure_logging(config.log)
    for warning in config.warnings:
        log.warning("%s", warning)
    stop, parting = Stop(), ExitStack()
    with ExitStack() as stack:
        stack.enter_context(signals(stop, leaving_of(config, parting)))
        with lasting():  # what it imports is as large as all of this program
            connection, requests = connect(access(config)), Requests()
        stack.callback(connection.close)
        # The election has a client of its own: one that still answers after `stop`, to give the Lease back.
        election = election_of(config, Client(connection, on_request=requests.count), stop)
        duty = Duty(stop, Leadership(election, config.cluster.lease_timeout, config.cluster.lease_optional))
        followed = Followed.of(config.audit, connection, requests, stop)
        metrics = Metrics(requests, leads=duty.leadership.leads, watching=followed.watch.counts)
        client = Client(Fence(connection, duty.leadership.leads), stop=stop, on_request=requests.count)
        beside = Beside(more)
        if config.export.enabled:
            # Statuses are still written while what waits is published, when everything else has been told to stop and
            # another replica may lead: each has an entry of its own.
            prompt = Client(connection, on_request=requests.count).prompt()
            leaving = ExportLeaving(stop, duty.leadership.leads, parting, config.cluster.shutdown_delay)
            beside = beside.plus(stack.enter_context(exporting(config, prompt, metrics, leaving)))
        auditor = assemble(config, client, metrics, duty, beside)
        if config.audit.once:
            with lasting():
                return EXIT_CODES[ending(auditor.run()).outcome]
        stack.enter_context(answering(config.serve, auditor))
        if election is not None:
            parting.callback(election.release)
            stack.enter_context(campaigning(election, stop))
        audit_forever(config.audit, auditor, followed)
    return OK


@dataclass(frozen=True, slots=True)
class Beside:
    """What there is besides the sinks that are always there: others, where to look for a Connection, who knows of
    earlier runs, and what they share who tell of violations.
    """

    sinks: tuple[Sink, ...] = ()
    look: Callable[[Reader], None] = nowhere
    ledger: Ledger | None = None
    saying: Saying | None = None
    last: tuple[Sink, ...] = ()

    def plus(self, more: Beside) -> Beside:
        """Both; all but the sinks is that of `more`. Its sinks come first: others tell what those could not do. What is
        done `last` of it is only told by the log.
        """
        return replace(more, sinks=(*more.sinks, *self.sinks))


@contextmanager
def exporting(config: Config, client: Client, metrics: Metrics, leaving: ExportLeaving) -> Iterator[Beside]:
    """Export violations while the block lasts; what waits then is published in what is left of the shutdown delay."""
    from audit.controller.connectionstatus import ConnectionStatus
    from audit.controller.podstatus import PodStatus
    from audit.export.backlog import Backlog, Limits  # late, all of them: most export nothing
    from audit.export.delivery import Delivery, DeliveryHooks
    from audit.export.driver import Means
    from audit.export.tally import Tally
    from audit.exporting import Exporting, Heeded, Wanted
    from audit.metrics.exporting import ExportMetrics
    from audit.policies.secrets import secret_data
    from audit.sinks.export import ExportSink, Selection, SettlingSink

    export, cluster, tally, once = config.export, config.cluster, Tally(), config.audit.once
    ledger = Ledger() if export.mode == CHANGES else None
    mine, memory = PodStatus(cluster.identity, config.audit.performed), max(900.0, 3.0 * config.audit.interval)
    heeded = Heeded(ConnectionStatus(StatusWriter(client), mine, memory))
    backlog = Backlog(Path(export.spill_dir), Limits(export.spill_limit), tally, export.spill_sync)
    hooks = DeliveryHooks(heeded.tell, leaving.leads, late=leaving.is_over)
    delivery = Delivery(backlog, tally, hooks)
    place = Means(export.channel, partial(secret_data, client, cluster.pod_namespace), os.environ, backlog.memo)
    look = Exporting(Wanted(cluster.pod_namespace, export.connection, place), delivery, heeded)
    metrics.registry.register(ExportMetrics(tally))
    leaving.late.callback(delivery.close, 0.0)
    try:
        selection, saying = Selection(export.mode, export.full_interval, export.cluster), Saying()
        sink = ExportSink(delivery, look.why, selection, ledger, saying)
        yield Beside((sink,), look, ledger, saying, (SettlingSink(sink.settle),) if once else ())
    finally:
        delivery.close(0.0 if once and not leaving.stop.is_set() else leaving.left)  # once all has been waited for


def audit_forever(config: AuditConfig, auditor: Auditor, followed: Followed) -> None:
    """Audit every interval, and soon after policies have changed, until told to stop. Raises NoLease."""
    follows = config.on_policy_change and auditing_interval(config)
    with following(auditor, followed) if follows else nullcontext(Prompting(auditor.run)) as prompted:
        try:
            loop_of(config, prompted, auditor.duty).forever()
        except NoLease as error:
            log.error("%s", error)
            raise


def access(config: Config) -> Access:
    """Which cluster, and how large its replies may be."""
    largest = PageBounds.within(pages_memory(config.audit)).largest
    return Access(config.cluster.kubeconfig, largest_reply=largest, connections=CONNECTIONS)


def leaving_of(config: Config, parting: ExitStack) -> Leaving:
    """How this process leaves, and what it does even when it is late."""
    code = EXIT_CODES[Outcome.INTERRUPTED] if config.audit.once else FAILED
    return Leaving(config.cluster.shutdown_delay, code, parting.close)


@dataclass(frozen=True, slots=True)
class Followed:
    """What is heard of policies between two runs: that they change, and which templates are new."""

    changes: PolicyChanges
    waiting: Waiting
    watch: PolicyWatch

    @classmethod
    def of(cls, audit: AuditConfig, connection: Connection, requests: Requests, stop: Event) -> Followed:
        """Nothing is heard before the watch is started."""
        client = Client(connection, retries=Retries(attempts=1), stop=stop, on_request=requests.count)
        changes, waiting = PolicyChanges(audit.debounce), Waiting()
        return cls(changes, waiting, PolicyWatch(Server(client, connection, requests.count), changes, waiting.put))


@contextmanager
def following(auditor: Auditor, followed: Followed) -> Iterator[Prompting]:
    """While the block lasts, take in new templates at once; gives runs that come soon after policies have changed."""
    changes, watch, leadership = followed.changes, followed.watch, auditor.duty.leadership
    intake = intake_of(auditor, followed)

    def sooner() -> float:
        if not leadership.may_run():
            return NEVER
        watch.start()
        return changes.due()

    def taking() -> object:
        wanted = changes.take()
        summary = auditor.run()
        if wanted:
            changes.taken(seen=not misses_policies(summary))
        return summary

    intake.start()
    try:
        yield Prompting(taking, sooner)
    finally:
        intake.close()
        watch.close()


def intake_of(auditor: Auditor, followed: Followed) -> Intake:
    """Takes new templates in with what the runs have: their client, their settings, and their turn."""
    kept, stop = auditor.preparation, Event()
    compiling = partial(compiled, settings=kept.policies.settings)
    taking = Taking(Controller(kept.client, kept.controller, stop), compiling, followed.watch.served)
    return Intake(followed.waiting, taking, auditor.duty.leadership.leads, stop)


def assemble(config: Config, client: Client, metrics: Metrics, duty: Duty, beside: Beside | None = None) -> Auditor:
    """The auditor of this configuration. The log comes last: `audit_finished` says that statuses are written."""
    beside_statuses: tuple[Sink, ...] = tuple(event_sinks(config, client, metrics, duty.stop))
    heard: Callable[[Loaded], None] = partial(tell, metrics)
    if config.reports.wanted:
        from audit.reporting import ReportMeans, hearing, reporting  # late: most write none

        around = ReportMeans(client, duty.stop, metrics.reports.add, config.audit.once)
        reports = reporting(config.reports, around)
        beside_statuses, heard = (*beside_statuses, reports), hearing(reports, heard)
    client = client.doubting(Doubts())
    beside = beside or Beside()
    wanted = config.log.violations == CHANGES or config.events.on_change
    ledger = beside.ledger or (Ledger() if wanted else None)
    saying = beside.saying or Saying()
    is_known = ledger.knows if ledger else unknown
    told = LogSink(violations=config.log.violations, is_known=is_known, saying=saying)
    statuses = StatusSink(StatusWriter(client.prompt()).patch)
    written: tuple[Sink, ...] = (statuses, MetricsSink(metrics), *beside_statuses)
    return Auditor(
        replace(preparation_of(config, client, duty.stop, heard), exporting=beside.look),
        (*written, *kept(config.results, saying), *beside.sinks, *beside.last, told),
        duty,
        metrics,
        readiness_of(config, duty),
        config.audit.violations_limit,
        past=Past(ledger=ledger),
    )


def kept(config: ResultsConfig, saying: Saying) -> Iterator[Sink]:
    """What keeps whole runs as files, where that is wanted."""
    if config.folder:
        from audit.results.archive import Archive  # late: most installations keep none
        from audit.sinks.results import ResultsSink

        yield ResultsSink(Archive(config.folder, config.keep, config.compress), saying=saying)


def event_sinks(config: Config, client: Client, metrics: Metrics, stop: Event) -> Iterator[Sink]:
    """Those that write Kubernetes Events, where that is wanted; they come after the statuses, which nobody shall
    miss.
    """
    if not (config.events.emit or config.events.on_change):
        return
    from audit.events.bodies import Where  # late: most runs write none
    from audit.events.telling import Telling
    from audit.events.writing import EventWriter
    from audit.sinks.events import AuditEvents, ChangeEvents

    where = Where(config.cluster.pod_namespace, config.events.involved_namespace)
    told = partial(Telling, count=metrics.events.add, limit=config.events.limit, instance=config.cluster.identity)
    if config.events.emit:
        yield AuditEvents(told(EventWriter(client, stop.is_set, home=where.namespace)), where)
    if config.events.on_change:
        yield ChangeEvents(told(EventWriter(client, stop.is_set)))


def preparation_of(config: Config, client: Client, stop: Event, heard: Callable[[Loaded], None]) -> Preparation:
    """What each run does first, for this configuration."""
    memory = pages_memory(config.audit)
    empty = partial(empty_engine, engine_options(config.policies))
    settings = PolicySettings(config.cluster.namespace_of_config, config.policies.referential_rules, empty, memory)
    return Preparation(
        client,
        PageSizes(PageBounds.within(memory)),
        Tardy(Patience.of(config.audit.kind_timeout)),
        pace_of(config.audit, memory),
        ServedKinds(),
        Policies(settings),
        ControllerSettings(config.cluster.identity, config.audit.performed, config.policies.manage_crds),
        stop,
        heard,
    )


def tell(metrics: Metrics, loaded: Loaded) -> None:
    """Let the metrics tell of the policies that were just read."""
    for ingestion in loaded.templates.ingestions:
        metrics.ingested(ingestion.accepted, ingestion.seconds)
    metrics.templates_read(loaded.templates.with_cel)
    metrics.synced(loaded.synced, time.time())


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


def loop_of(audit: AuditConfig, prompted: Prompting, duty: Duty) -> Loop:
    """The loop around the runs of an auditor."""
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
