{{- /* Refuses what an API server would refuse of the Pod, or what would hide parts of it: volumes mounted at one place, names that are there twice. */ -}}
{{- define "kube-patrol.checked-pod" -}}
{{- $audit := .Values.audit -}}
{{- $mounts := list (list "the volume tmp" "/tmp") -}}
{{- $volumes := list (list "the chart" "tmp") -}}
{{- $containers := list (list "audit.containerName" $audit.containerName) -}}
{{- if eq (include "kube-patrol.driver" .) "disk" -}}
{{- $mounts = append $mounts (list "audit.exportVolumeMount.path" $audit.exportVolumeMount.path) -}}
{{- $volumes = append $volumes (list "audit.exportVolume" ($audit.exportVolume.name | default "tmp-violations")) -}}
{{- if not $audit.disableAuditSidecar -}}
{{- $sidecar := include "kube-patrol.sidecar" . | fromYaml -}}
{{- $containers = append $containers (list "audit.exportSidecar" ($sidecar.name | required "audit.exportSidecar.name is missing")) -}}
{{- end -}}
{{- end -}}
{{- with .Values.resultsDir -}}
{{- include "kube-patrol.checked-folder" (list "resultsDir" .) -}}
{{- $mounts = append $mounts (list "resultsDir" .) -}}
{{- $volumes = append $volumes (list "audit.resultsVolume" ($audit.resultsVolume.name | default "results")) -}}
{{- end -}}
{{- range .Values.extraVolumeMounts -}}{{- $mounts = append $mounts (list "extraVolumeMounts" (clean (toString .mountPath))) -}}{{- end -}}
{{- range .Values.extraVolumes -}}{{- $volumes = append $volumes (list "extraVolumes" .name) -}}{{- end -}}
{{- include "kube-patrol.checked-once" (list "volume is mounted at" $mounts) -}}
{{- include "kube-patrol.checked-once" (list "volume has the name" $volumes) -}}
{{- include "kube-patrol.checked-once" (list "container has the name" $containers) -}}
{{- end -}}

{{- /* Refuses pairs of a value's name and something that another one has, too. */ -}}
{{- define "kube-patrol.checked-once" -}}
{{- $what := index . 0 -}}{{- $taken := dict -}}
{{- range $pair := index . 1 -}}
{{- $key := clean (toString (index $pair 1)) -}}
{{- with get $taken $key -}}
{{- fail (printf "%s: another %s %s already, that of %s" (index $pair 0) $what $key .) -}}
{{- end -}}
{{- $_ := set $taken $key (index $pair 0) -}}
{{- end -}}
{{- end -}}
