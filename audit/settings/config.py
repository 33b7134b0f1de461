"""What the program was told to do, in frozen groups; nobody below `audit.app` knows that there are flags.

A new flag is a row here, and the place that reads it. Names and defaults are Gatekeeper's where it has the flag
(compatibility, section 1).
"""

from __future__ import annotations

import socket
from dataclasses import field, replace

from audit.extent import ALL, RUN
from audit.settings.flagtypes import (
    ADDRESS,
    ALL_OPERATIONS,
    BUILTINS,
    DECISION,
    DNS_LABEL,
    DNS_NAME,
    ELECTION,
    ENCODER,
    EXPORTED,
    FAILURE_POLICY,
    GUARDED_BUILTINS,
    LEVEL_KEY,
    LOGGED,
    MEMORY,
    METRICS_BACKENDS,
    OPERATIONS,
    OPTIONAL_PATH,
    PATH,
    PORT,
    SECONDS,
    STEPS,
    SYNCED,
    TEXT,
    TIME_LIMIT,
    TRUTH,
    UNSIGNED,
)
from audit.settings.reports import ReportsConfig
from audit.settings.rows import flag
from audit.settings.values import Values
from constraints.dataclass import dataclass

FAKE_POD = "no-pod"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
PERFORMED = ("audit", "status")  # of Gatekeeper's operations, those that this program performs


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """When and what to audit, how much at a time and how much to keep."""

    interval: int = flag("audit-interval", 60, SECONDS, "seconds between the starts of two runs; 0 turns auditing off")
    on_start: bool = flag("audit-on-start", True, TRUTH, "audit at once, not only after the first interval")
    on_policy_change: bool = flag(
        "audit-on-policy-change",
        True,
        TRUTH,
        "watch templates, constraints, Config and SyncSets, and audit soon after they change, whatever the interval",
    )
    debounce: int = flag(
        "audit-debounce", 5, SECONDS, "seconds after a change of policies within which an audit begins"
    )
    once: bool = flag(
        "once",
        False,
        TRUTH,
        "audit once and exit: 0 complete, 1 failed, 3 with gaps, 4 not written, 5 no policies served, 6 interrupted",
    )
    chunk_size: int = flag("audit-chunk-size", 500, UNSIGNED, "objects asked for in one page; 0 asks for all at once")
    violations_limit: int = flag(
        "constraint-violations-limit",
        20,
        UNSIGNED,
        "violations kept in the status of one constraint; totals stay exact",
    )
    cache_dir: str = flag(
        "api-cache-dir", "/tmp/audit", PATH, "where pages wait when evaluation is slow; made when missing"
    )
    memory: int = flag(
        "audit-memory",
        0,
        MEMORY,
        "memory for pages on their way, and the same again for data.inventory; 0 is a third of what the container may use",
    )
    kind_timeout: int = flag(
        "audit-kind-timeout",
        300,
        SECONDS,
        "seconds that the API server may take to list one kind, 60 of them for one page; 0 is no bound",
    )
    timeout: int = flag(
        "audit-timeout",
        1800,
        SECONDS,
        "seconds after which a run ends; kinds that were not listed by then are gaps; 0 is no bound",
    )
    operations: tuple[str, ...] = flag(
        "operation", ALL_OPERATIONS, OPERATIONS, "what this instance does: audit and status count here"
    )

    @property
    def performed(self) -> tuple[str, ...]:
        """Those of PERFORMED that are wanted."""
        return tuple(name for name in PERFORMED if name in self.operations)


