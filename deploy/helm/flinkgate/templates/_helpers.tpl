{{/* What every object is found by. */}}
{{- define "flinkgate.selector" -}}
app.kubernetes.io/name: flinkgate
{{- end }}

{{- define "flinkgate.labels" -}}
{{ include "flinkgate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "flinkgate.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{/* The Secret that is mounted; none when Flinkgate keeps its certificates itself, over the API. */}}
{{- define "flinkgate.mountedSecret" -}}
{{- if eq .Values.certificates.mode "certManager" -}}
flinkgate-cert-manager
{{- else if eq .Values.certificates.mode "files" -}}
{{ .Values.certificates.files.secretName }}
{{- end -}}
{{- end }}
