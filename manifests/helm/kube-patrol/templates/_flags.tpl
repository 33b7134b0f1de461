{{- /* Values that are flags of patrol run, and as which; those of audit stand below. */ -}}
{{- define "kube-patrol.flags" -}}
auditChunkSize: audit-chunk-size
auditDebounce: audit-debounce
auditEventsInvolvedNamespace: audit-events-involved-namespace
auditEventsLimit: audit-events-limit
auditEventsOnChange: audit-events-on-change
auditFromCache: audit-from-cache
auditInterval: audit-interval
auditKindTimeout: audit-kind-timeout
auditMatchKindOnly: audit-match-kind-only
auditMemory: audit-memory
auditOnPolicyChange: audit-on-policy-change
auditOnStart: audit-on-start
auditTimeout: audit-timeout
clusterName: cluster-name
configNamespace: config-namespace
constraintViolationsLimit: constraint-violations-limit
defaultK8sNativeValidationFailurePolicy: default-k8s-native-validation-failure-policy
disabledBuiltins: disable-opa-builtin
emitAuditEvents: emit-audit-events
enableK8sNativeValidation: enable-k8s-native-validation
enableReferentialRules: enable-referential-rules
enabledBuiltins: enable-opa-builtin
evaluationBudget: evaluation-budget
evaluationTimeout: evaluation-timeout
exportFullInterval: export-full-interval
exportMode: export-mode
exportSpillDir: export-spill-dir
exportSpillLimit: export-spill-limit
exportSpillSync: export-spill-sync
kubeconfig: kubeconfig
leaderElect: leader-elect
leaderElectTimeout: leader-elect-timeout
logLevelEncoder: log-level-encoder
logLevelKey: log-level-key
logStatsAudit: log-stats-audit
logViolations: log-violations
manageCRDs: manage-crds
metricsBackends: metrics-backend
policyReportNames: policy-report-names
policyReports: policy-reports
policyReportsDetail: policy-reports-detail
policyTimeout: policy-timeout
readyMaxAge: ready-max-age
reportResults: report-results
reportTTL: report-ttl
reportWriters: report-writers
resultsCompress: results-compress
resultsDir: results-dir
resultsKeep: results-keep
shutdownDelay: shutdown-delay
templateTimeout: template-timeout
{{- end -}}

{{- define "kube-patrol.audit-flags" -}}
apiCacheDir: api-cache-dir
channel: audit-channel
connection: audit-connection
logFile: log-file
{{- end -}}

{{- /* One argument; numbers from files of values are floats, and must not become 1e+07. */ -}}
{{- define "kube-patrol.argument" -}}
{{- $flag := index . 0 -}}{{- $value := index . 1 -}}
{{- if kindIs "float64" $value }}{{ $value = int64 $value }}{{ end -}}
- {{ printf "--%s=%v" $flag $value | toJson }}
{{- end -}}

{{- define "kube-patrol.arguments" -}}
- run
{{- $groups := list (list .Values "kube-patrol.flags") (list .Values.audit "kube-patrol.audit-flags") }}
{{- range $group := $groups }}
{{- $values := index $group 0 }}
{{- range $name, $flag := include (index $group 1) $ | fromYaml }}
{{- if hasKey $values $name }}
{{- range $value := kindIs "slice" (index $values $name) | ternary (index $values $name) (list (index $values $name)) }}
{{- if not (kindIs "invalid" $value) }}
{{ include "kube-patrol.argument" (list $flag $value) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.audit.logLevel | default .Values.logLevel }}
{{ include "kube-patrol.argument" (list "log-level" .) }}
{{- end }}
{{- if .Values.enableViolationExport }}
- --enable-violation-export=true
{{- end }}
{{- if ne (int .Values.audit.healthPort) 9090 }}
- --health-addr=:{{ int .Values.audit.healthPort }}
{{- end }}
{{- if ne (int .Values.audit.metricsPort) 8888 }}
- --prometheus-port={{ int .Values.audit.metricsPort }}
{{- end }}
{{- if ne (include "kube-patrol.name" .) .Chart.Name }}
- --leader-elect-lease-name={{ include "kube-patrol.name" . }}
{{- end }}
{{- if and .Values.audit.disableAuditOperation .Values.audit.disableStatusOperation }}
{{- fail "audit.disableAuditOperation and audit.disableStatusOperation leave nothing to do; disableAudit: true takes the audit out of service" }}
{{- else if .Values.audit.disableStatusOperation }}
- --operation=audit
{{- else if .Values.audit.disableAuditOperation }}
- --operation=status
{{- end }}
{{- end -}}