@dataclass(frozen=True, slots=True)
class PoliciesConfig:
    """What policies may be, and what they may use; times are seconds of processor time, 0 = no limit."""

    referential_rules: bool = flag("enable-referential-rules", True, TRUTH, "allow templates that read data.inventory")
    native_validation: bool = flag(
        "enable-k8s-native-validation",
        True,
        TRUTH,
        "evaluate CEL; a template with CEL and Rego is then answered by CEL",
    )
    failure_policy: str = flag(
        "default-k8s-native-validation-failure-policy",
        "Fail",
        FAILURE_POLICY,
        "for CEL templates without failurePolicy: whether an error is a violation",
    )
    disabled_builtins: tuple[str, ...] = flag(
        "disable-opa-builtin", (), BUILTINS, "refuse templates that call this Rego builtin"
    )
    enabled_builtins: tuple[str, ...] = flag(
        "enable-opa-builtin", (), GUARDED_BUILTINS, "allow http.send or net.lookup_ip_addr in templates"
    )
    template_timeout: float = flag(
        "template-timeout",
        2.0,
        TIME_LIMIT,
        "processor time that a template, or a constraint of it, may take to compile before it is refused; 0 is no limit",
    )
    evaluation_budget: int = flag(
        "evaluation-budget", 10_000_000, STEPS, "steps that one policy may take for one object before it is stopped"
    )
    evaluation_timeout: float = flag(
        "evaluation-timeout",
        1.0,
        TIME_LIMIT,
        "processor time that one policy may take for one object before it is stopped; 0 is no limit",
    )
    policy_timeout: float = flag(
        "policy-timeout",
        30.0,
        TIME_LIMIT,
        "processor time that one constraint may take in a run, after which it keeps its last results; 0 is no limit",
    )
    manage_crds: str = flag(
        "manage-crds",
        "auto",
        DECISION,
        "create the CRDs of constraints: auto does unless another controller owns them",
    )


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Which cluster, who this process is in it, and how it leaves. `leader_elect` is True, False or `auto`."""

    kubeconfig: str = flag("kubeconfig", "", TEXT, "kubeconfig file; in a Pod its service account is used without one")
    leader_elect: bool | str = flag(
        "leader-elect",
        True,
        ELECTION,
        "audit only while holding the Lease, so that replicas are safe; auto: without it where it cannot be had",
    )
    lease_timeout: int = flag(
        "leader-elect-timeout",
        60,
        SECONDS,
        "seconds for which the Lease may be refused before the program ends, or audits without it; 0 waits for ever",
    )
    lease_name: str = flag(
        "leader-elect-lease-name", "kube-patrol", DNS_NAME, "name of the Lease in the Pod's namespace"
    )
    pod_name: str = flag(
        "pod-name", "", DNS_NAME, "name in byPod and in the Lease; the host's name by default", "POD_NAME"
    )
    pod_namespace: str = flag("pod-namespace", "gatekeeper-system", DNS_LABEL, "namespace of this Pod", "POD_NAMESPACE")
    config_namespace: str = flag(
        "config-namespace", "", DNS_LABEL, "namespace of the Config `config`; the Pod's by default"
    )
    fake_pod: bool = flag("debug-use-fake-pod", False, TRUTH, "run outside of a Pod, as `no-pod`")
    shutdown_delay: int = flag("shutdown-delay", 10, SECONDS, "seconds to leave in after the first SIGTERM")

    @property
    def lease_optional(self) -> bool:
        """Whether to audit without a Lease where it cannot be had."""
        return self.leader_elect == "auto"

    @property
    def identity(self) -> str:
        """What this process is called in the cluster."""
        return FAKE_POD if self.fake_pod else self.pod_name or socket.gethostname().lower()

    @property
    def namespace_of_config(self) -> str:
        """Where Gatekeeper's Config is."""
        return self.config_namespace or self.pod_namespace


@dataclass(frozen=True, slots=True)
class LogConfig:
    """How to log: an empty `file` means stderr."""

    level: str = flag(
        "log-level",
        "INFO",
        TEXT,
        "DEBUG, INFO, WARNING or ERROR, anything else is INFO; violations are logged at each, always as JSON",
    )
    level_key: str = flag("log-level-key", "level", LEVEL_KEY, "JSON key of the level")
    level_encoder: str = flag("log-level-encoder", "lower", ENCODER, "how the level is written")
    violations: str = flag(
        "log-violations", ALL, LOGGED, "which violations get a line of their own; totals and gaps always do"
    )
    file: str = flag("log-file", "", TEXT, "append to this file instead of writing to stderr")

    @property
    def known_level(self) -> str:
        """One of LEVELS."""
        return self.level if self.level in LEVELS else "INFO"


