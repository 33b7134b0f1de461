"""What the program was told to do, in frozen groups; nobody below `audit.app` knows that there are flags."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.settings.arguments import Values

FAKE_POD = "no-pod"
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
OPERATIONS = ("audit", "status")  # of Gatekeeper's operations, those that this program performs


@dataclass(frozen=True, slots=True)
class AuditConfig:
    """When and what to audit, and how much to keep.

    `interval` in seconds (0 = never), `debounce` too, `violations_limit` a constraint, `chunk_size` objects a page (0 = no
    limit). `template_timeout` in seconds (0 = no limit): a template to be compiled; `evaluation_timeout` and `policy_timeout` in seconds (0 = no limit): a policy for one object, for a whole run.
    `manage_crds` is `auto`, `true` or `false`; `operations` those of OPERATIONS that are wanted.
    """

    interval: int = 60
    on_start: bool = True
    on_policy_change: bool = True
    debounce: int = 5
    once: bool = False
    chunk_size: int = 500
    match_kind_only: bool = False
    violations_limit: int = 20
    cache_dir: str = "/tmp/audit"
    memory: int = 0
    kind_timeout: int = 300
    timeout: int = 1800
    operations: tuple[str, ...] = OPERATIONS
    referential_rules: bool = True
    native_validation: bool = True
    failure_policy: str = "Fail"
    disabled_builtins: tuple[str, ...] = ()
    enabled_builtins: tuple[str, ...] = ()
    evaluation_budget: int = 10_000_000
    template_timeout: float = 2.0
    evaluation_timeout: float = 1.0
    policy_timeout: float = 30.0
    manage_crds: str = "auto"


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """Which cluster, and who this process is in it. An empty `kubeconfig` means: the usual places.

    `lease_timeout` is for how many seconds the Lease may be refused (0 = for ever); after that the program ends, or with
    `lease_optional` audits without one.
    """

    kubeconfig: str = ""
    pod_name: str = FAKE_POD
    pod_namespace: str = "gatekeeper-system"
    config_namespace: str = "gatekeeper-system"
    leader_elect: bool = True
    lease_optional: bool = False
    lease_timeout: float = 60.0
    lease_name: str = "kube-patrol"


@dataclass(frozen=True, slots=True)
class LogConfig:
    """How to log: `level` is DEBUG, INFO, WARNING or ERROR; an empty `file` means stderr.

    `level_encoder` is `lower`, `capital`, `color` or `capitalcolor`; `violations` says which get a line: `all`, `none`
    or `changes`.
    """

    level: str = "INFO"
    level_key: str = "level"
    level_encoder: str = "lower"
    file: str = ""
    violations: str = "all"


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Where to answer: `health_addr` as `:9090` (`0` or empty = off), `prometheus_port` (0 = off).

    `shutdown_delay` is the number of seconds there are to leave in. `ready_max_age` is for how many seconds no audit may
    come to its end before this process is not ready any more (0 = for ever).
    """

    health_addr: str = ":9090"
    prometheus_port: int = 8888
    ready_max_age: float = 300.0
    shutdown_delay: int = 10


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that was configured. `warnings` are sentences about flags that have no effect."""

    audit: AuditConfig = field(default_factory=AuditConfig)
    cluster: ClusterConfig = field(default_factory=ClusterConfig)
    log: LogConfig = field(default_factory=LogConfig)
    serve: ServeConfig = field(default_factory=ServeConfig)
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Values, warnings: tuple[str, ...] = ()) -> Config:
        """Sort parsed values into groups; `warnings` come before those about values that mean less here."""
        more = _unknown_level(values) + _unused_operations(values)
        return cls(_audit(values), _cluster(values), _log(values), _serve(values), warnings + more)


def _audit(values: Values) -> AuditConfig:
    return AuditConfig(
        interval=values.number("audit-interval"),
        on_start=values.truth("audit-on-start"),
        on_policy_change=values.truth("audit-on-policy-change"),
        debounce=values.number("audit-debounce"),
        once=values.truth("once"),
        chunk_size=values.number("audit-chunk-size"),
        match_kind_only=values.truth("audit-match-kind-only"),
        violations_limit=values.number("constraint-violations-limit"),
        cache_dir=values.text("api-cache-dir"),
        memory=values.number("audit-memory"),
        kind_timeout=values.number("audit-kind-timeout"),
        timeout=values.number("audit-timeout"),
        operations=tuple(name for name in OPERATIONS if name in values.words("operation")),
        referential_rules=values.truth("enable-referential-rules"),
        native_validation=values.truth("enable-k8s-native-validation"),
        failure_policy=values.text("default-k8s-native-validation-failure-policy"),
        disabled_builtins=values.words("disable-opa-builtin"),
        enabled_builtins=values.words("enable-opa-builtin"),
        evaluation_budget=values.number("evaluation-budget"),
        template_timeout=values.seconds("template-timeout"),
        evaluation_timeout=values.seconds("evaluation-timeout"),
        policy_timeout=values.seconds("policy-timeout"),
        manage_crds=values.text("manage-crds"),
    )


def _cluster(values: Values) -> ClusterConfig:
    namespace = values.text("pod-namespace")
    name = FAKE_POD if values.truth("debug-use-fake-pod") else values.text("pod-name")
    return ClusterConfig(
        kubeconfig=values.text("kubeconfig"),
        pod_name=name or socket.gethostname().lower(),
        pod_namespace=namespace,
        config_namespace=values.text("config-namespace") or namespace,
        leader_elect=values.text("leader-elect") != "false",
        lease_optional=values.text("leader-elect") == "auto",
        lease_timeout=values.number("leader-elect-timeout"),
        lease_name=values.text("leader-elect-lease-name"),
    )


def _log(values: Values) -> LogConfig:
    level = values.text("log-level")
    return LogConfig(
        level=level if level in LEVELS else "INFO",
        level_key=values.text("log-level-key"),
        level_encoder=values.text("log-level-encoder"),
        file=values.text("log-file"),
        violations=values.text("log-violations"),
    )


def _unknown_level(values: Values) -> tuple[str, ...]:
    level = values.text("log-level")
    return () if level in LEVELS else (f"--log-level={level} is not one of {', '.join(LEVELS)}: INFO is used",)


def _unused_operations(values: Values) -> tuple[str, ...]:
    unused = [name for name in values.words("operation") if name not in OPERATIONS]
    if "operation" not in values.given or not unused:
        return ()
    return (f"--operation={','.join(unused)} has no effect: this program performs {' and '.join(OPERATIONS)}",)


def _ready_max_age(values: Values) -> int:
    """Left alone, it does not call a long interval a failure."""
    seconds = values.number("ready-max-age")
    return seconds if "ready-max-age" in values.given else max(seconds, 3 * values.number("audit-interval"))


def _serve(values: Values) -> ServeConfig:
    return ServeConfig(
        health_addr=values.text("health-addr"),
        prometheus_port=values.number("prometheus-port"),
        ready_max_age=_ready_max_age(values),
        shutdown_delay=values.number("shutdown-delay"),
    )
