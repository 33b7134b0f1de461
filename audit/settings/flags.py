"""The one table of flags: parser, `--help`, environment variables and the README's table all read it.

Names and defaults are Gatekeeper's where it has the flag (compatibility, section 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audit.settings.flagtypes import (
    ADDRESS,
    ALL_OPERATIONS,
    BUILTINS,
    DECISION,
    DNS_LABEL,
    DNS_NAME,
    DURATION,
    ELECTION,
    ENCODER,
    FAILURE_POLICY,
    GUARDED_BUILTINS,
    INTEGER,
    LEVEL_KEY,
    LOGGED,
    MEMORY,
    METRICS_BACKENDS,
    OPERATIONS,
    PATH,
    PORT,
    SECONDS,
    STEPS,
    TEXT,
    TIME_LIMIT,
    TRUTH,
    UNSIGNED,
    WORDS,
    FlagType,
    Value,
)

AUDIT = "Audit"
POLICIES = "Policies"
CLUSTER = "Cluster"
LOGS = "Logs"
SERVING = "Health and metrics"
IGNORED = "Accepted for compatibility and ignored"
GROUPS = (AUDIT, POLICIES, CLUSTER, LOGS, SERVING, IGNORED)


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag. `variable` is the environment variable that sets it, `standard` one that others set too.

    A flag of the group IGNORED has no effect here.
    """

    name: str
    default: Value
    type: FlagType
    help: str
    group: str = IGNORED
    standard: str = ""

    @property
    def ignored(self) -> bool:
        """Whether the flag is accepted only so that the arguments of a Gatekeeper deployment keep working."""
        return self.group == IGNORED

    @property
    def variable(self) -> str:
        """`PATROL_AUDIT_INTERVAL` for `audit-interval`."""
        return "PATROL_" + VARIABLE_NAMES.get(self.name, self.name).upper().replace("-", "_")


# A Service named "patrol" makes Kubernetes set PATROL_PORT in every Pod of its namespace.
VARIABLE_NAMES = {"port": "webhook-port"}


