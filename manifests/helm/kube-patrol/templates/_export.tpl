{{- /* The driver that this chart makes a Connection for; nothing where that is the user's. Case does not count, as in Gatekeeper's chart. */ -}}
{{- define "kube-patrol.driver" -}}
{{- $driver := lower .Values.exportBackend -}}
{{- $drivers := include "kube-patrol.drivers" . | fromYaml -}}
{{- if and $driver (not (hasKey $drivers $driver)) -}}
{{- fail (printf "exportBackend: %s is no driver: there are %s" .Values.exportBackend (keys $drivers | sortAlpha | join ", ")) -}}
{{- end -}}
{{- if .Values.enableViolationExport }}{{ $driver }}{{ end -}}
{{- end -}}

{{- define "kube-patrol.connection" -}}
{{- .Values.audit.connection | default "audit-connection" -}}
{{- end -}}

{{- /* The config of the Connection. Fields of disk are left out for others, since a file of values may have them all the same. */ -}}
{{- define "kube-patrol.config" -}}
{{- $driver := include "kube-patrol.driver" . -}}
{{- $disk := eq $driver "disk" -}}
{{- $mount := clean .Values.audit.exportVolumeMount.path -}}
{{- if $disk -}}{{- include "kube-patrol.checked-folder" (list "audit.exportVolumeMount.path" .Values.audit.exportVolumeMount.path) -}}{{- end -}}
{{- $config := dict -}}
{{- $places := dict -}}
{{- $defaults := dict "path" (printf "%s/topics" $mount) "maxAuditResults" 3 -}}
{{- $audit := .Values.audit -}}
{{- range $each := list (list "exportConnection" $defaults) (list "exportConnection" $audit.exportConnection) (list "exportConfig" $audit.exportConfig) -}}
{{- range $name, $value := index $each 1 -}}
{{- if or $disk (not (has $name (list "path" "maxAuditResults" "closedConnectionTTL"))) -}}
{{- $_ := set $config $name $value -}}
{{- $_ := set $places $name (printf "audit.%s" (index $each 0)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $driver -}}{{- include "kube-patrol.checked-config" (list $driver $config $places) -}}{{- end -}}
{{- if and $disk (not (hasPrefix (printf "%s/" $mount) (printf "%s/" (clean $config.path)))) -}}
{{- fail (printf "%s.path: %s is not in the volume, which is mounted at %s (audit.exportVolumeMount.path)" $places.path $config.path $mount) -}}
{{- end -}}
{{- if and $disk (hasKey $audit "channel") -}}{{- include "kube-patrol.checked-channel" $audit.channel -}}{{- end -}}
{{- toYaml $config -}}
{{- end -}}

{{- /* The Secrets that may be read: those that the config of the chart's own Connection names, or for a Connection of the user's the one of the manifests. */ -}}
{{- define "kube-patrol.secrets" -}}
{{- $names := list -}}
{{- if not (include "kube-patrol.driver" .) -}}{{- $names = list "kube-patrol-export" -}}{{- end -}}
{{- $config := include "kube-patrol.config" . | fromYaml -}}
{{- $places := list $config.tls -}}
{{- range $within := list $config.sasl $config.headers -}}
{{- if kindIs "map" $within -}}{{- $places = concat $places (values $within) -}}{{- end -}}
{{- end -}}
{{- range $place := $places -}}
{{- if kindIs "map" $place -}}{{- with $place.secretName -}}{{- $names = append $names (toString .) -}}{{- end -}}{{- end -}}
{{- end -}}
{{- uniq $names | sortAlpha | toJson -}}
{{- end -}}

{{- /* A volume of a name that it has unless it is given, and an emptyDir unless something else is. */ -}}
{{- define "kube-patrol.volume" -}}
{{- $volume := deepCopy (index . 1) -}}
{{- if not (omit $volume "name") -}}{{- $_ := set $volume "emptyDir" dict -}}{{- end -}}
{{- $_ := set $volume "name" ($volume.name | default (index . 0)) -}}
{{- toYaml $volume -}}
{{- end -}}

{{- define "kube-patrol.sidecar" -}}
{{- $given := .Values.audit.exportSidecar -}}
{{- if $given.image -}}
{{- toYaml $given -}}
{{- else -}}
{{- $reader := include "kube-patrol.reader" . | fromYaml -}}
{{- toYaml (mergeOverwrite $reader $given) -}}
{{- end -}}
{{- end -}}

{{- define "kube-patrol.reader" -}}
name: reader
image: {{ include "kube-patrol.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [export, read, {{ (include "kube-patrol.config" . | fromYaml).path | quote }}]
resources:
  requests:
    cpu: 10m
    memory: 64Mi
  limits:
    cpu: 100m
    memory: 128Mi
securityContext:
  {{- toYaml .Values.audit.securityContext | nindent 2 }}
volumeMounts:
  - name: {{ .Values.audit.exportVolume.name | default "tmp-violations" }}
    mountPath: {{ .Values.audit.exportVolumeMount.path }}
    readOnly: true
{{- end -}}
