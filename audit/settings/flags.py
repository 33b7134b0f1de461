"""The one table of flags: parser, `--help`, environment variables and the README's table all read it.

Those that have an effect stand in audit/settings/config.py, where they go. Here are the others, which are accepted so
that the arguments of a Gatekeeper deployment keep working (compatibility, section 1).
"""

from __future__ import annotations

from collections.abc import Mapping

from audit.settings.config import (
    AuditConfig,
    ClusterConfig,
    EventsConfig,
    ExportConfig,
    LogConfig,
    PoliciesConfig,
    ResultsConfig,
    ServeConfig,
)
from audit.settings.flagtypes import DURATION, INTEGER, TEXT, TRUTH, WORDS
from audit.settings.reports import ReportsConfig
from audit.settings.rows import AnyFlag, Flag, rows

IGNORED = "Accepted for compatibility and ignored"

_ALWAYS: tuple[AnyFlag, ...] = (  # what they ask for is done in any case, and whoever gives them need not be warned
    Flag("audit-match-kind-only", False, TRUTH, "list only kinds that some enforced constraint can match: always so"),
)
_IGNORED: tuple[AnyFlag, ...] = (
    Flag("audit-from-cache", False, TRUTH, "objects are always listed from the API server"),
    Flag("log-stats-audit", False, TRUTH, "engine timings for each object"),
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

GROUPS: Mapping[str, tuple[AnyFlag, ...]] = {
    "Audit": (*(row for _, row in rows(AuditConfig)), *_ALWAYS),
    "Policies": tuple(row for _, row in rows(PoliciesConfig)),
    "Cluster": tuple(row for _, row in rows(ClusterConfig)),
    "Export": tuple(row for _, row in rows(ExportConfig)),
    "Logs": tuple(row for _, row in rows(LogConfig)),
    "Results": tuple(row for _, row in rows(ResultsConfig)),
    "Kubernetes Events": tuple(row for _, row in rows(EventsConfig)),
    "Policy reports": tuple(row for _, row in rows(ReportsConfig)),
    "Health and metrics": tuple(row for _, row in rows(ServeConfig)),
    IGNORED: _IGNORED,
}
FLAGS = tuple(row for group in GROUPS.values() for row in group)
BY_NAME: Mapping[str, AnyFlag] = {row.name: row for row in FLAGS}
IN_VAIN = frozenset(row.name for row in _IGNORED)