FLAGS: tuple[Flag, ...] = (
    Flag("audit-interval", 60, SECONDS, "seconds between the starts of two runs; 0 turns auditing off", AUDIT),
    Flag("audit-on-start", True, TRUTH, "audit at once, not only after the first interval", AUDIT),
    Flag(
        "audit-on-policy-change",
        True,
        TRUTH,
        "watch templates, constraints, Config and SyncSets, and audit soon after they change, whatever the interval",
        AUDIT,
    ),
    Flag("audit-debounce", 5, SECONDS, "seconds after a change of policies within which an audit begins", AUDIT),
    Flag(
        "once",
        False,
        TRUTH,
        "audit once and exit: 0 complete, 1 failed, 3 with gaps, 4 not written, 5 no policies served, 6 interrupted",
        AUDIT,
    ),
    Flag("audit-chunk-size", 500, UNSIGNED, "objects asked for in one page; 0 asks for all at once", AUDIT),
    Flag("audit-match-kind-only", False, TRUTH, "list only kinds that some enforced constraint can match", AUDIT),
    Flag(
        "constraint-violations-limit",
        20,
        UNSIGNED,
        "violations kept in the status of one constraint; totals stay exact",
        AUDIT,
    ),
    Flag("api-cache-dir", "/tmp/audit", PATH, "where pages wait when evaluation is slow; made when missing", AUDIT),
    Flag(
        "audit-memory",
        0,
        MEMORY,
        "memory for pages on their way, and the same again for data.inventory; 0 is a third of what the container may use",
        AUDIT,
    ),
    Flag(
        "audit-kind-timeout",
        300,
        SECONDS,
        "seconds that the API server may take to list one kind, 60 of them for one page; 0 is no bound",
        AUDIT,
    ),
    Flag(
        "audit-timeout",
        1800,
        SECONDS,
        "seconds after which a run ends; kinds that were not listed by then are gaps; 0 is no bound",
        AUDIT,
    ),
    Flag("operation", ALL_OPERATIONS, OPERATIONS, "what this instance does: audit and status count here", AUDIT),
    Flag("enable-referential-rules", True, TRUTH, "allow templates that read data.inventory", POLICIES),
    Flag(
        "enable-k8s-native-validation",
        True,
        TRUTH,
        "evaluate CEL; a template with CEL and Rego is then answered by CEL",
        POLICIES,
    ),
    Flag(
        "default-k8s-native-validation-failure-policy",
        "Fail",
        FAILURE_POLICY,
        "for CEL templates without failurePolicy: whether an error is a violation",
        POLICIES,
    ),
    Flag("disable-opa-builtin", (), BUILTINS, "refuse templates that call this Rego builtin", POLICIES),
    Flag("enable-opa-builtin", (), GUARDED_BUILTINS, "allow http.send or net.lookup_ip_addr in templates", POLICIES),
    Flag(
        "template-timeout",
        "2s",
        TIME_LIMIT,
        "processor time that a template, or a constraint of it, may take to compile before it is refused; 0 is no limit",
        POLICIES,
    ),
    Flag(
        "evaluation-budget",
        10_000_000,
        STEPS,
        "steps that one policy may take for one object before it is stopped",
        POLICIES,
    ),
    Flag(
        "evaluation-timeout",
        "1s",
        TIME_LIMIT,
        "processor time that one policy may take for one object before it is stopped; 0 is no limit",
        POLICIES,
    ),
    Flag(
        "policy-timeout",
        "30s",
        TIME_LIMIT,
        "processor time that one constraint may take in a run, after which it keeps its last results; 0 is no limit",
        POLICIES,
    ),
    Flag(
        "manage-crds",
        "auto",
        DECISION,
        "create the CRDs of constraints: auto does unless another controller owns them",
        POLICIES,
    ),
    Flag("kubeconfig", "", TEXT, "kubeconfig file; in a Pod its service account is used without one", CLUSTER),
    Flag(
        "leader-elect",
        "true",
        ELECTION,
        "audit only while holding the Lease, so that replicas are safe; auto: without it where it cannot be had",
        CLUSTER,
    ),
    Flag(
        "leader-elect-timeout",
        60,
        SECONDS,
        "seconds for which the Lease may be refused before the program ends, or audits without it; 0 waits for ever",
        CLUSTER,
    ),
    Flag("leader-elect-lease-name", "kube-patrol", DNS_NAME, "name of the Lease in the Pod's namespace", CLUSTER),
    Flag("pod-name", "", DNS_NAME, "name in byPod and in the Lease; the host's name by default", CLUSTER, "POD_NAME"),
    Flag("pod-namespace", "gatekeeper-system", DNS_LABEL, "namespace of this Pod", CLUSTER, "POD_NAMESPACE"),
    Flag("config-namespace", "", DNS_LABEL, "namespace of the Config `config`; the Pod's by default", CLUSTER),
    Flag("debug-use-fake-pod", False, TRUTH, "run outside of a Pod, as `no-pod`", CLUSTER),
    Flag("shutdown-delay", 10, SECONDS, "seconds to leave in after the first SIGTERM", CLUSTER),
    Flag(
        "log-level",
        "INFO",
        TEXT,
        "DEBUG, INFO, WARNING or ERROR, anything else is INFO; violations are logged at each, always as JSON",
        LOGS,
    ),
    Flag("log-level-key", "level", LEVEL_KEY, "JSON key of the level", LOGS),
    Flag("log-level-encoder", "lower", ENCODER, "how the level is written", LOGS),
    Flag("log-violations", "all", LOGGED, "which violations get a line of their own; totals and gaps always do", LOGS),
    Flag("log-file", "", TEXT, "append to this file instead of writing to stderr", LOGS),
    Flag("health-addr", ":9090", ADDRESS, "address of /healthz and /readyz; 0 turns them off", SERVING),
    Flag(
        "ready-max-age",
        300,
        SECONDS,
        "seconds without an audit that came to its end after which /readyz is 503; three intervals when those are longer "
        "and the flag is not given; 0 turns that off",
        SERVING,
    ),
    Flag("prometheus-port", 8888, PORT, "port of /metrics; 0 turns it off", SERVING),
    Flag("metrics-backend", ("prometheus",), METRICS_BACKENDS, "where metrics go", SERVING),
    # What follows is accepted and ignored.
    Flag("audit-from-cache", False, TRUTH, "objects are always listed from the API server"),
    Flag("emit-audit-events", False, TRUTH, "a Kubernetes Event for each violation"),
    Flag("audit-events-involved-namespace", False, TRUTH, "Events in the namespace of the object"),
    Flag("log-stats-audit", False, TRUTH, "engine timings for each object"),
    Flag("enable-violation-export", False, TRUTH, "export of violations"),
    Flag("audit-connection", "audit-connection", TEXT, "Connection to export to"),
    Flag("audit-channel", "audit-channel", TEXT, "channel to export to"),
    Flag("enable-admission-violation-export", False, TRUTH, "export by the webhook"),
    Flag("enable-external-data", True, TRUTH, "external data providers"),
    Flag("external-data-provider-response-cache-ttl", "3m", DURATION, "cache of external data"),
    Flag("enable-generator-resource-expansion", True, TRUTH, "ExpansionTemplates"),
    Flag("disable-enforcementaction-validation", False, TRUTH, "webhook: accept any enforcementAction"),
    Flag("enable-remote-cluster", False, TRUTH, "statuses in another cluster than the policies"),
    Flag("readiness-retries", 0, INTEGER, "attempts to take in a policy before readiness"),
    Flag("crash-on-failure-fetching-expectations", False, TRUTH, "readiness of the webhook"),
    Flag("default-create-vap-for-templates", True, TRUTH, "ValidatingAdmissionPolicy generation"),
    Flag("default-create-vap-binding-for-constraints", True, TRUTH, "ValidatingAdmissionPolicy generation"),
    Flag("default-wait-for-vapb-generation", 30, INTEGER, "ValidatingAdmissionPolicy generation"),
    Flag("sync-vap-enforcement-scope", True, TRUTH, "ValidatingAdmissionPolicy generation"),
    Flag("metrics-addr", "0", TEXT, "a second metrics endpoint"),
    Flag("otlp-endpoint", "", TEXT, "OpenTelemetry metrics"),
    Flag("otlp-metric-interval", "10s", DURATION, "OpenTelemetry metrics"),
    Flag("stackdriver-only-when-available", False, TRUTH, "Stackdriver metrics"),
    Flag("stackdriver-metric-interval", "10s", DURATION, "Stackdriver metrics"),
    Flag("enable-pprof", False, TRUTH, "profiling of the Go program"),
    Flag("pprof-port", 6060, INTEGER, "profiling of the Go program"),
    Flag("exempt-namespace", (), WORDS, "webhook only; use a Config to exclude namespaces from the audit"),
    Flag("exempt-namespace-prefix", (), WORDS, "webhook only, as exempt-namespace"),
    Flag("exempt-namespace-suffix", (), WORDS, "webhook only, as exempt-namespace"),
    Flag("port", 443, INTEGER, "webhook server"),
    Flag("host", "", TEXT, "webhook server"),
    Flag("tls-min-version", "1.3", TEXT, "webhook server"),
    Flag("cert-dir", "/certs", TEXT, "webhook certificates"),
    Flag("cert-service-name", "gatekeeper-webhook-service", TEXT, "webhook certificates"),
    Flag("disable-cert-rotation", False, TRUTH, "webhook certificates"),
    Flag("enable-tls-healthcheck", False, TRUTH, "webhook certificates"),
    Flag("client-ca-name", "", TEXT, "webhook certificates"),
    Flag("client-cn-name", "kube-apiserver", TEXT, "webhook certificates"),
    Flag("validating-webhook-configuration-name", "gatekeeper-validating-webhook-configuration", TEXT, "webhook"),
    Flag("mutating-webhook-configuration-name", "gatekeeper-mutating-webhook-configuration", TEXT, "webhook"),
    Flag("additional-validating-webhook-configs-to-rotate-certs", "", TEXT, "webhook certificates"),
    Flag("additional-mutating-webhook-configs-to-rotate-certs", "", TEXT, "webhook certificates"),
    Flag("max-serving-threads", -1, INTEGER, "webhook"),
    Flag("log-denies", False, TRUTH, "webhook"),
    Flag("emit-admission-events", False, TRUTH, "webhook"),
    Flag("admission-events-involved-namespace", False, TRUTH, "webhook"),
    Flag("log-stats-admission", False, TRUTH, "webhook"),
    Flag("enable-mutation", False, TRUTH, "mutation"),
    Flag("log-mutations", False, TRUTH, "mutation"),
    Flag("mutation-annotations", False, TRUTH, "mutation"),
    Flag("logtostderr", False, TRUTH, "glog leftover"),
    Flag("alsologtostderr", False, TRUTH, "glog leftover"),
    Flag("stderrthreshold", "ERROR", TEXT, "glog leftover"),
    Flag("v", 0, INTEGER, "glog leftover"),
    Flag("vmodule", "", TEXT, "glog leftover"),
    Flag("log_backtrace_at", "", TEXT, "glog leftover"),
    Flag("log_dir", "", TEXT, "glog leftover"),
)

BY_NAME: Mapping[str, Flag] = {flag.name: flag for flag in FLAGS}


def rows(group: str) -> tuple[Flag, ...]:
    """The flags of one of GROUPS, in the table's order."""
    return tuple(flag for flag in FLAGS if flag.group == group)


def spelled(value: Value) -> str:
    """A value as one would write it after `=`; every operation there is as Gatekeeper's word for that."""
    if value == ALL_OPERATIONS:
        return "all"
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, tuple) else str(value)