@dataclass(frozen=True, slots=True)
class ResultsConfig:
    """Where whole runs are kept, as files; an empty `folder` is nowhere."""

    folder: str = flag(
        "results-dir",
        "",
        OPTIONAL_PATH,
        "folder where every run is kept whole, as JSON Lines for patrol results and others; made when missing",
    )
    keep: int = flag(
        "results-keep", 10, UNSIGNED, "runs kept in the results folder, and as many that did not end; 0 keeps all"
    )
    compress: bool = flag("results-compress", False, TRUTH, "keep runs compressed, as .jsonl.gz")


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """Whether and where to export violations, and what may wait for that."""

    enabled: bool = flag(
        "enable-violation-export", False, TRUTH, "export violations to where the Connection says; see docs/export.md"
    )
    connection: str = flag(
        "audit-connection",
        "audit-connection",
        DNS_NAME,
        "the Connection, or ConfigMap, in the Pod's namespace that counts",
    )
    channel: str = flag(
        "audit-channel", "audit-channel", TEXT, "where to export to at the target: the folder below `path` on disk"
    )
    mode: str = flag(
        "export-mode", ALL, EXPORTED, "export every violation of every run, or those that are new and those resolved"
    )
    full_interval: int = flag(
        "export-full-interval",
        86400,
        SECONDS,
        "seconds after which changes are told with all violations again; 0 never",
    )
    cluster: str = flag(
        "cluster-name", "", TEXT, "name of this cluster in messages, where the Connection's config says extended: true"
    )
    spill_dir: str = flag(
        "export-spill-dir", "/tmp/kube-patrol-export", PATH, "where messages wait for their target; made when missing"
    )
    spill_limit: int = flag(
        "export-spill-limit", 256 << 20, MEMORY, "bytes that may wait there; more messages are dropped and counted"
    )
    spill_sync: str = flag(
        "export-spill-sync",
        RUN,
        SYNCED,
        "when what waits there is brought to the disk, for a node that loses its power: at the end of a run, with each page",
    )


@dataclass(frozen=True, slots=True)
class EventsConfig:
    """Which Kubernetes Events to write."""

    emit: bool = flag(
        "emit-audit-events", False, TRUTH, "an Event for each violation in each run, as Gatekeeper writes them"
    )
    involved_namespace: bool = flag(
        "audit-events-involved-namespace",
        False,
        TRUTH,
        "write those to the namespace of the object, where it has one, and not to that of this Pod",
    )
    on_change: bool = flag(
        "audit-events-on-change",
        False,
        TRUTH,
        "an Event on the object when a violation appears, and one when it is resolved",
    )
    limit: int = flag(
        "audit-events-limit",
        1000,
        UNSIGNED,
        "Events of each of the two kinds that one run may write; what is held back is counted; 0 is no limit",
    )


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Where to answer, and when this process is ready."""

    health_addr: str = flag("health-addr", ":9090", ADDRESS, "address of /healthz and /readyz; 0 turns them off")
    ready_max_age: int = flag(
        "ready-max-age",
        300,
        SECONDS,
        "seconds without an audit that came to its end after which /readyz is 503; three intervals when those are longer "
        "and the flag is not given; 0 turns that off",
    )
    prometheus_port: int = flag("prometheus-port", 8888, PORT, "port of /metrics; 0 turns it off")
    metrics_backends: tuple[str, ...] = flag("metrics-backend", ("prometheus",), METRICS_BACKENDS, "where metrics go")


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that was configured. `warnings` are sentences about flags that have no effect."""

    audit: AuditConfig = field(default_factory=AuditConfig)
    policies: PoliciesConfig = field(default_factory=PoliciesConfig)
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    log: LogConfig = field(default_factory=LogConfig)
    results: ResultsConfig = field(default_factory=ResultsConfig)
    events: EventsConfig = field(default_factory=EventsConfig)
    reports: ReportsConfig = field(default_factory=ReportsConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Values, warnings: tuple[str, ...] = ()) -> Config:
        """Sort parsed values into groups; `warnings` come before those about values that mean less here."""
        audit, log = values.fill(AuditConfig()), values.fill(LogConfig())
        serve = values.fill(ServeConfig())
        if "ready-max-age" not in values.given:  # left alone, it does not call a long interval a failure
            serve = replace(serve, ready_max_age=max(serve.ready_max_age, 3 * audit.interval))
        more = (*_unknown_level(log), *(_unused_operations(audit) if "operation" in values.given else ()))
        policies, cluster = values.fill(PoliciesConfig()), values.fill(ClusterConfig())
        results, export = values.fill(ResultsConfig()), values.fill(ExportConfig())
        events, reports = values.fill(EventsConfig()), values.fill(ReportsConfig())
        more += _unused_namespace(events)
        return cls(audit, policies, cluster, log, results, events, reports, serve, export, (*warnings, *more))


def _unused_namespace(events: EventsConfig) -> tuple[str, ...]:
    if events.emit or not events.involved_namespace:
        return ()
    return ("--audit-events-involved-namespace has no effect without --emit-audit-events",)


def _unknown_level(log: LogConfig) -> tuple[str, ...]:
    if log.level in LEVELS:
        return ()
    return (f"--log-level={log.level} is not one of {', '.join(LEVELS)}: INFO is used",)


def _unused_operations(audit: AuditConfig) -> tuple[str, ...]:
    unused = [name for name in audit.operations if name not in PERFORMED]
    if not unused:
        return ()
    return (f"--operation={','.join(unused)} has no effect: this program performs {' and '.join(PERFORMED)}",)
