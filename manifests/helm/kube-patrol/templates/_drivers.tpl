{{- /* The fields that the config of a Connection has, by its driver; those that have to be there first. */ -}}
{{- define "kube-patrol.drivers" -}}
disk:
  needed: [path, maxAuditResults]
  others: [closedConnectionTTL]
stdout: {}
http:
  needed: [url]
  others: [gzip, headers, mode, source, timeout, tls]
dapr:
  needed: [component]
  others: [bulk]
syslog:
  needed: [address]
  others: [enterpriseNumber, facility, timeout, tls]
kafka:
  needed: [brokers]
  others: [cloudEvents, compression, key, maxMessageBytes, sasl, timeout, tls, topic]
{{- end -}}

{{- /* Refuses what the program would refuse of a config: fields that the driver does not have or that are missing, and for disk what could be no folder or number. */ -}}
{{- define "kube-patrol.checked-config" -}}
{{- $driver := index . 0 -}}{{- $config := index . 1 -}}{{- $places := index . 2 -}}
{{- $fields := index (include "kube-patrol.drivers" . | fromYaml) $driver -}}
{{- $needed := $fields.needed | default list -}}
{{- $known := concat $needed ($fields.others | default list) (list "extended") | sortAlpha -}}
{{- range $name, $value := $config -}}
{{- if not (has $name $known) -}}
{{- fail (printf "%s.%s is no field of the driver %s: there are %s" (get $places $name) $name $driver (join ", " $known)) -}}
{{- end -}}
{{- end -}}
{{- range $name := $needed -}}
{{- $value := get $config $name -}}
{{- if or (not (hasKey $config $name)) (kindIs "invalid" $value) (eq (toString $value) "") -}}
{{- fail (printf "audit.exportConnection.%s is missing: the driver %s needs it" $name $driver) -}}
{{- end -}}
{{- end -}}
{{- if eq $driver "disk" -}}
{{- include "kube-patrol.checked-folder" (list (printf "%s.path" (get $places "path")) $config.path) -}}
{{- $results := $config.maxAuditResults -}}
{{- if or (kindIs "string" $results) (not (regexMatch "^[0-5]$" (toString $results))) -}}
{{- fail (printf "%s.maxAuditResults must be a whole number from 0 to 5, not %v" (get $places "maxAuditResults") $results) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Refuses a channel that could not be the folder in which disk puts the files of runs. */ -}}
{{- define "kube-patrol.checked-channel" -}}
{{- if or (not (regexMatch "^[^/\\n]+$" .)) (has . (list "." "..")) -}}
{{- fail (printf "audit.channel must be the name of one folder, without '/', for the driver disk, not %q" .) -}}
{{- end -}}
{{- end -}}

{{- /* Refuses, by the name of the value, what is not the absolute path of a folder. */ -}}
{{- define "kube-patrol.checked-folder" -}}
{{- $name := index . 0 -}}{{- $path := toString (index . 1) -}}
{{- if or (not (hasPrefix "/" $path)) (has ".." (splitList "/" $path)) (contains ":" $path) (eq (clean $path) "/") -}}
{{- fail (printf "%s must be the absolute path of a folder other than /, without '..' and ':', not %s" $name $path) -}}
{{- end -}}
{{- end -}}
