{{- define "kube-patrol.name" -}}
{{- .Values.fullnameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "kube-patrol.account" -}}
{{- .Values.audit.serviceAccount.name | default (include "kube-patrol.name" .) -}}
{{- end -}}

{{- define "kube-patrol.image" -}}
{{- if eq .Values.image.repository "openpolicyagent/gatekeeper" -}}
{{- fail "image.repository: openpolicyagent/gatekeeper is the image of Gatekeeper, from a file of values for its chart; say where kube-patrol's is, as with --set image.repository=registry.example.com/kube-patrol,image.release=0.1.0" -}}
{{- end -}}
{{- .Values.image.repository -}}{{- with .Values.image.release -}}:{{ . }}{{- end -}}
{{- end -}}

{{- define "kube-patrol.labels" -}}
app.kubernetes.io/name: {{ include "kube-patrol.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kube-patrol.metadata" -}}
labels:
  {{- include "kube-patrol.labels" . | nindent 2 }}
{{- with .Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "kube-patrol.selector" -}}
app.kubernetes.io/name: {{ include "kube-patrol.name" . }}
control-plane: audit-controller
{{- end -}}
